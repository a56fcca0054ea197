/** Wires the Analyse page: the form asks, the API answers, the result column shows one of four things. */
import { ApiError, ValidationProblem, predict } from "../api.js";
import { FormQuestions, markTitle } from "../form-questions.js";
import { noticeOf } from "../notices.js";
import { loadPortfolio } from "./portfolio.js";
import { explainCard, forgetCard } from "./reasons.js";
import { begin, end } from "./what-if.js";
import "../elements/customer-card.js";
import "../elements/status-notice.js";

const KEPT = "What you typed is still here.";

const form = document.querySelector("#customer-form");
const questions = new FormQuestions(form, document.querySelector("error-summary"));
const submitButton = document.querySelector("#analyse-button");
const undoButton = document.querySelector("#undo-button");
const liveRegion = document.querySelector("#live-region");
const result = document.querySelector("#result");
const card = document.querySelector("customer-card");
const notice = document.querySelector("status-notice");
const emptyState = document.querySelector("#empty-state");

let isBusy = false;
let valuesBeforeExample = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  analyse();
});
form.addEventListener("input", () => {
  card.outdated = true;
  offerUndo(null);
});
notice.addEventListener("retry", analyse);
document.querySelector("#example-button").addEventListener("click", fillExample);
document.querySelector("#example-answer-button").addEventListener("click", () => {
  fillExample();
  analyse();
});
undoButton.addEventListener("click", undoExample);
document.querySelector("what-if-panel").addEventListener("values-taken", ({ detail }) => takeValues(detail.profile));

async function analyse() {
  if (isBusy) return;
  setBusy(true);
  const customer = questions.sent;
  try {
    const prediction = await predict(customer);
    showAnswer({ prediction, customerId: customer.customerId ?? "" });
    explore(prediction, customer);
    if (customer.customerId) loadPortfolio();
  } catch (error) {
    showFailure(error);
  } finally {
    setBusy(false);
  }
}

function setBusy(busy) {
  isBusy = busy;
  // Not `disabled`: a disabled button drops the keyboard focus.
  submitButton.setAttribute("aria-disabled", String(busy));
  submitButton.setAttribute("aria-busy", String(busy));
  submitButton.textContent = busy ? "Analyzing…" : "Analyze customer";
  result.setAttribute("aria-busy", String(busy));
  liveRegion.textContent = busy ? "Analyzing the customer" : "";
}

function showAnswer(answer) {
  questions.errors = [];
  show({ answer });
  card.focus();
}

/** What follows the answer and never stands in its way: the reasons, and values to try. */
function explore(prediction, profile) {
  explainCard(card, prediction.prediction_id);
  begin({ profile, model: prediction.model.name });
}

function showFailure(error) {
  if (error instanceof ValidationProblem) {
    show({});
    questions.errors = error.errors;
    return;
  }
  questions.errors = [];
  show({ problem: noticeOf(error, { kept: KEPT }) });
  markTitle(true);
  if (!(error instanceof ApiError)) console.error(error);
}

function show({ answer = null, problem = null }) {
  emptyState.hidden = answer !== null || problem !== null;
  card.answer = answer;
  if (!answer) {
    forgetCard();
    end();
  }
  notice.notice = problem;
}

function fillExample() {
  const values = questions.values;
  const examples = questions.fields.map((field) => field.example);
  questions.values = examples;
  questions.errors = [];
  card.outdated = true;
  const wouldLose = values.some((value, index) => value !== "" && value !== examples[index]);
  offerUndo(wouldLose ? values : null);
  liveRegion.textContent = "The form now holds an example customer";
}

/** Put values tried below into the form, ready to be analysed. */
function takeValues(profile) {
  questions.fill(profile);
  questions.errors = [];
  card.outdated = true;
  offerUndo(null);
  liveRegion.textContent = "The form holds the values that were tried";
  submitButton.focus();
}

function offerUndo(values) {
  valuesBeforeExample = values;
  undoButton.hidden = values === null;
}

function undoExample() {
  questions.values = valuesBeforeExample;
  card.outdated = true;
  offerUndo(null);
  document.querySelector("#example-button").focus();
  liveRegion.textContent = "The form holds what you typed before";
}

loadPortfolio();
