import assert from "node:assert/strict";
import { test } from "node:test";

import { chartCsv } from "../../static/js/chart-csv.js";
import { figures, isLearnedOnly, knownSentence, methodSentence, ranked, shareWords, unassignedSentence } from "../../static/js/segment-words.js";

const plain = (text) => text.replaceAll("\u00a0", " ");
const TRAINING = { customers: 800, share: 0.25, churn_rate: { value: 0.28, low: 0.25, high: 0.31 }, mean_clv_usd: 6200.4, value_at_risk_usd: 90 };
const PORTFOLIO = {
  customers: 1204, share: 0.184, mean_churn_probability: 0.317, observed: { churned: 0, stayed: 0 }, mean_clv_usd: 6312.4,
  value_at_risk_usd: 198_000.2,
};
const SEGMENT = { id: 0, persona: "New customers", training: TRAINING, portfolio: PORTFOLIO };
const NOBODY = { customers: 0, share: 0, mean_churn_probability: null, observed: { churned: 0, stayed: 0 }, mean_clv_usd: null, value_at_risk_usd: 0 };
const shown = (...asked) => figures(...asked).map(({ label, figure, note }) => [label, plain(figure), plain(note)]);

test("the figures of scored customers are expectations", () => {
  assert.deepEqual(shown(SEGMENT, false), [
    ["Customers", "1,204", "18 % of all scored"],
    ["Chance of leaving", "32 %", "on average"],
    ["Lifetime value", "$6,312", "on average"],
    ["Value at risk", "$198,000", "in total"],
  ]);
});

test("the figures of the training customers are counted, with an interval", () => {
  assert.deepEqual(shown(SEGMENT, true), [
    ["Customers", "800", "25 % of all"],
    ["Churn rate", "28 %", "between 25 % and 31 %"],
    ["Lifetime value", "$6,200", "on average"],
    ["Value at risk", "$90", "in total"],
  ]);
});

test("a segment nobody is in says what is not known", () => {
  const empty = shown({ ...SEGMENT, portfolio: NOBODY }, false).map(([, figure, note]) => `${figure}, ${note}`);
  const unlearned = { ...TRAINING, churn_rate: null, mean_clv_usd: null };
  assert.deepEqual(shown({ training: unlearned }, true).map(([, figure]) => figure), ["800", "Not known", "Not known", "$90"]);
  assert.deepEqual(empty, ["0, 0 % of all scored", "Not known, ", "Not known, ", "$0, in total"]);
});

test("shares are exact at both ends and honest near them", () => {
  assert.deepEqual([0, 0.001, 0.5, 0.9999, 1].map((share) => plain(shareWords(share))), ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]);
});

test("known outcomes are told once there are any", () => {
  assert.equal(knownSentence(SEGMENT), "");
  const with_ = (churned, stayed) => knownSentence({ portfolio: { observed: { churned, stayed } } });
  assert.equal(with_(3, 9), "3 of the 12 customers with a known outcome left.");
  assert.equal(with_(0, 1), "0 of the 1 customer with a known outcome left.");
});

test("the most value at risk comes first, by the figures that are shown", () => {
  const other = { ...SEGMENT, id: 1, training: { ...TRAINING, value_at_risk_usd: 91 }, portfolio: { ...PORTFOLIO, value_at_risk_usd: 1 } };
  const order = (whose) => ranked({ figures: whose, segments: [SEGMENT, other] }).map(({ id }) => id);
  assert.deepEqual([order("portfolio"), order("training")], [[0, 1], [1, 0]]);
});

test("the service says whose figures are shown", () => {
  assert.deepEqual(["training", "portfolio"].map((whose) => isLearnedOnly({ figures: whose })), [true, false]);
});

test("customers without a segment are counted with the reason", () => {
  assert.equal(unassignedSentence({ unassigned: { customers: 0, note: "x" } }), "");
  assert.equal(unassignedSentence({ unassigned: { customers: 1, note: "Why." } }), "1 customer has no segment. Why.");
  assert.equal(unassignedSentence({ unassigned: { customers: 1200, note: "Why." } }), "1,200 customers have no segment. Why.");
});

test("the method is said plainly", () => {
  const model = { name: "telecom-segments", version: "2" };
  assert.match(methodSentence({ method: "kmeans", model, segments: [1, 2, 3] }), /^By k-means: 3 groups .*, model telecom-segments version 2\.$/);
  assert.equal(methodSentence({ method: "rules", model: null, segments: [] }), "");
});

test("a chart is written as CSV with every number as it was sent", () => {
  const series = [
    { name: 'Heavy, "day" callers', points: [[0, 0.123456789], [1, -2]] },
    { name: "Others", points: [[1, 0]] },
  ];
  const csv = chartCsv({ x: { label: "Feature", categories: ["Bill", "Calls, day"] }, series });
  assert.equal(csv, 'Feature,"Heavy, ""day"" callers",Others\r\nBill,0.123456789,\r\n"Calls, day",-2,0\r\n');
});
