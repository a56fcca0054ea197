/** The message of a customer's history in one sentence. Pure: no DOM, no clock. */
import { day, moment } from "./calendar.js";
import { percent } from "./format.js";

/**
 * Say where the chance of leaving went.
 * @param {{at: string, probability: number}[]} points oldest first
 * @returns {string}
 */
export function historySentence(points) {
  const [first, last] = [points[0], points.at(-1)];
  if (!last) return "There is no prediction yet.";
  if (points.length === 1) {
    return `One prediction so far: ${percent(last.probability)} likely to leave, on ${day(last.at)}. A line appears with the second one.`;
  }
  const [from, to] = [percent(first.probability), percent(last.probability)];
  const [start, end] = spanWords(points);
  if (from === to) return `The chance of leaving is ${to} as it was at first${start && `, on ${start}`}.`;
  const moved = last.probability > first.probability ? "rose" : "fell";
  return `The chance of leaving ${moved} from ${from}${start && ` on ${start}`} to ${to} on ${end}.`;
}

/**
 * Name the first and the last moment of a history, by the clock where they share a day.
 * @param {{at: string}[]} points oldest first
 * @returns {[string, string]} the first is empty where both read the same
 */
export function spanWords(points) {
  const [first, last] = [points[0].at, points.at(-1).at];
  const write = day(first) === day(last) ? moment : day;
  return [write(first) === write(last) ? "" : write(first), write(last)];
}
