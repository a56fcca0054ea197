/** Jobs in a person's words. Pure functions: no DOM, no clock, no network. A space that must not break is U+00A0. */
import { count, countOf, roughly, share } from "./batch-words.js";

const NBSP = "\u00a0";

const STATES = {
  queued: "Waiting to start",
  running: "Scoring",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
  interrupted: "Interrupted",
};
/** A job that reads a log of events; every other one scores a file of customers. */
const LOG = "events";
const FINAL = new Set(["done", "failed", "cancelled"]);
const NEXT_STEPS = {
  queued: "It starts by itself. You can leave this page and come back.",
  running: "You can leave this page and come back: the work goes on.",
  done: "",
  failed: "What was scored so far is kept. Upload the file again to score all of it.",
  cancelled: "What was scored so far is kept. Upload the file again to score all of it.",
  interrupted: "It goes on by itself from where it stopped. If it does not within a minute, tell an operator.",
};
const AGAIN = "What was read so far is kept. Load the log again to read the rest: nothing is stored twice.";
const LOG_STATES = { ...STATES, running: "Reading" };
const LOG_NEXT_STEPS = { ...NEXT_STEPS, failed: AGAIN, cancelled: AGAIN };

/** @param {{state: string, kind?: string}} job @returns {string} */
export function stateWord({ state, kind }) {
  return (kind === LOG ? LOG_STATES : STATES)[state] ?? state;
}

/** @param {{state: string}} job @returns {boolean} whether nothing will change any more */
export function isOver({ state }) {
  return FINAL.has(state);
}

/** @param {{state: string}} job @returns {string} what a person can do or expect now */
export function nextStep({ state, kind }) {
  return (kind === LOG ? LOG_NEXT_STEPS : NEXT_STEPS)[state] ?? "";
}

/** @param {object} job @returns {string} "5,000 of about 1,200,000 rows (0 %)" */
export function rowsDone({ state, rows_done, rows_known, rows_exact }) {
  if (state === "done") return `${countOf(rows_done, "row")} done`;
  if (rows_known === null) return `${countOf(rows_done, "row")} so far`;
  const known = Math.max(rows_known, rows_done);
  return `${count(rows_done)} of ${rows_exact ? "" : "about "}${countOf(known, "row")} (${share(rows_done, known)})`;
}

/** @param {object} job @returns {number | null} between 0 and 1; null while the whole is not known */
export function shareDone({ state, rows_done, rows_known }) {
  if (state === "done") return 1;
  if (rows_known === null) return FINAL.has(state) ? 0 : null;
  return rows_known > 0 ? Math.min(1, rows_done / rows_known) : 0;
}

/** @param {object} job @returns {string} "25,000 rows a second, about 50 seconds left"; empty when nothing moves */
export function paceOf(job) {
  if (isOver(job)) return "";
  const { rows_per_second: speed, seconds_left: left } = job;
  return [speed && `${countOf(roughly(speed), "row")} a second`, left !== null && timeLeft(left)].filter(Boolean).join(", ");
}

/** @param {object} job @returns {string} what goes into the list and to a screen reader */
export function outcomeOf({ kind, events, rows_scored, rows_rejected }) {
  const good = kind === LOG ? `${countOf(events.accepted, "event")} stored` : `${countOf(rows_scored, "row")} scored`;
  return rows_rejected ? `${good}, ${count(rows_rejected)} to correct` : good;
}

/** @param {object} job @returns {string} the page that shows it */
export function jobPage({ kind }) {
  return kind === LOG ? "/users.html" : "/batch.html";
}

/** @param {object} job @returns {string} how many rows a person has to correct, and how */
export function rejectedRows({ state, rows_rejected, rejections, errors_ready }) {
  if (rows_rejected === 0) return state === "done" ? "None: every row was scored." : "None so far.";
  const counted = countOf(rows_rejected, "row");
  if (!errors_ready) return `${counted} could not be scored so far.`;
  const several = rejections.reduce((sum, { rows }) => sum + rows, 0) > rows_rejected;
  const note = several ? " A row can have more than one reason." : "";
  const them = rows_rejected === 1 ? "it" : "them";
  return `${counted} could not be scored: correct ${them} in this file and upload it again.${note}`;
}

/** @param {object} job @returns {string[]} what else happened to the rows, one sentence each */
export function remarks(job) {
  const { rows_without_customer_id: nameless, duplicate_rows: doubles, rows_with_warnings: warned, blank_lines: blank } = job;
  return [
    nameless && `${countOf(nameless, "row")} without a customer id: scored, but not added to the customer list.`,
    doubles && `${countOf(doubles, "row")} with a customer id that is in the file more than once: the last one counts.`,
    warned && `${countOf(warned, "row")} scored with a warning: see the warnings column of the results.`,
    blank && `${countOf(blank, "blank line")} skipped.`,
    job.reasons && "The results say why for each row at Medium or High risk: see the reasons column.",
  ].filter(Boolean);
}

/** @param {number} seconds @returns {string} as coarse as such a forecast is */
export function timeLeft(seconds) {
  if (seconds < 5) return "a few seconds left";
  if (seconds < 55) return `about ${Math.ceil(seconds / 5) * 5} seconds left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 2) return "about a minute left";
  if (minutes < 90) return `about ${minutes} minutes left`;
  return `about ${Math.round(minutes / 60)} hours left`;
}

/** @param {number} part @param {number} total @returns {string} rounded; "0 %" and "100 %" mean none and all */
export function portion(part, total) {
  if (part === 0 || part === total) return share(part, total);
  const rounded = Math.round((part / total) * 100);
  if (rounded === 0) return `<${NBSP}1${NBSP}%`;
  return rounded === 100 ? `>${NBSP}99${NBSP}%` : `${rounded}${NBSP}%`;
}

/** @param {string} field wire name @returns {string} "Total day calls" for "totalDayCalls" */
export function wordsOf(field) {
  const words = field.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0].toUpperCase() + words.slice(1);
}
