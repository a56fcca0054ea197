/** A version's tables, as <value-table> shows them. Pure: the answers of the service in, texts out. */
import { valueWords } from "./chart-values.js";
import { quantity } from "./format.js";
import { cutPointWords, decimal, rangeWords, shareBetween } from "./model-figures.js";

const FINE = 4;

/** What each of a row of cut-points decides. @param {object} thresholds @param {number} inUse the cut-point in use */
export function thresholdTable({ columns, rows }, inUse) {
  const cells = { probability: (value) => ({ text: cutPointWords(value), note: value === inUse ? "in use" : "" }) };
  return {
    name: "What each cut-point decides",
    columns: columns.map(({ label, unit }) => ({ label, isNumber: unit !== "words" })),
    rows: rows.map((row) => columns.map(({ name, unit }) => (cells[unit] ?? plainCell)(row[name], unit))),
  };
}

/** What every accuracy of that table has to be read beside. @param {object} figures of a version's performance */
export function thresholdNote({ majority_share: share }) {
  return `Calling nobody has an accuracy of ${valueWords(share, "share")}: read the others beside it.`;
}

/** This model and its rivals; a rival that was not compared says why. */
export function comparisonTable({ rows }) {
  const brier = (value) => decimal(value, FINE);
  return {
    name: "This model and its rivals",
    columns: [
      text("Model"), number("ROC AUC"), number("Average precision"), number("Brier score"), number("AUC less this model’s"), number("Brier less this model’s"),
    ],
    rows: rows.map((row) => [
      { text: sentenceCase(row.model), note: row.not_compared ? `not compared: ${row.not_compared}` : "" },
      between(row.roc_auc, decimal),
      between(row.average_precision, decimal),
      between(row.brier_score, brier),
      differenceCell(row.paired_difference?.roc_auc, row, { isMoreBetter: true }),
      differenceCell(row.paired_difference?.brier_score, row, { isMoreBetter: false }),
    ]),
  };
}

/** Groups of fields with their members below them, largest first. */
export function importanceTable({ rows, groups }) {
  const byName = new Map(groups.map((group) => [group.name, group]));
  const listed = rows.filter(({ groups: memberOf }) => !memberOf.length);
  const ordered = listed.flatMap((row) => [row, ...rows.filter(({ groups: memberOf }) => memberOf.includes(row.name))]);
  const noteOf = ({ name, is_group: isGroup, groups: [group] }) => (isGroup ? byName.get(name)?.reason : group && `part of: ${byName.get(group)?.label}`);
  return {
    name: "How much each field matters",
    columns: [text("Field"), number("SHAP"), number("AUC lost when shuffled"), number("Brier score gained when shuffled")],
    rows: [...new Set(ordered)].map((row) => [
      { text: row.label, note: noteOf(row) ?? "" },
      between(row.shap, decimal),
      between(row.auc_drop, decimal),
      between(row.brier_rise, decimal),
    ]),
  };
}

/** The parts along one field. @param {object} dimension of a version's slices */
export function sliceTable({ label, rows }) {
  return {
    name: `Figures by ${label.toLowerCase()}`,
    columns: [text(label), number("Customers"), number("Left"), number("Mean chance said"), number("ROC AUC"), number("Recall"), number("Precision")],
    rows: rows.map((row) => [
      { text: sentenceCase(row.value) },
      { text: quantity(row.customers) },
      { ...shareBetween(row.churn_rate) },
      { text: valueWords(row.mean_probability, "share") },
      row.roc_auc ? between(row.roc_auc, decimal) : { text: "None", note: "all left or all stayed" },
      shareBetween(row.recall),
      shareBetween(row.precision),
    ]),
  };
}

/** Say which parts are left out. @param {object} dimension @param {object} slices with the least sizes */
export function hiddenSentence({ hidden }, { least_customers: customers, least_churned: churned }) {
  if (!hidden.slices) return "";
  return `Parts with fewer than ${customers} customers or ${churned} leavers are not shown: ${quantity(hidden.slices)} with ${quantity(hidden.customers)} customers together.`;
}

function plainCell(value, unit) {
  if (typeof value === "number") return { text: valueWords(value, unit) };
  return shareBetween(value);
}

function between(figure, words) {
  if (!figure) return { text: "" };
  return { text: words(figure.value), note: rangeWords(figure, words) };
}

/** A difference is clear when its interval leaves out zero. */
function differenceCell(difference, row, { isMoreBetter }) {
  if (!difference) return { text: "", note: row.is_this_model ? "this model" : "" };
  const places = isMoreBetter ? FINE : FINE + 1;
  const words = (value) => `${value > 0 ? "+" : ""}${decimal(value, places)}`;
  const isClear = difference.low > 0 || difference.high < 0;
  const isBetter = isMoreBetter ? difference.value > 0 : difference.value < 0;
  const verdict = isClear ? (isBetter ? "clearly better" : "clearly worse") : "not clear";
  return { text: words(difference.value), note: `${rangeWords(difference, words)}; ${verdict}` };
}

function sentenceCase(words) {
  return words[0].toUpperCase() + words.slice(1);
}

function text(label) {
  return { label, isNumber: false };
}

function number(label) {
  return { label, isNumber: true };
}
