/** Wires the values to try: every move asks the service, and the newest answer is shown. Nothing is stored. */
import { ApiError, ValidationProblem } from "../api.js";
import { readModelCard } from "../customers-api.js";
import { closestChange, explain } from "../explanations-api.js";
import { LiveQuestion } from "../live-question.js";
import { reasonOf } from "../notices.js";
import "../elements/what-if-panel.js";

// Half-typed numbers are not worth a question.
const TYPING_MS = 350;

const section = document.querySelector("#what-if");
const panel = section.querySelector("what-if-panel");
const loading = section.querySelector("[data-part=loading]");
const loadingNote = section.querySelector("retry-note");
const question = new LiveQuestion(explain, { onAnswer: showOutcome, onFailure: showFailure });

let begun = null;
let start = null;
let moves = 0;

loadingNote.addEventListener("retry", () => begin(begun));
panel.addEventListener("retry", () => question.put(panel.profile, 0));
panel.addEventListener("values-moved", ({ detail }) => follow(detail));
panel.addEventListener("change-wanted", suggest);

/** Let a person move the values of a customer. @param {{profile: object, model: string}} customer values by wire name */
export async function begin(customer) {
  const profile = { ...customer.profile };
  // Without its id the customer is nobody: nothing that is tried could be taken for the customer's own.
  delete profile.customerId;
  begun = customer;
  moves += 1;
  question.drop();
  panel.start = null;
  loading.hidden = false;
  section.hidden = false;
  try {
    // Today's model answers for the start too, so that a difference is never one between two models.
    const [card, explained] = await Promise.all([readModelCard(customer.model), explain(profile)]);
    if (begun !== customer) return;
    start = explained;
    loadingNote.failure = null;
    panel.start = { profile, fields: card.fields };
    showOutcome(explained);
  } catch (error) {
    if (begun === customer) loadingNote.failure = `The values to try could not be loaded. ${told(error)}`;
  } finally {
    if (begun === customer) loading.hidden = true;
  }
}

/** Take the values to try away: there is no answer they could start from. */
export function end() {
  begun = null;
  question.drop();
  section.hidden = true;
}

function follow({ isTyped }) {
  moves += 1;
  panel.isBehind = true;
  suggestion().suggestion = null;
  question.put(panel.profile, isTyped ? TYPING_MS : undefined);
}

function showOutcome({ answer, explanation }) {
  panel.errors = [];
  panel.failure = null;
  panel.isBehind = false;
  panel.outcome = { start: start.answer, now: answer, explanation };
}

function showFailure(error) {
  const isRefused = error instanceof ValidationProblem;
  panel.outcome = null;
  panel.errors = isRefused ? error.errors : [];
  panel.failure = isRefused ? null : `There is no answer for these values. ${told(error)}`;
}

async function suggest() {
  const asked = moves;
  const place = suggestion();
  place.isBusy = true;
  try {
    const found = await closestChange(panel.profile);
    place.failure = null;
    if (asked === moves) place.suggestion = found;
  } catch (error) {
    if (error instanceof ValidationProblem) showFailure(error);
    else place.failure = `The search gave no answer. ${told(error)}`;
  } finally {
    place.isBusy = false;
  }
}

/** The element is made anew with every start. */
function suggestion() {
  return panel.querySelector("change-suggestion");
}

function told(error) {
  if (!(error instanceof ApiError)) console.error(error);
  return reasonOf(error);
}
