/** Whether a customer stayed or left, in words. Pure: no DOM, no clock. */
import { day } from "./calendar.js";

/**
 * Say a recorded outcome.
 * @param {{outcome: string, date: string}} recorded
 * @returns {string} "Left on 1 Nov 2026"
 */
export function outcomeWords({ outcome, date }) {
  return outcome === "churned" ? `Left on ${day(date)}` : `Stayed, known on ${day(date)}`;
}
