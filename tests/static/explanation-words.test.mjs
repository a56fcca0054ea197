import assert from "node:assert/strict";
import { test } from "node:test";

import { clvChart, scoreChart } from "../../static/js/contribution-chart.js";
import { clvSumWords, signed, sumWords, valueWords } from "../../static/js/explanation-words.js";
import { chanceWords, pointWords, worthWords, wholePercent } from "../../static/js/what-if-words.js";

const plain = (text) => text.replaceAll("\u00a0", " ").replaceAll("\u2212", "-");
const calls = { field: "customerServiceCalls", label: "Customer service calls", unit: "calls" };
const plan = { field: "internationalPlan", label: "International plan", unit: "" };

test("a value is written with its unit and at most two decimals", () => {
  const cases = [
    [[6, "calls"], "6 calls"],
    [[1, "calls"], "1 call"],
    [[1, "minutes a month"], "1 minute a month"],
    [[201.14999999999998, "minutes a month"], "201.15 minutes a month"],
    [[12345, ""], "12,345"],
    [["yes", ""], "yes"],
    [[null, "calls"], "not given"],
    [[undefined], "not given"],
  ];
  for (const [given, words] of cases) assert.equal(valueWords(...given), words);
});

test("a step has a direction unless it is too small to show", () => {
  const cases = [
    [0.314, "+0.31"],
    [-0.056, "-0.06"],
    [0.004, "0.00"],
    [-0.004, "0.00"],
    [0, "0.00"],
  ];
  for (const [step, words] of cases) assert.equal(plain(signed(step)), words);
});

test("the sum is told from the start to the probability", () => {
  const words = plain(sumWords({ base: 0.1657, forest_score: 0.61, churn_probability: 0.87 }));
  assert.equal(
    words,
    "The forest starts at 0.17, and this customer’s values take it to 0.61. A score of 0.61 means 87 % likely to leave.",
  );
});

test("the lifetime value's sum names the shown one only where it differs", () => {
  const sum = "The estimate starts at $6,000, and this customer’s values take it to $7,600.";
  assert.equal(clvSumWords({ base_usd: 6000, linear_clv_usd: 7600.2, estimated_clv: 7600.2 }), sum);
  const negative = clvSumWords({ base_usd: 6000, linear_clv_usd: -20, estimated_clv: 0 });
  assert.match(negative, /take it to -\$20\. The answer shows \$0\.$/);
});

test("the waterfall holds every step in the order and the size of the explanation", () => {
  const explanation = {
    base: 0.17,
    forest_score: 0.54,
    churn_probability: 0.61,
    message: "Mainly 6 customer service calls.",
    contributions: [
      { ...calls, value: 6, typical: 1, contribution: 0.31 },
      { ...plan, value: "yes", typical: "no", contribution: 0.06 },
    ],
  };
  const chart = scoreChart(explanation);
  assert.equal(chart.kind, "waterfall");
  assert.equal(chart.title, explanation.message);
  assert.deepEqual(chart.x.categories, [
    "Customer service calls: 6 (1)",
    "International plan: yes (no)",
  ]);
  assert.deepEqual(chart.series[0].points, [
    [0, 0.31],
    [1, 0.06],
  ]);
  assert.deepEqual(chart.marks.map(({ value }) => value), [0.17, 0.54]);
  const [base, total] = chart.marks.map(({ value }) => value);
  const steps = chart.series[0].points.reduce((sum, [, step]) => sum + step, base);
  assert.ok(Math.abs(steps - total) < 1e-9);
});

test("the lifetime value has a waterfall in dollars", () => {
  const step = { field: "accountLength", label: "Account length", unit: "months", value: 128, typical: 100 };
  const chart = clvChart({
    base_usd: 6000,
    linear_clv_usd: 7600,
    estimated_clv: 7600,
    message: "Mainly the account length.",
    contributions: [{ ...step, contribution_usd: 1600 }],
  });
  assert.equal(chart.y.unit, "usd");
  assert.deepEqual(chart.series[0].points, [[0, 1600]]);
});

test("a tried chance is told against the start, in the points a person sees", () => {
  const words = (start, now) =>
    chanceWords({ churn_probability: start }, { churn_probability: now }).map(plain).join(" ");
  const cases = [
    [0.35, 0.23, "23 % likely to leave, 12 points less"],
    [0.224, 0.231, "23 % likely to leave, 1 point more"],
    [0.226, 0.234, "23 % likely to leave, as at the start"],
    [0.23, 0.004, "< 1 % likely to leave, 23 points less"],
    [0.5, 0.999, "> 99 % likely to leave, 50 points more"],
  ];
  for (const [start, now, told] of cases) assert.equal(words(start, now), told);
});

test("a difference agrees with the two percentages beside it", () => {
  assert.deepEqual([0, 0.0099, 0.01, 0.145, 0.991].map(wholePercent), [0, 0, 1, 14, 100]);
  assert.deepEqual([-1, 0, 2].map(pointWords), ["1 point less", "as at the start", "2 points more"]);
});

test("a tried lifetime value is told against the start", () => {
  const words = (start, now) => worthWords({ estimated_clv: start }, { estimated_clv: now }).join(", ");
  assert.equal(words(12219.4, 14729.2), "$14,729, $2,510 more");
  assert.equal(words(1000, 400), "$400, $600 less");
  assert.equal(words(1000.2, 1000.4), "$1,000, as at the start");
});
