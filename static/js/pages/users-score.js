/** Wires the four numbers: the form asks, the API answers, and the address keeps what was asked. */
import { ValidationProblem } from "../api.js";
import { FormQuestions } from "../form-questions.js";
import { scoreNumbers } from "../users-api.js";
import { viewAddress } from "../users-query.js";
import { announce, busyWhile, entitle, show, showNotice } from "./batch-stage.js";
import "../elements/user-card.js";

const KEPT = "What you typed is still here.";

const form = document.querySelector("#score-form");
const questions = new FormQuestions(form, document.querySelector("error-summary"));
const card = document.querySelector("#score-card");
const empty = document.querySelector("#score-empty");

/** Wire the form. */
export function wireScore() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    score();
  });
  form.addEventListener("input", () => (card.outdated = true));
  document.querySelector("#example-button").addEventListener("click", () => {
    questions.values = questions.fields.map(({ example }) => example);
    questions.errors = [];
    card.outdated = true;
    announce("The form now holds an example user");
  });
}

/** Show the form. @param {Record<string, string>} given the numbers of the address; all four are scored at once */
export function showScore(given) {
  entitle("Score four numbers");
  show("score-view");
  questions.fill(given);
  if (questions.fields.every(({ name }) => name in given)) score({ focus: false });
}

function score({ focus = true } = {}) {
  return busyWhile(document.querySelector("#score-button"), async () => {
    const numbers = questions.sent;
    announce("Scoring the user");
    try {
      const answer = await scoreNumbers(numbers);
      questions.errors = [];
      showNotice(null);
      history.replaceState(null, "", viewAddress("score", numbers));
      showCard({ answer, title: "This user" });
      if (focus) card.focus();
    } catch (error) {
      showFailure(error);
    }
    announce("");
  });
}

function showFailure(error) {
  showCard(null);
  const isRefused = error instanceof ValidationProblem;
  showNotice(isRefused ? null : error, { kept: KEPT, again: score });
  questions.errors = isRefused ? error.errors : [];
  if (!isRefused) document.title = `Error: ${document.title.replace(/^Error: /, "")}`;
  empty.hidden = !isRefused;
}

function showCard(answer) {
  card.answer = answer;
  empty.hidden = answer !== null;
}
