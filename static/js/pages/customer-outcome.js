/** Wires the outcome of a customer: what is recorded, and the form that records it. */
import { ApiError, ValidationProblem } from "../api.js";
import { today } from "../calendar.js";
import { recordOutcome } from "../customers-api.js";
import { FormQuestions } from "../form-questions.js";
import { outcomeWords } from "../outcome.js";
import { noticeOf } from "../notices.js";

const form = document.querySelector("#outcome-form");
const questions = new FormQuestions(form, document.querySelector("error-summary"));
const words = document.querySelector("#outcome-words");
const notice = document.querySelector("#outcome-notice");

let id = "";

form.addEventListener("submit", (event) => {
  event.preventDefault();
  record();
});
notice.addEventListener("retry", record);

/** Show what is known about a customer's staying. @param {object} customer the answer of GET /customers/{id} */
export function showOutcome({ id: customerId, outcome }) {
  id = customerId;
  words.textContent = outcome ? `${outcomeWords(outcome)}.` : "Not known.";
  document.querySelector("#date").max = today(Date.now());
  if (outcome) questions.values = [outcome.outcome, outcome.date];
}

async function record() {
  try {
    const customer = await recordOutcome(id, questions.sent);
    questions.errors = [];
    notice.notice = null;
    showOutcome(customer);
    document.querySelector("#outcome-details").open = false;
    document.querySelector("#live-region").textContent = "The outcome is recorded";
    document.querySelector("#outcome-heading").focus();
  } catch (error) {
    const isRefused = error instanceof ValidationProblem;
    questions.errors = isRefused ? error.errors : [];
    notice.notice = isRefused ? null : noticeOf(error, { kept: "What you typed is still here." });
    if (!(error instanceof ApiError)) console.error(error);
  }
}
