/** Wires a user's weeks: what the service says about them, drawn and as tables. */
import { ApiError } from "../api.js";
import { reasonOf } from "../notices.js";
import { dated } from "../user-words.js";
import { readTimeline } from "../users-api.js";
import "../elements/data-chart.js";
import "../elements/retry-note.js";

const note = document.querySelector("#timeline-note");
const waiting = document.querySelector("#timeline-waiting");
const charts = document.querySelector("#charts");

let shownId = "";

note.addEventListener("retry", () => showTimeline(shownId));

/** Show the weeks of a user. @param {string} id */
export async function showTimeline(id) {
  shownId = id;
  waiting.hidden = false;
  try {
    const timeline = await readTimeline(id);
    document.querySelector("#timeline-message").textContent = besideCharts(timeline);
    note.failure = null;
    charts.replaceChildren(...timeline.charts.map(() => document.createElement("data-chart")));
    timeline.charts.forEach((chart, place) => (charts.children[place].chart = withDates(chart)));
  } catch (error) {
    note.failure = `The weeks could not be worked out. ${reasonOf(error)}`;
    if (!(error instanceof ApiError)) console.error(error);
  }
  waiting.hidden = true;
}

/** What the charts say above themselves is not said twice. */
function besideCharts({ message, charts: drawn }) {
  return drawn.reduce((text, { title }) => text.replace(title, () => ""), message).trim();
}

function withDates(chart) {
  return { ...chart, x: { ...chart.x, categories: chart.x.categories.map(dated) } };
}
