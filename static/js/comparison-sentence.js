/** What changed values would do, in one sentence. Pure: no DOM. */
import { percent } from "./format.js";

/**
 * Compare two answers about one customer.
 * @param {{stored: {churn_probability: number}, changed: {churn_probability: number}}} answers
 * @returns {string}
 */
export function comparisonSentence({ stored, changed }) {
  const [from, to] = [percent(stored.churn_probability), percent(changed.churn_probability)];
  if (from === to) return `With these values the chance of leaving stays at ${to}.`;
  const moves = changed.churn_probability > stored.churn_probability ? "rises" : "falls";
  return `With these values the chance of leaving ${moves} from ${from} to ${to}.`;
}
