/** What an explanation says, as a person reads it. Pure: no DOM, no network. */
import { money, percent } from "./format.js";

const MINUS = "\u2212";
const amount = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

/**
 * Write a field's value.
 * @param {number | string | null} value a number, "yes" or "no"; null where it was not given
 * @param {string} [unit]
 * @returns {string}
 */
export function valueWords(value, unit = "") {
  if (value === null || value === undefined) return "not given";
  if (typeof value === "string") return value;
  const named = value === 1 ? unit.replace(/^(\w+)s\b/, "$1") : unit;
  return [amount.format(value), named].filter(Boolean).join(" ");
}

/**
 * Write a step on the forest's scale with its direction.
 * @param {number} contribution
 * @returns {string} "+0.31", "\u22120.04"; "0.00" for a step too small to show
 */
export function signed(contribution) {
  const text = Math.abs(contribution).toFixed(2);
  if (Number(text) === 0) return text;
  return `${contribution > 0 ? "+" : MINUS}${text}`;
}

/**
 * Say how the score adds up and what it means.
 * @param {{base: number, forest_score: number, churn_probability: number}} explanation
 * @returns {string}
 */
export function sumWords({ base, forest_score: score, churn_probability: probability }) {
  const start = `The forest starts at ${base.toFixed(2)}, and this customer’s values take it to ${score.toFixed(2)}.`;
  return `${start} A score of ${score.toFixed(2)} means ${percent(probability)} likely to leave.`;
}

/**
 * Say how the linear estimate of the lifetime value adds up, and what the answer shows instead where it differs.
 * @param {{base_usd: number, linear_clv_usd: number, estimated_clv: number}} clv
 * @returns {string}
 */
export function clvSumWords({ base_usd: base, linear_clv_usd: linear, estimated_clv: estimate }) {
  const sum = `The estimate starts at ${money(base)}, and this customer’s values take it to ${money(linear)}.`;
  return money(linear) === money(estimate) ? sum : `${sum} The answer shows ${money(estimate)}.`;
}
