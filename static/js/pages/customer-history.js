/** Wires a customer's history: the line and its table hold the same predictions, the newest page first. */
import { ApiError } from "../api.js";
import { readModelCard, readPredictions } from "../customers-api.js";
import { noticeOf } from "../notices.js";
import { offerComparison } from "./customer-changes.js";
import "../elements/prediction-table.js";
import "../elements/probability-history.js";
import "../elements/status-notice.js";

const chart = document.querySelector("probability-history");
const table = document.querySelector("prediction-table");
const notice = document.querySelector("#history-notice");
const button = document.querySelector("#earlier-button");

let customer = null;
let predictions = [];
let next = null;
let cutPoints = [];

button.addEventListener("click", showMore);
notice.addEventListener("retry", showMore);

/** Show a customer's history from its newest page on. @param {object} shown the answer of GET /customers/{id} */
export async function showHistory(shown) {
  customer = shown;
  predictions = [];
  next = null;
  cutPoints = await cutPointsOf(customer.prediction.model.name);
  await showMore();
}

async function showMore() {
  try {
    const page = await readPredictions(customer.id, next);
    predictions = [...predictions, ...page.predictions];
    next = page.next;
    notice.notice = null;
    draw();
  } catch (error) {
    notice.notice = noticeOf(error);
    if (!(error instanceof ApiError)) console.error(error);
  }
}

function draw() {
  const points = predictions.toReversed().map(({ predicted_at: at, prediction }) => ({
    at,
    probability: prediction.churn_probability,
    tier: prediction.churn_risk,
  }));
  chart.history = { points, cutPoints };
  table.predictions = predictions;
  offerComparison(customer.id, predictions);
  // Hiding the button would drop the keyboard focus it holds.
  if (!next && document.activeElement === button) document.querySelector("#history-heading").focus();
  button.hidden = !next;
}

/** Where the tiers begin, from the card of the model; without it the line stands without bands. */
async function cutPointsOf(model) {
  try {
    const card = await readModelCard(model);
    return card.policy.tier_cut_points;
  } catch {
    return [];
  }
}
