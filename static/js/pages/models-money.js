/** The money panel: what a person assumes, what calling would earn, and the cut-point to hand on. */
import { ApiError, ValidationProblem } from "../api.js";
import { FormQuestions } from "../form-questions.js";
import { cutPointWords } from "../model-figures.js";
import { policyAddress, readProfit } from "../models-api.js";
import { bestFigures, canTryBest, chartWithChoice, policyTable, saveRateSentence } from "../money-words.js";
import { remember } from "./models-view.js";
import "../elements/data-chart.js";
import "../elements/figure-list.js";
import "../elements/value-table.js";

const form = document.querySelector("#money-form");
const questions = new FormQuestions(form, document.querySelector("error-summary"));
const result = document.querySelector("#money-result");
const failure = document.querySelector("#money-failure");
const button = document.querySelector("#money-button");

let version = null;
let cut = null;
let cutPoint = null;
let answered = null;
let turn = 0;
const touched = new Set();

form.addEventListener("input", ({ target }) => touched.add(target.name));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(typedInputs(), { isFirst: false });
});
document.querySelector("#take-best").addEventListener("click", () => cut.take(answered.best.cut_point));

/**
 * @param {{model: string, version: string}} chosen
 * @param {{money: Record<string, string>}} view
 * @param {{listen: Function, take: Function}} cutPointControl as models-cut.js gives it
 */
export function showMoney(chosen, view, cutPointControl) {
  version = chosen;
  cut = cutPointControl;
  answered = null;
  result.hidden = true;
  cut.listen((value) => {
    cutPoint = value;
    showChoice();
  });
  touched.clear();
  ask(view.money, { isFirst: true });
}

async function ask(inputs, { isFirst }) {
  turn += 1;
  const mine = turn;
  button.setAttribute("aria-busy", "true");
  try {
    const profit = await readProfit(version, inputs);
    if (mine === turn) show(profit, inputs, isFirst);
  } catch (error) {
    if (mine === turn) showFailure(error, inputs, isFirst);
  } finally {
    if (mine === turn) button.setAttribute("aria-busy", "false");
  }
}

function show(profit, inputs, isFirst) {
  answered = profit;
  failure.textContent = "";
  if (questions.hasErrors) questions.errors = [];
  if (isFirst) fillUntouched(profit.inputs);
  else remember({ money: inputs });
  document.querySelector("#money-message").textContent = profit.message;
  document.querySelector("#save-rate-is").textContent = saveRateSentence(profit);
  document.querySelector("#best-figures").figures = bestFigures(profit);
  document.querySelector("#policy-table").table = policyTable(profit);
  result.hidden = false;
  showChoice();
}

/** The chosen cut-point beside the best one, in the chart and in the file to take along. */
function showChoice() {
  if (!answered || cutPoint === null) return;
  document.querySelector("#profit-chart").chart = chartWithChoice(answered.chart, cutPoint);
  const link = document.querySelector("#policy-link");
  link.href = policyAddress(version, answered.inputs, String(cutPoint));
  link.textContent = `Download the policy for ${cutPointWords(cutPoint)} (JSON)`;
  document.querySelector("#take-best").hidden = !canTryBest(answered, cutPoint);
}

/** What is typed, as the service reads it; a range that is left empty follows the save rate. */
function typedInputs() {
  return Object.fromEntries(Object.entries(questions.sent).map(([name, value]) => [name, String(value)]));
}

/** What has been typed meanwhile is newer than the answer. */
function fillUntouched(inputs) {
  questions.fill(Object.fromEntries(Object.entries(inputs).filter(([name]) => !touched.has(name))));
}

function showFailure(error, inputs, isFirst) {
  if (isFirst) fillUntouched(inputs);
  if (error instanceof ValidationProblem) {
    questions.errors = error.errors;
    return;
  }
  failure.textContent = `The profit could not be worked out. ${error.message}`;
  if (!(error instanceof ApiError)) console.error(error);
}
