/** The cut-point a person tries: who would be called rightly and wrongly, as the slider moves. */
import { ApiError, ValidationProblem } from "../api.js";
import { FormQuestions } from "../form-questions.js";
import { LiveQuestion } from "../live-question.js";
import { confusionSentence, confusionTable, cutPointWords, decisionFigures } from "../model-figures.js";
import { readConfusion } from "../models-api.js";
import { remember } from "./models-view.js";
import "../elements/cut-point.js";
import "../elements/figure-list.js";
import "../elements/value-table.js";

const form = document.querySelector("#cut-form");
const questions = new FormQuestions(form, document.querySelector("error-summary"));
const control = document.querySelector("cut-point");
const failure = document.querySelector("#cut-failure");
const question = new LiveQuestion(({ chosen, text }) => readConfusion(chosen, text), { onAnswer, onFailure });

let version = null;
let listener = () => {};
let isTouched = false;

form.addEventListener("input", () => (isTouched = true));
control.addEventListener("cut-point-slid", ({ detail }) => ask(detail.value));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(String(questions.sent.cut_point ?? ""));
});

/**
 * Show the confusion matrix of a version, at the cut-point of the address or the one in use.
 * @param {{model: string, version: string}} chosen
 * @param {{cutPoint: string}} view
 * @returns {{listen: (heard: (cutPoint: number) => void) => void, take: (cutPoint: number) => void}} `listen` names who
 *   hears of each cut-point that is shown
 */
export function showCutPoint(chosen, view) {
  version = chosen;
  listener = () => {};
  isTouched = false;
  ask(view.cutPoint, { isFirst: true });
  return { listen: (heard) => (listener = heard), take };
}

function take(cutPoint) {
  control.value = cutPointWords(cutPoint);
  ask(control.value);
}

function ask(text, { isFirst = false } = {}) {
  question.put({ chosen: version, text, isFirst }, 0);
}

function onAnswer(confusion, { text, isFirst }) {
  // The page has another form, whose sentences are not this one's to take away.
  if (questions.hasErrors) questions.errors = [];
  failure.textContent = "";
  // What has been typed or slid meanwhile is newer than this answer.
  if (isFirst ? !isTouched : text === "" && control.value === "") control.value = text || cutPointWords(confusion.cut_point);
  document.querySelector("#confusion-message").textContent = confusionSentence(confusion);
  document.querySelector("#confusion-intervals").textContent = confusion.intervals ?? "";
  document.querySelector("#confusion-table").table = confusionTable(confusion);
  document.querySelector("#confusion-figures").figures = decisionFigures(confusion.figures).filter(Boolean);
  if (!isFirst) remember({ cutPoint: text });
  listener(confusion.cut_point);
}

function onFailure(error, { text, isFirst }) {
  if (isFirst && !isTouched) control.value = text;
  if (error instanceof ValidationProblem) {
    questions.errors = error.errors;
    return;
  }
  failure.textContent = `The counts could not be loaded. ${error.message}`;
  if (!(error instanceof ApiError)) console.error(error);
}
