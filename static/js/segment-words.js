/** Segments in words and figures. Pure: no DOM, no clock. A space that must not break is U+00A0. */
import { money, percent, percentInterval, quantity } from "./format.js";
import { customersWords } from "./portfolio-words.js";

const NBSP = "\u00a0";

/**
 * Say whether the figures of the customers the segments were learned from are shown: too few scored ones have a segment.
 * @param {object} answer of GET /segments
 * @returns {boolean}
 */
export function isLearnedOnly({ figures: whose }) {
  return whose === "training";
}

/** The segments, the one with the most value at risk first. @param {object} answer of GET /segments */
export function ranked(answer) {
  const of = (segment) => figuresOf(segment, isLearnedOnly(answer)).value_at_risk_usd;
  return answer.segments.toSorted((one, other) => of(other) - of(one));
}

/**
 * The figures of a segment: what, how much, and what the figure covers.
 * @param {object} segment of GET /segments
 * @param {boolean} isLearned whether they are of the customers the segments were learned from
 * @returns {{label: string, figure: string, note: string}[]}
 */
export function figures(segment, isLearned) {
  const counted = figuresOf(segment, isLearned);
  return [
    { label: "Customers", figure: quantity(counted.customers), note: `${shareWords(counted.share)} of all${isLearned ? "" : " scored"}` },
    isLearned ? left(counted) : expected(counted),
    worth(counted),
    { label: "Value at risk", figure: money(counted.value_at_risk_usd), note: "in total" },
  ];
}

/** Say what customers of a segment did; empty before an outcome is recorded. @param {object} segment of GET /segments */
export function knownSentence({ portfolio: { observed } }) {
  const known = observed.churned + observed.stayed;
  return known ? `${quantity(observed.churned)} of the ${customersWords(known)} with a known outcome left.` : "";
}

/** Say how many customers have no segment, and why; empty when every one has. @param {object} answer of GET /segments */
export function unassignedSentence({ unassigned }) {
  if (!unassigned.customers) return "";
  const have = unassigned.customers === 1 ? "has" : "have";
  return `${customersWords(unassigned.customers)} ${have} no segment. ${unassigned.note}`;
}

/** Say how the segments were found; empty when they are rules. @param {object} answer of GET /segments */
export function methodSentence({ method, model, segments }) {
  if (method === "rules") return "";
  return `By k-means: ${quantity(segments.length)} groups of customers who are alike in usage and value, model ${model.name} version ${model.version}.`;
}

/** A counted share: nobody is exactly 0 %, everybody 100 %, unlike an estimate. @param {number} share between 0 and 1 */
export function shareWords(share) {
  if (share === 0 || share === 1) return `${share * 100}${NBSP}%`;
  return percent(share);
}

function figuresOf(segment, isLearned) {
  return isLearned ? segment.training : segment.portfolio;
}

function left({ churn_rate: rate }) {
  if (rate === null) return { label: "Churn rate", figure: "Not known", note: "" };
  return { label: "Churn rate", figure: shareWords(rate.value), note: percentInterval([rate.low, rate.high]) };
}

function expected({ mean_churn_probability: mean }) {
  if (mean === null) return { label: "Chance of leaving", figure: "Not known", note: "" };
  return { label: "Chance of leaving", figure: percent(mean), note: "on average" };
}

function worth({ mean_clv_usd: mean }) {
  if (mean === null) return { label: "Lifetime value", figure: "Not known", note: "" };
  return { label: "Lifetime value", figure: money(mean), note: "on average" };
}
