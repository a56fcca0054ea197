/** Wires the Analyse page: the form asks, the API answers, the result column shows one of four things. */
import { ApiError, NotReady, ServerDown, ValidationProblem, predict } from "../api.js";
import { waitingTime } from "../format.js";
import "../elements/customer-card.js";
import "../elements/error-summary.js";
import "../elements/form-field.js";
import "../elements/status-notice.js";

const TITLE = document.title;
const KEPT = "What you typed is still here.";

const form = document.querySelector("#customer-form");
const fields = [...form.querySelectorAll("form-field")];
const fieldByName = new Map(fields.map((field) => [field.name, field]));
const submitButton = document.querySelector("#analyse-button");
const undoButton = document.querySelector("#undo-button");
const liveRegion = document.querySelector("#live-region");
const result = document.querySelector("#result");
const summary = document.querySelector("error-summary");
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
summary.addEventListener("field-chosen", (event) => fieldByName.get(event.detail.field)?.focus());
notice.addEventListener("retry", analyse);
document.querySelector("#example-button").addEventListener("click", fillExample);
document.querySelector("#example-answer-button").addEventListener("click", () => {
  fillExample();
  analyse();
});
undoButton.addEventListener("click", undoExample);

async function analyse() {
  if (isBusy) return;
  setBusy(true);
  const customer = customerOnForm();
  try {
    showAnswer({ prediction: await predict(customer), customerId: customer.customerId ?? "" });
  } catch (error) {
    showFailure(error);
  } finally {
    setBusy(false);
  }
}

function customerOnForm() {
  return Object.fromEntries(fields.map((field) => [field.name, field.sent]).filter(([, sent]) => sent !== ""));
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
  showErrors([]);
  show({ answer });
  card.focus();
}

function showFailure(error) {
  if (error instanceof ValidationProblem) {
    show({});
    showErrors(error.errors);
    return;
  }
  showErrors([]);
  show({ problem: describe(error) });
  document.title = `Error: ${TITLE}`;
  if (!(error instanceof ApiError)) console.error(error);
}

function show({ answer = null, problem = null }) {
  emptyState.hidden = answer !== null || problem !== null;
  card.answer = answer;
  notice.notice = problem;
}

function showErrors(errors) {
  const firstByField = new Map(errors.toReversed().map(({ field, message }) => [field, message]));
  for (const field of fields) field.error = firstByField.get(field.name) ?? null;
  document.title = errors.length ? `Error: ${TITLE}` : TITLE;
  const onForm = fields.filter((field) => firstByField.has(field.name)).map(({ name }) => name);
  const elsewhere = errors.filter(({ field }) => !fieldByName.has(field));
  summary.errors = [
    ...onForm.map((field) => ({ field, message: firstByField.get(field) })),
    ...elsewhere.map(({ message }) => ({ field: null, message })),
  ];
}

function describe(error) {
  if (error instanceof ServerDown) {
    return {
      title: "The server cannot be reached",
      sentences: [error.message, `${KEPT} Check the connection and that the service is running, then try again.`],
    };
  }
  if (error instanceof NotReady) {
    const wait = error.retryAfterSeconds ? `in ${waitingTime(error.retryAfterSeconds)}` : "in a few seconds";
    return { title: "The service is not ready", sentences: [error.message, `${KEPT} Try again ${wait}.`] };
  }
  const reason = error instanceof ApiError ? error.message : "The answer could not be shown on this page.";
  const quote = error.requestId ? [`If it happens again, give an operator this request id: ${error.requestId}`] : [];
  return { title: "There is no answer", sentences: [reason, `${KEPT} Try again.`, ...quote] };
}

function fillExample() {
  const values = fields.map((field) => field.value);
  for (const field of fields) field.value = field.example;
  showErrors([]);
  card.outdated = true;
  const wouldLose = values.some((value, index) => value !== "" && value !== fields[index].example);
  offerUndo(wouldLose ? values : null);
  liveRegion.textContent = "The form now holds an example customer";
}

function offerUndo(values) {
  valuesBeforeExample = values;
  undoButton.hidden = values === null;
}

function undoExample() {
  fields.forEach((field, index) => (field.value = valuesBeforeExample[index]));
  card.outdated = true;
  offerUndo(null);
  document.querySelector("#example-button").focus();
  liveRegion.textContent = "The form holds what you typed before";
}
