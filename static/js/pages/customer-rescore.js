/** Wires the profile of a customer and the question what would happen if it were another one. */
import { ApiError, ValidationProblem, predict } from "../api.js";
import { explain } from "../explanations-api.js";
import { FormQuestions, markTitle } from "../form-questions.js";
import { percent } from "../format.js";
import { leaveNews } from "../news.js";
import { noticeOf } from "../notices.js";
import "../elements/answer-comparison.js";
import "../elements/customer-card.js";
import "../elements/profile-list.js";
import "../elements/status-notice.js";

const KEPT = "What you typed is still here.";

const form = document.querySelector("#rescore-form");
const questions = new FormQuestions(form, document.querySelector("error-summary"));
const submitButton = document.querySelector("#rescore-button");
const resetButton = document.querySelector("#reset-button");
const storeButton = document.querySelector("#store-button");
const storePanel = document.querySelector("#store-panel");
const comparison = document.querySelector("answer-comparison");
const card = document.querySelector("#changed-card");
const notice = document.querySelector("#rescore-notice");

let customer = null;
let scored = null;
let isBusy = false;
let again = score;

form.addEventListener("input", outdate);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  score();
});
resetButton.addEventListener("click", () => {
  questions.values = storedTexts();
  questions.errors = [];
  outdate();
  submitButton.focus();
});
storeButton.addEventListener("click", store);
notice.addEventListener("retry", () => again());

/** Show the stored profile, as a list and in the form. @param {object} shown the answer of GET /customers/{id} */
export function showProfile(shown) {
  customer = shown;
  const texts = storedTexts();
  document.querySelector("profile-list").entries = questions.fields.map((field, place) => ({
    label: field.label,
    words: field.words(texts[place]),
  }));
  questions.fields.forEach((field, place) => (field.stored = texts[place]));
  questions.values = texts;
  countChanges();
}

/** Put values tried elsewhere into the form, ready to be scored and stored. @param {object} profile by wire name */
export function fillProfile(profile) {
  questions.fill(profile);
  questions.errors = [];
  outdate();
  document.querySelector("#live-region").textContent = "The form below holds the values that were tried";
  submitButton.focus();
}

function storedTexts() {
  return questions.fields.map(({ name }) => String(customer.profile[name] ?? ""));
}

function outdate() {
  countChanges();
  card.outdated = true;
  storePanel.hidden = true;
}

function countChanges() {
  const changed = questions.fields.filter((field) => field.isChanged).length;
  const words = ["No value is changed.", "1 value is changed."][changed] ?? `${changed} values are changed.`;
  document.querySelector("#changes").textContent = words;
  resetButton.hidden = changed === 0;
}

async function score() {
  again = score;
  const profile = questions.sent;
  await ask(submitButton, async () => {
    // Explaining stores nothing: the stored profile and its history stay as they are.
    const explained = await explain(profile);
    scored = profile;
    questions.errors = [];
    show(explained);
  });
}

async function store() {
  again = store;
  await ask(storeButton, async () => {
    const prediction = await predict({ ...scored, customerId: customer.id });
    leaveNews(`The new profile is stored: ${percent(prediction.churn_probability)} likely to leave.`);
    location.reload();
  });
}

async function ask(button, work) {
  if (isBusy) return;
  setBusy(button, true);
  try {
    await work();
  } catch (error) {
    showFailure(error);
  } finally {
    setBusy(button, false);
  }
}

function setBusy(button, busy) {
  isBusy = busy;
  // Not `disabled`: a disabled button drops the keyboard focus.
  button.setAttribute("aria-disabled", String(busy));
  button.setAttribute("aria-busy", String(busy));
  document.querySelector("#live-region").textContent = busy ? "Asking the service" : "";
}

function show({ answer, explanation }) {
  notice.notice = null;
  document.querySelector("#rescore-empty").hidden = true;
  comparison.answers = { stored: customer.prediction, changed: answer };
  card.answer = { prediction: answer, title: "With these values" };
  card.why = explanation;
  storePanel.hidden = false;
  comparison.focus();
}

function showFailure(error) {
  const isRefused = error instanceof ValidationProblem;
  questions.errors = isRefused ? error.errors : [];
  notice.notice = isRefused ? null : noticeOf(error, { kept: KEPT });
  if (isRefused) return;
  markTitle(true);
  if (!(error instanceof ApiError)) console.error(error);
}
