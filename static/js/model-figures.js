/** A version's figures in words: each with its interval and with what it has to be read beside. Pure. */
import { valueWords } from "./chart-values.js";
import { money, quantity } from "./format.js";

const PLACES = 3;
const GUESSING = 1 / 2;

/** Write a figure between 0 and 1 that is no share. */
export function decimal(value, places = PLACES) {
  return value.toFixed(places);
}

/** Write a cut-point as it is written everywhere: with two places, or as many as were chosen. */
export function cutPointWords(value) {
  return value.toFixed(Math.max(2, String(value).split(".")[1]?.length ?? 0));
}

/** Write the interval of a figure, or nothing where it has none, or none that could be seen. */
export function rangeWords(figure, words) {
  if (typeof figure.low !== "number") return "";
  const [low, high] = [words(figure.low), words(figure.high)];
  return low === high ? "" : `${low} to ${high}`;
}

/** Say on whom the figures rest. @param {{held_out: object, figures: object, intervals: string}} performance */
export function heldOutSentence({ held_out: heldOut, figures, intervals }) {
  const left = `${quantity(heldOut.churned)} of whom left (${valueWords(figures.churn_rate, "share")})`;
  return `On ${quantity(heldOut.rows)} customers the model had not seen (${heldOut.file}), ${left}. ${intervals}`;
}

/**
 * Figures that hold whatever the cut-point.
 * @param {object} figures of a version's performance
 * @returns {{label: string, figure: string, note: string}[]}
 */
export function rankingFigures(figures) {
  const rate = figures.churn_rate;
  const sameForAll = "the same chance for everybody";
  const entropy = -(rate * Math.log(rate) + (1 - rate) * Math.log(1 - rate));
  return [
    entry("ROC AUC", figures.roc_auc, decimal, `guessing: ${decimal(GUESSING, 1)}`),
    entry("Average precision", figures.average_precision, decimal, `calling at random: ${decimal(rate)}`),
    entry("Brier score", figures.brier_score, decimal, `lower is better; ${sameForAll}: ${decimal(rate * (1 - rate))}`),
    entry("Log loss", figures.log_loss, decimal, `lower is better; ${sameForAll}: ${decimal(entropy)}`),
    entry("Calibration error", figures.calibration_error, share, "how far said and seen chances differ"),
  ];
}

/**
 * Figures of a decision: who has at least this chance of leaving is called.
 * @param {object} figures of a version's performance or of its confusion matrix
 */
export function decisionFigures(figures) {
  return [
    entry("Accuracy", figures.accuracy, share, `calling nobody: ${share(figures.majority_share)}`),
    figures.precision === null
      ? { label: "Precision", figure: "None", note: "nobody is called" }
      : entry("Precision", figures.precision, share, `calls that are right; at random: ${share(figures.churn_rate)}`),
    entry("Recall", figures.recall, share, "leavers who are called"),
    entry("Specificity", figures.specificity, share, "stayers who are left alone"),
    entry("F1", figures.f1, share, "precision and recall in one"),
  ];
}

/** The four counts as a table. @param {object} confusion the answer of GET .../confusion */
export function confusionTable(confusion) {
  const cell = (count, note) => ({ text: quantity(count), note });
  return {
    name: `Customers called at a cut-point of ${cutPointWords(confusion.cut_point)}`,
    columns: [{ label: "Customers who", isNumber: false }, { label: "Called", isNumber: true }, { label: "Not called", isNumber: true }],
    rows: [
      [{ text: "Left" }, cell(confusion.true_positives, "rightly called"), cell(confusion.false_negatives, "missed")],
      [{ text: "Stayed" }, cell(confusion.false_positives, "called for nothing"), cell(confusion.true_negatives, "rightly left alone")],
    ],
  };
}

/** The message of the four counts. */
export function confusionSentence(confusion) {
  const { true_positives: hits, false_positives: wrong, false_negatives: missed } = confusion;
  const called = `${quantity(hits + wrong)} of ${quantity(confusion.customers)} customers are called`;
  return `From ${cutPointWords(confusion.cut_point)} on, ${called}: ${quantity(hits)} of the ${quantity(hits + missed)} who left, and ${quantity(wrong)} who stayed.`;
}

/** How well the lifetime value is answered. @param {object} figures of a version's `clv` */
export function clvFigures(figures) {
  const dollars = (value) => money(value);
  const mean = `the mean value is ${money(figures.mean_target_usd)}`;
  return [
    entry("R2", figures.r2, decimal, "share of the differences that is explained"),
    entry("Mean absolute error", figures.mean_absolute_error_usd, dollars, mean),
    entry("Root mean squared error", figures.root_mean_squared_error_usd, dollars, "large errors count more"),
    entry("Error as a part of the mean", figures.mean_absolute_error_ratio, share, "mean absolute error by the mean value"),
    entry("Inside the interval", figures.interval_coverage, share, "values that lie inside the interval that is answered"),
  ].filter(Boolean);
}

function entry(label, figure, words, note) {
  if (figure === undefined || figure === null) return null;
  const value = typeof figure === "number" ? figure : figure.value;
  return { label, figure: words(value), note: [rangeWords(figure, words), note].filter(Boolean).join("; ") };
}

function share(value) {
  return valueWords(value, "share");
}

/** Write a share with its interval below it. */
export function shareBetween(figure) {
  return { text: share(figure.value), note: rangeWords(figure, share) };
}
