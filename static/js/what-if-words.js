/** What moved values would do, in words. Pure: no DOM. */
import { money, percent } from "./format.js";

/**
 * Say how likely the customer would leave, and how far that is from the start.
 * @param {{churn_probability: number}} start the answer for the starting values
 * @param {{churn_probability: number}} now the answer for the values tried
 * @returns {[string, string]} the percentage, and the rest: "likely to leave, 12 points less"
 */
export function chanceWords(start, now) {
  const points = wholePercent(now.churn_probability) - wholePercent(start.churn_probability);
  return [percent(now.churn_probability), `likely to leave, ${pointWords(points)}`];
}

/**
 * Say what the customer would be worth, and how far that is from the start.
 * @param {{estimated_clv: number}} start
 * @param {{estimated_clv: number}} now
 * @returns {[string, string]} the amount, and the rest: "$1,120 less"
 */
export function worthWords(start, now) {
  const difference = Math.round(now.estimated_clv) - Math.round(start.estimated_clv);
  const rest = difference === 0 ? "as at the start" : `${money(Math.abs(difference))} ${moreOrLess(difference)}`;
  return [money(now.estimated_clv), rest];
}

/**
 * Say a difference of two percentages as they are shown.
 * @param {number} points whole percentage points
 * @returns {string} "12 points less", "1 point more"
 */
export function pointWords(points) {
  if (points === 0) return "as at the start";
  const size = Math.abs(points);
  return `${size} ${size === 1 ? "point" : "points"} ${moreOrLess(points)}`;
}

/**
 * Round as `percent` shows it, so that a difference agrees with the two figures beside it.
 * @param {number} probability
 * @returns {number} "< 1 %" counts as 0 and "> 99 %" as 100
 */
export function wholePercent(probability) {
  if (probability < 0.01) return 0;
  return probability > 0.99 ? 100 : Math.round(probability * 100);
}

function moreOrLess(difference) {
  return difference > 0 ? "more" : "less";
}
