/** Wires why a customer's score moved: the two latest predictions, or the two that are chosen in the history. */
import { ApiError } from "../api.js";
import { readChanges } from "../explanations-api.js";
import { reasonOf } from "../notices.js";
import "../elements/change-story.js";
import "../elements/prediction-table.js";
import "../elements/retry-note.js";

const ORDER = "Choose a later prediction as \u201cafter\u201d than as \u201cbefore\u201d.";
const WAITING = "Working out what moved the chance of leaving…";
const SINGLE = "There is one prediction so far. With the second one, this says what moved the chance of leaving.";

const table = document.querySelector("prediction-table");
const story = document.querySelector("change-story");
const hint = document.querySelector("#changes-hint");
const note = document.querySelector("#changes-note");

let customerId = "";
let ids = [];
let shown = "";

table.addEventListener("predictions-compared", compare);
note.addEventListener("retry", compare);

/** Compare the two latest predictions, unless others are chosen. @param {string} id the customer's @param {object[]} predictions newest first */
export function offerComparison(id, predictions) {
  customerId = id;
  ids = predictions.map(({ prediction }) => prediction.prediction_id);
  const { before, after } = table.compared;
  if (ids.length > 1 && !(ids.includes(before) && ids.includes(after))) table.compared = { before: ids[1], after: ids[0] };
  compare();
}

async function compare() {
  const { before, after } = table.compared;
  const pair = `${before} ${after}`;
  const isOrdered = ids.indexOf(before) > ids.indexOf(after);
  story.hidden = pair !== shown;
  say(ids.length < 2 ? SINGLE : isOrdered ? "" : ORDER);
  if (ids.length < 2 || !isOrdered || pair === shown) return;
  shown = pair;
  say(WAITING);
  try {
    show(pair, await readChanges(customerId, { from: before, to: after }));
  } catch (error) {
    show(pair, null, `Why it moved could not be worked out. ${reasonOf(error)}`);
    if (!(error instanceof ApiError)) console.error(error);
  }
}

function show(pair, changes, failure = null) {
  // Another two were chosen in the meantime.
  if (pair !== shown) return;
  if (failure !== null) shown = "";
  say("");
  note.failure = failure;
  story.changes = changes;
}

function say(sentence) {
  hint.textContent = sentence;
  hint.hidden = sentence === "";
}
