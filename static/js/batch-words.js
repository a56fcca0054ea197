/** Files and counts in a person's words. Pure functions: no DOM, no clock, no network. A space that must not break is U+00A0. */

const NBSP = "\u00a0";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });
const SIZES = ["bytes", "KB", "MB", "GB"];

const DELIMITERS = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars" };
const ENCODINGS = { "utf-8": "UTF-8", "utf-16": "UTF-16", "windows-1252": "Windows-1252" };
const FOUND = {
  name: "matched by name",
  "classic name": "matched by its usual name",
  likeness: "similar name: check it",
  content: "guessed from its values: check it",
};

/** @param {number} number @returns {string} with thousands separators */
export function count(number) {
  return whole.format(number);
}

/** @param {number} number @param {string} one @param {string} [many] @returns {string} "1 row", "1,200 rows" */
export function countOf(number, one, many = `${one}s`) {
  return `${count(number)}${NBSP}${number === 1 ? one : many}`;
}

/** @param {number} number @returns {number} to three digits: an estimate does not know more */
export function roughly(number) {
  return Number(number.toPrecision(3));
}

/** @param {number} bytes @returns {string} "84 bytes", "12.3 MB" (1 MB is 1,048,576 bytes, as in the limit) */
export function fileSize(bytes) {
  const step = bytes < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log2(bytes) / 10));
  return step === 0 ? countOf(bytes, "byte") : `${short.format(bytes / 1024 ** step)}${NBSP}${SIZES[step]}`;
}

/** @param {number} part @param {number} total @returns {string} whole percent, rounded down: 100 % means all of it */
export function share(part, total) {
  return `${total > 0 ? Math.min(100, Math.floor((part / total) * 100)) : 0}${NBSP}%`;
}

/** @param {{rows_estimate: number, rows_exact: boolean}} preview @returns {string} */
export function estimatedRows({ rows_estimate, rows_exact }) {
  return rows_exact ? countOf(rows_estimate, "row") : `about ${countOf(roughly(rows_estimate), "row")}`;
}

/** @param {{encoding: string, delimiter: string, has_header: boolean}} preview @returns {string} */
export function readingOf({ encoding, delimiter, has_header }) {
  const names = has_header ? "with column names in the first row" : "without column names";
  return `${ENCODINGS[encoding] ?? encoding}, values separated by ${DELIMITERS[delimiter] ?? delimiter}, ${names}`;
}

/** @param {string | null} how @returns {{words: string, isSure: boolean}} how a column was found */
export function foundBy(how) {
  return { words: FOUND[how] ?? "", isSure: how === "name" || how === "classic name" };
}

/** @param {{rows: number, scored: number}} trial @returns {string} */
export function trialSentence({ rows, scored }) {
  if (rows === 1) return `The first row would be ${scored === 1 ? "scored" : "reported"}.`;
  if (scored === rows) return `All of the first ${countOf(rows, "row")} would be scored.`;
  const reported = rows - scored;
  return `Of the first ${countOf(rows, "row")}, ${count(scored)} would be scored and ${count(reported)} would be reported.`;
}
