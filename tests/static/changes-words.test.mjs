import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "UTC";
const { pointsChange, partRows, spanSentence, valueRows } = await import("../../static/js/changes-words.js");

const plain = (text) => text.replaceAll("\u00a0", " ").replaceAll("\u2212", "-");
const calls = { field: "customerServiceCalls", label: "Customer service calls", unit: "calls" };
const plan = { field: "internationalPlan", label: "International plan", unit: "" };

const changes = {
  before: { predicted_at: "2026-11-01T10:00:00Z", churn_probability: 0.12, model: { name: "telecom-usage" } },
  after: { predicted_at: "2026-11-20T09:30:00Z", churn_probability: 0.61, model: { name: "telecom-usage" } },
  probability_change: 0.49,
  score_change: 0.35,
  customer_changed: {
    model: { name: "telecom-usage" },
    probability_change: 0.47,
    score_change: 0.33,
    contributions: [
      { ...plan, before: "no", after: "yes", contribution: 0.06 },
      { ...calls, before: 1, after: 5, contribution: 0.27 },
      { field: "accountLength", label: "Account length", unit: "months", before: 100, after: 101, contribution: 0 },
      { field: "totalDayCalls", label: "Day calls", unit: "calls", before: 90, after: 90, contribution: 0.001 },
    ],
  },
  model_changed: {
    probability_change: 0.02,
    score_change: 0.02,
    contributions: [
      { field: "customerServiceCalls", label: "Customer service calls", contribution: -0.01 },
      { field: "totalDayMinutes", label: "Day minutes", contribution: 0.03 },
    ],
  },
};

test("two predictions are named by chance and moment", () => {
  assert.equal(plain(spanSentence(changes)), "From 12 % on 1 Nov 2026, 10:00 to 61 % on 20 Nov 2026, 09:30.");
});

test("the parts of a move stand above their sum", () => {
  const rows = partRows(changes).map(({ name, points, score }) => [name, points, score].map(plain));
  assert.deepEqual(rows, [
    ["The customer changed", "+47.0 points", "+0.33"],
    ["The model changed", "+2.0 points", "+0.02"],
    ["Together", "+49.0 points", "+0.35"],
  ]);
  assert.deepEqual([-0.0004, -0.012].map(pointsChange).map(plain), ["0.0 points", "-1.2 points"]);
});

test("minutes that become known or unknown are not called a change of the model", () => {
  const [core, usage] = ["telecom-core", "telecom-usage"].map((name) => ({ name }));
  const named = (before, after) => {
    const customer = { ...changes.customer_changed, model: core };
    const sides = { before: { ...changes.before, model: before }, after: { ...changes.after, model: after } };
    return partRows({ ...changes, ...sides, customer_changed: customer })[1].name;
  };
  assert.equal(named(core, usage), "The minutes became known");
  assert.equal(named(usage, core), "The minutes are no longer known");
  assert.equal(named(core, core), "The model changed");
});

test("values are listed by their effect, and what neither changed nor counts is left out", () => {
  const rows = valueRows(changes).map((row) => Object.values(row).map(plain));
  assert.deepEqual(rows, [
    ["Customer service calls", "1 call", "5 calls", "+0.27", "-0.01"],
    ["International plan", "no", "yes", "+0.06", "0.00"],
    ["Day minutes", "", "", "0.00", "+0.03"],
    ["Account length", "100 months", "101 months", "0.00", "0.00"],
  ]);
});

test("another starting score of the model is a row of its own", () => {
  const moved = { ...changes, model_changed: { ...changes.model_changed, base_change: -0.04 } };
  const row = valueRows(moved).find(({ label }) => label === "Starting score");
  assert.deepEqual(Object.values(row).map(plain), ["Starting score", "", "", "0.00", "-0.04"]);
});
