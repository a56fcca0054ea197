/** Wires why a stored answer is what it is: the reasons in its card, and value by value below. */
import { ApiError } from "../api.js";
import { clvChart, scoreChart } from "../contribution-chart.js";
import { explainPrediction } from "../explanations-api.js";
import { reasonOf } from "../notices.js";
import "../elements/customer-card.js";
import "../elements/data-chart.js";

const breakdown = document.querySelector("#breakdown");

let card = null;
let asked = null;

/** Explain the prediction that a card shows. The card stands already: nothing here may take it away. */
export async function explainCard(shown, predictionId) {
  if (card !== shown) shown.addEventListener("retry", ask);
  card = shown;
  asked = predictionId;
  breakdown.hidden = true;
  card.leads = ["what-if"];
  await ask();
}

/** Forget the prediction: its card is gone. */
export function forgetCard() {
  asked = null;
  breakdown.hidden = true;
}

async function ask() {
  const id = asked;
  card.why = { isWaiting: true };
  try {
    const explained = await explainPrediction(id);
    if (id !== asked) return;
    showBreakdown(explained);
    card.leads = ["what-if", breakdown.id];
    card.why = explained.explanation;
  } catch (error) {
    if (id !== asked) return;
    card.why = { failure: `The reasons could not be worked out. ${reasonOf(error)}` };
    if (!(error instanceof ApiError)) console.error(error);
  }
}

function showBreakdown({ explanation, clv }) {
  breakdown.querySelector("#score-chart").chart = scoreChart(explanation);
  const value = breakdown.querySelector("#clv-chart");
  const absent = breakdown.querySelector("#clv-absent");
  value.hidden = clv === null;
  absent.hidden = clv !== null;
  if (clv) value.chart = clvChart(clv);
  breakdown.hidden = false;
}
