import assert from "node:assert/strict";
import { test } from "node:test";

import { daysSentence, figures, tierSentence, tierShares } from "../../static/js/portfolio-words.js";

const plain = (text) => text.replaceAll("\u00a0", " ");
const counts = (high, medium, low) => ({ high_risk_customers: high, medium_risk_customers: medium, low_risk_customers: low });
const STATS = {
  total_customers: 1203,
  active_customers: null,
  churned_customers: null,
  churn_rate: null,
  avg_clv: 5321.17,
  monthly_revenue: 4821.5,
  monthly_revenue_customers: 97,
  value_at_risk_usd: 328153.2,
  ...counts(201, 302, 700),
};

test("the tiers come riskiest first with their counts and shares", () => {
  const shares = tierShares(STATS).map(({ word, customers, shareWords }) => [word, customers, plain(shareWords)]);
  assert.deepEqual(shares, [
    ["High", 201, "17 %"],
    ["Medium", 302, "25 %"],
    ["Low", 700, "58 %"],
  ]);
});

test("a counted share is exact at both ends and honest near them", () => {
  const shares = (...numbers) => tierShares(counts(...numbers)).map(({ shareWords }) => plain(shareWords));
  assert.deepEqual(shares(0, 0, 5), ["0 %", "0 %", "100 %"]);
  assert.deepEqual(shares(1, 0, 999), ["< 1 %", "0 %", "> 99 %"]);
  assert.deepEqual(shares(0, 0, 0), ["0 %", "0 %", "0 %"]);
});

test("the message of the tiers agrees with its number", () => {
  assert.equal(plain(tierSentence(STATS)), "201 of 1,203 customers (17 %) are at high risk of leaving.");
  assert.equal(plain(tierSentence(counts(1, 0, 0))), "1 of 1 customer (100 %) is at high risk of leaving.");
  assert.equal(plain(tierSentence(counts(0, 0, 2))), "0 of 2 customers (0 %) are at high risk of leaving.");
  assert.equal(tierSentence(counts(0, 0, 0)), "Every customer stored here is known to have left.");
});

test("figures say what they cover, and nothing about outcomes before one is recorded", () => {
  const shown = figures(STATS).map(({ label, figure, note }) => [label, figure, note]);
  assert.deepEqual(shown, [
    ["Customers", "1,203", ""],
    ["Value at risk", "$328,153", "lifetime value times the chance of leaving"],
    ["Average lifetime value", "$5,321", ""],
    ["Monthly revenue", "$4,822", "of the 97 customers whose minutes are known"],
  ]);
});

test("known outcomes are counted apart from the customers who are there", () => {
  const shown = figures({ ...STATS, active_customers: 9, churned_customers: 3, churn_rate: 0.25 });
  assert.deepEqual([shown[0].figure, shown[0].note], ["1,200", "and 3 known to have left"]);
  assert.equal(plain(shown.at(-1).figure), "25 %");
  assert.equal(shown.at(-1).note, "3 of the 12 customers whose outcome is recorded");
});

test("what is not known yet is said, not shown as zero", () => {
  const shown = figures({ ...STATS, avg_clv: null, monthly_revenue: null, monthly_revenue_customers: 0 });
  assert.deepEqual([shown[2].figure, shown[3].figure, shown[3].note], ["Not known", "Not known", "known once minutes are given"]);
  assert.equal(figures({ ...STATS, monthly_revenue_customers: 1 })[3].note, "of the 1 customer whose minutes are known");
});

test("the days say where the riskiest tier went", () => {
  const first = { day: "2026-11-01", ...counts(1, 1, 8) };
  assert.equal(
    plain(daysSentence([first, { day: "2026-11-21", ...counts(3, 1, 6) }])),
    "The share at high risk rose from 10 % on 1 Nov 2026 to 30 % on 21 Nov 2026.",
  );
  assert.match(daysSentence([first, { day: "2026-11-21", ...counts(0, 4, 6) }]), /fell from/);
  assert.equal(
    plain(daysSentence([first, { ...first, day: "2026-11-02" }])),
    "The share at high risk stayed at 10 % from 1 Nov 2026 to 2 Nov 2026.",
  );
});
