/** Why a customer's chance of leaving moved, in words and rows. Pure: no DOM. */
import { moment } from "./calendar.js";
import { signed, valueWords } from "./explanation-words.js";
import { percent } from "./format.js";

const SMALLEST = 0.005;

/**
 * Name the two predictions that are compared.
 * @param {{before: object, after: object}} changes the answer of GET /customers/{id}/changes
 * @returns {string}
 */
export function spanSentence({ before, after }) {
  const told = ({ predicted_at: at, churn_probability: probability }) => `${percent(probability)} on ${moment(at)}`;
  return `From ${told(before)} to ${told(after)}.`;
}

/**
 * Write a difference of two probabilities in points, as exact as it takes for the parts to add up before the eye.
 * @param {number} change
 * @returns {string} "+12.4 points"
 */
export function pointsChange(change) {
  const points = Math.abs(change * 100).toFixed(1);
  if (Number(points) === 0) return "0.0 points";
  return `${change > 0 ? "+" : "\u2212"}${points} points`;
}

/**
 * Lay out the two parts and their sum. What the minutes decide, which of the two models answers, is called so.
 * @param {object} changes
 * @returns {{name: string, points: string, score: string}[]}
 */
export function partRows(changes) {
  const row = (name, part) => ({ name, points: pointsChange(part.probability_change), score: signed(part.score_change) });
  return [
    row("The customer changed", changes.customer_changed),
    row(modelName(changes), changes.model_changed),
    row("Together", changes),
  ];
}

/**
 * Lay out every value that changed or counts differently, the largest effect first.
 * @param {object} changes
 * @returns {{label: string, before: string, after: string, customer: string, model: string}[]}
 */
export function valueRows({ customer_changed: ofCustomer, model_changed: ofModel }) {
  const byModel = new Map(ofModel.contributions.map(({ field, contribution }) => [field, contribution]));
  const known = new Set(ofCustomer.contributions.map(({ field }) => field));
  const all = [
    { label: "Starting score", contribution: 0, model: ofModel.base_change ?? 0 },
    ...ofCustomer.contributions.map((change) => ({ ...change, model: byModel.get(change.field) ?? 0 })),
    ...ofModel.contributions.filter(({ field }) => !known.has(field)).map(modelOnly),
  ];
  const size = ({ contribution, model }) => Math.abs(contribution) + Math.abs(model);
  return all
    .filter((change) => change.before !== change.after || size(change) >= SMALLEST)
    .toSorted((one, other) => size(other) - size(one))
    .map(({ label, unit, before, after, contribution, model }) => ({
      label,
      before: before === undefined ? "" : valueWords(before, unit),
      after: after === undefined ? "" : valueWords(after, unit),
      customer: signed(contribution),
      model: signed(model),
    }));
}

function modelName({ before, after, customer_changed: { model: common } }) {
  if (before.model.name === after.model.name) return "The model changed";
  // The model that can read the customer both times is the one without minutes.
  return before.model.name === common.name ? "The minutes became known" : "The minutes are no longer known";
}

function modelOnly({ contribution, ...named }) {
  return { ...named, contribution: 0, model: contribution };
}
