/** Logs of events in a person's words. Pure functions: no DOM, no clock, no network. */
import { count, countOf, estimatedRows, fileSize } from "./batch-words.js";
import { portion } from "./job-words.js";

const SAMPLES_SHOWN = 3;
const LONGEST_SAMPLE = 28;
/**
 * Say how large a log is.
 * @param {number} bytes @param {{rows_estimate: number, rows_exact?: boolean}} preview
 * @returns {string} "12.3 MB, about 280,000 rows"
 */
export function logSize(bytes, preview) {
  return `${fileSize(bytes)}, ${estimatedRows(preview)}`;
}

/** @param {{rows: number, accepted: number} | null} trial @returns {string} */
export function logTrialSentence(trial) {
  if (!trial?.rows) return "No row could be tried: check how the log is read.";
  const { rows, accepted } = trial;
  if (accepted === rows) return rows === 1 ? "The first row is an event." : `All of the first ${countOf(rows, "row")} are events.`;
  if (accepted === 0) return `None of the first ${countOf(rows, "row")} could be read as an event.`;
  return `Of the first ${countOf(rows, "row")}, ${count(accepted)} are events and ${count(rows - accepted)} would be reported.`;
}

/** @param {string[]} samples values of a column @returns {string} the first ones, each cut where it is long */
export function samplesWords(samples) {
  const cut = (text) => (text.length > LONGEST_SAMPLE ? `${text.slice(0, LONGEST_SAMPLE)}…` : text);
  return samples.slice(0, SAMPLES_SHOWN).map(cut).join(", ");
}

/**
 * Guess how times are written.
 * @param {string[]} samples values of the column that holds them
 * @returns {"iso" | "s" | "ms" | "us"} by the length of their numbers; dates without a sample
 */
export function unitOf([sample = ""]) {
  const digits = /^(\d+)(\.\d*)?$/.exec(sample)?.[1].length;
  if (!digits) return "iso";
  return digits > 14 ? "us" : digits > 11 ? "ms" : "s";
}

/**
 * What each column of a log holds.
 * @param {{columns: {name: string, samples: string[], field: string | null}[], fields: {field: string, label: string}[]}} preview
 * @returns {string[][]} its name, its first values, and what it is read as
 */
export function columnRows({ columns, fields }) {
  const labels = new Map(fields.map(({ field, label }) => [field, label]));
  return columns.map(({ name, samples, field }) => [name, samplesWords(samples), labels.get(field) ?? "Not used"]);
}

/** @param {string[]} columns @returns {string} why a log cannot be read as it was chosen */
export function missingSentence(columns) {
  return `Read like this, the log needs ${countOf(columns.length, "column")} that it does not have: ${columns.join(", ")}.`;
}

/**
 * Say whose the events without a user id are.
 * @param {{accepted: number, identified: number | null, unidentified: {events: number}[]}} report
 * @returns {string}
 */
export function identitySentence({ accepted, identified, unidentified }) {
  if (identified === null) return "Counted when the whole log is read: a later row can say whose an event is.";
  const left = unidentified.reduce((sum, { events }) => sum + events, 0);
  const blank = identified + left;
  if (blank === 0) return accepted ? "Every new event came with a user id." : "No new event.";
  const found = identified === 0 ? "none" : count(identified);
  const all = left === 0 ? "each" : found;
  const came = `${countOf(blank, "event")} of this log came without a user id`;
  if (blank === 1) return `${came}: ${left ? "it stays without one" : "its session says whose it is"}.`;
  return left === 0
    ? `${came}: ${all} of them was given to a user by its session.`
    : `${came}: ${all} of them could be given to a user by its session, ${count(left)} stay without one.`;
}

/**
 * Where each row of a log went.
 * @param {{rows_done: number, rows_rejected: number, events: {accepted: number, duplicates: number}}} job
 * @returns {{name: string, rows: string, part: string}[]}
 */
export function rowFates({ rows_done, rows_rejected, events }) {
  const fates = [
    ["Stored as new events", events.accepted],
    ["Stored before, left out", events.duplicates],
    ["To correct", rows_rejected],
  ];
  return fates.map(([name, rows]) => ({ name, rows: count(rows), part: rows_done ? portion(rows, rows_done) : "" }));
}

/** @param {{users: number | null}} report @returns {string} */
export function usersSentence({ users }) {
  if (users === null) return "";
  if (users === 0) return "No user has new events.";
  return `${countOf(users, "user has", "users have")} new events and ${users === 1 ? "is" : "are"} scored again.`;
}

/** @param {{rows_rejected: number, errors_ready: boolean, state: string}} job @returns {string} */
export function rejectedSentence({ rows_rejected, errors_ready, state }) {
  if (rows_rejected === 0) return state === "done" ? "None: every row could be read." : "None so far.";
  const counted = `${countOf(rows_rejected, "row")} could not be read as an event`;
  if (!errors_ready) return `${counted} so far.`;
  return `${counted}: this file names ${rows_rejected === 1 ? "it" : "each"} with its line and what is wrong.`;
}
