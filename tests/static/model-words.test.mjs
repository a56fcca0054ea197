import assert from "node:assert/strict";
import { test } from "node:test";

import { clvFigures, confusionSentence, confusionTable, cutPointWords, decisionFigures, heldOutSentence, rangeWords, rankingFigures } from "../../static/js/model-figures.js";
import { comparisonTable, hiddenSentence, importanceTable, sliceTable, thresholdNote, thresholdTable } from "../../static/js/model-tables.js";
import { bestFigures, canTryBest, chartWithChoice, policyTable, saveRateSentence } from "../../static/js/money-words.js";
import { chartOf } from "./charts.mjs";

const plain = (value) => JSON.parse(JSON.stringify(value).replaceAll("\u00a0", " "));
const figure = (value, low = value - 0.125, high = value + 0.125) => ({ value, low, high });
const cells = ({ rows }) => plain(rows).map((row) => row.map(({ text, note }) => (note ? `${text} | ${note}` : text)));
const FIGURES = { churn_rate: 0.25, majority_share: 0.75, cut_point: 0.5, accuracy: figure(0.8, 0.75, 0.875), roc_auc: figure(0.75), calibration_error: { value: 0.01, low: null, high: null } };
const CONFUSION = { cut_point: 0.5, customers: 1200, true_positives: 200, false_positives: 4, false_negatives: 100, true_negatives: 896, figures: FIGURES };

test("a cut-point has two places, or as many as were chosen", () => {
  assert.deepEqual([0, 0.5, 0.25, 0.125, 1].map(cutPointWords), ["0.00", "0.50", "0.25", "0.125", "1.00"]);
});

test("an interval is left out where there is none, and where both ends read the same", () => {
  const words = (value) => value.toFixed(1);
  assert.equal(rangeWords({ value: 1, low: null, high: null }, words), "");
  assert.equal(rangeWords({ value: 1, low: 1.01, high: 1.02 }, words), "");
  assert.equal(rangeWords({ value: 1, low: 0.5, high: 1.5 }, words), "0.5 to 1.5");
});

test("where nobody is called there is no precision, and it is said", () => {
  const [, precision] = decisionFigures({ ...FIGURES, precision: null });
  assert.deepEqual(plain(precision), { label: "Precision", figure: "None", note: "nobody is called" });
});

test("accuracy is never said without what calling nobody would have", () => {
  const [accuracy] = plain(decisionFigures(FIGURES).filter(Boolean));
  assert.deepEqual(accuracy, { label: "Accuracy", figure: "80.0 %", note: "75.0 % to 87.5 %; calling nobody: 75.0 %" });
  assert.equal(plain(thresholdNote(FIGURES)), "Calling nobody has an accuracy of 75.0 %: read the others beside it.");
});

test("each ranking figure stands beside what no model at all would have", () => {
  const brier = { brier_score: figure(0.1, 0.08, 0.12), log_loss: figure(0.3, 0.2, 0.4), average_precision: figure(0.5) };
  const found = plain(rankingFigures({ ...FIGURES, ...brier }));
  assert.deepEqual(found.map(({ figure: shown }) => shown), ["0.750", "0.500", "0.100", "0.300", "1.0 %"]);
  assert.match(found[0].note, /guessing: 0\.5$/);
  assert.match(found[1].note, /calling at random: 0\.250$/);
  assert.match(found[2].note, /the same chance for everybody: 0\.188$/);
  assert.match(found[3].note, /the same chance for everybody: 0\.562$/);
});

test("the sentence over the figures says on whom they rest", () => {
  const sentence = heldOutSentence({ held_out: { file: "b.csv", rows: 1667, churned: 417 }, figures: FIGURES, intervals: "95 % intervals." });
  assert.equal(plain(sentence), "On 1,667 customers the model had not seen (b.csv), 417 of whom left (25.0 %). 95 % intervals.");
});

test("the four counts say what each of them is", () => {
  assert.deepEqual(cells(confusionTable(CONFUSION)), [
    ["Left", "200 | rightly called", "100 | missed"],
    ["Stayed", "4 | called for nothing", "896 | rightly left alone"],
  ]);
  assert.equal(confusionSentence(CONFUSION), "From 0.50 on, 204 of 1,200 customers are called: 200 of the 300 who left, and 4 who stayed.");
});

test("the row in use is marked among the cut-points", () => {
  const columns = [{ name: "cut_point", label: "Cut-point", unit: "probability" }, { name: "true_positives", label: "Leavers called", unit: "count" }, { name: "recall", label: "Recall", unit: "share" }];
  const rows = [{ cut_point: 0.25, true_positives: 1000, recall: figure(0.5) }, { cut_point: 0.5, true_positives: 2, recall: figure(0.25) }];
  assert.deepEqual(cells(thresholdTable({ columns, rows }, 0.5)), [
    ["0.25", "1,000", "50.0 % | 37.5 % to 62.5 %"],
    ["0.50 | in use", "2", "25.0 % | 12.5 % to 37.5 %"],
  ]);
});

test("a rival is clearly better or worse only when the interval leaves out zero", () => {
  const rival = (model, auc, brier) => ({ model, is_this_model: false, not_compared: null, roc_auc: figure(0.5), average_precision: figure(0.5), brier_score: figure(0.5), paired_difference: { roc_auc: auc, brier_score: brier } });
  const rows = [
    { ...rival("this one"), is_this_model: true, paired_difference: null },
    rival("better", figure(0.25), figure(-0.25)),
    rival("worse", figure(-0.25), figure(0.25)),
    rival("equal", figure(0.0625), figure(-0.0625)),
    { model: "absent", is_this_model: false, not_compared: "not installed", roc_auc: null, average_precision: null, brier_score: null, paired_difference: null },
  ];
  const shown = cells(comparisonTable({ rows }));
  assert.deepEqual(shown[0].slice(4), [" | this model", " | this model"]);
  assert.deepEqual(shown[1].slice(4), ["+0.2500 | +0.1250 to +0.3750; clearly better", "-0.25000 | -0.37500 to -0.12500; clearly better"]);
  assert.deepEqual(shown[2].slice(4).map((text) => text.split("; ")[1]), ["clearly worse", "clearly worse"]);
  assert.deepEqual(shown[3].slice(4).map((text) => text.split("; ")[1]), ["not clear", "not clear"]);
  assert.deepEqual(shown[4], ["Absent | not compared: not installed", "", "", "", "", ""]);
});

test("members of a group follow it, and each says where it belongs", () => {
  const row = (name, changes = {}) => ({ name, label: name, is_group: false, groups: [], shap: figure(0.5), auc_drop: figure(0.25), brier_rise: figure(0.25), ...changes });
  const groups = [{ name: "minutes", label: "All minutes", reason: "Charges follow minutes." }];
  const rows = [row("minutes", { is_group: true }), row("calls"), row("day", { groups: ["minutes"] })];
  assert.deepEqual(cells(importanceTable({ rows, groups })).map(([name]) => name), ["minutes | Charges follow minutes.", "day | part of: All minutes", "calls"]);
});

test("a part of the customers has its size and its intervals, and small parts are counted", () => {
  const row = { value: "no", customers: 3010, churned: 346, churn_rate: figure(0.25), mean_probability: 0.25, recall: figure(0.5), precision: figure(0.5), roc_auc: null };
  assert.deepEqual(cells(sliceTable({ label: "Plan", rows: [row] }))[0].slice(0, 5), ["No", "3,010", "25.0 % | 12.5 % to 37.5 %", "25.0 %", "None | all left or all stayed"]);
  const least = { least_customers: 30, least_churned: 5 };
  assert.equal(hiddenSentence({ hidden: { slices: 0, customers: 0 } }, least), "");
  assert.equal(hiddenSentence({ hidden: { slices: 5, customers: 1264 } }, least), "Parts with fewer than 30 customers or 5 leavers are not shown: 5 with 1,264 customers together.");
});

test("figures of the lifetime value are left out where a version has none", () => {
  const found = plain(clvFigures({ mean_target_usd: 8176.45, r2: figure(0.75), mean_absolute_error_usd: figure(1100.4, 1000, 1200) }));
  assert.deepEqual(found.map(({ figure: shown, note }) => `${shown} | ${note}`), ["0.750 | 0.625 to 0.875; share of the differences that is explained", "$1,100 | $1,000 to $1,200; the mean value is $8,176"]);
});

test("the policy that earns most says so", () => {
  const policy = (name, value) => ({ name, called_share: 0.5, profit_usd_per_1000: figure(value, value - 5, value + 5) });
  assert.deepEqual(cells(policyTable({ policies: [policy("Call nobody", 0), policy("Call everybody", 20)] })), [
    ["Call nobody", "50.0 %", "$0 | -$5 to $5"],
    ["Call everybody | earns most of these", "50.0 %", "$20 | $15 to $25"],
  ]);
});

test("the best cut-point has its range and what it earns", () => {
  const best = { cut_point: 0.25, cut_point_low: 0.125, cut_point_high: 0.5, profit_usd_per_1000: figure(2000, 1000, 3000), optimism_usd_per_1000: 150.4, called_share: 0.5 };
  assert.deepEqual(plain(bestFigures({ best })).map(({ figure: shown, note }) => `${shown} | ${note}`), ["0.25 | 95 % interval: 0.125 to 0.50", "$2,000 | $1,000 to $3,000; $150 taken off because it was chosen on the same customers", "50.0 % | "]);
});

test("where no cut-point pays none is named, and none is there to try", () => {
  const best = { cut_point: null, cut_point_low: null, cut_point_high: null, profit_usd_per_1000: figure(0, 0, 0), optimism_usd_per_1000: null, called_share: 0 };
  assert.deepEqual(plain(bestFigures({ best })).map(({ figure: shown, note }) => `${shown} | ${note}`), ["None | No cut-point pays", "$0 | calling nobody", "0 % | "]);
  assert.deepEqual([0, 0.5].map((cutPoint) => canTryBest({ best }, cutPoint)), [false, false]);
  assert.deepEqual([0.25, 0.5].map((cutPoint) => canTryBest({ best: { cut_point: 0.25 } }, cutPoint)), [false, true]);
});

test("a save rate is assumed until it has been measured", () => {
  assert.match(saveRateSentence({ save_rate_is: "assumed" }), /assumed/);
  assert.match(saveRateSentence({ save_rate_is: "measured" }), /was measured/);
});

test("the chosen cut-point is marked beside the best one, once", () => {
  const chart = chartOf("line", { marks: [{ axis: "x", value: 0.25, label: "best" }] });
  assert.deepEqual(chartWithChoice(chart, 0.5).marks.map(({ label }) => label), ["best", "chosen 0.50"]);
  assert.equal(chartWithChoice(chart, 0.25), chart);
  assert.equal(chart.marks.length, 1, "the answer itself stays as it is");
});
