/** What changed values would do, in one sentence. Pure: no DOM. */
import { percent } from "./format.js";

/**
 * Compare two answers about one customer; where two model versions gave them, that is said too.
 * @param {{stored: object, changed: object}} answers two answers of the service
 * @returns {string}
 */
export function comparisonSentence({ stored, changed }) {
  const [before, now] = [stored, changed].map(({ model }) => `${model.name} ${model.version}`);
  const moved = movedSentence({ stored, changed });
  return before === now ? moved : `${moved} A part of that is the model: ${now} instead of ${before}.`;
}

function movedSentence({ stored, changed }) {
  const [from, to] = [percent(stored.churn_probability), percent(changed.churn_probability)];
  if (from === to) return `With these values the chance of leaving stays at ${to}.`;
  const moves = changed.churn_probability > stored.churn_probability ? "rises" : "falls";
  return `With these values the chance of leaving ${moves} from ${from} to ${to}.`;
}
