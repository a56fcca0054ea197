import assert from "node:assert/strict";
import { test } from "node:test";

import { policyAddress, reportAddress } from "../../static/js/models-api.js";
import { chosenVersion, readView, versionSentence, versionWords, viewAddress } from "../../static/js/models-query.js";

const entry = (changes) => ({ version: "2", is_champion: true, has_performance: true, reason: null, roc_auc: { value: 0.7 }, trained_on: { file: "a.csv", rows: 2666 }, ...changes });
const VERSIONS = [
  { model: "core", entry: entry() },
  { model: "core", entry: entry({ version: "1", is_champion: false, has_performance: false }) },
  { model: "segments", entry: entry({ has_performance: false, roc_auc: null }) },
  { model: "usage", entry: entry({ version: "3", is_champion: false, roc_auc: { value: 0.99 } }) },
  { model: "usage", entry: entry({ roc_auc: { value: 0.9 } }) },
];
const named = (chosen) => chosen && `${chosen.model} ${chosen.entry.version}`;

test("an address and what it shows are two forms of one thing", () => {
  const search = "?model=telecom-usage&version=2&cut_point=0.4&slice=state&contact_cost=2&save_rate=half";
  const view = readView(search);
  assert.deepEqual(view, { model: "telecom-usage", version: "2", cutPoint: "0.4", slice: "state", money: { contact_cost: "2", save_rate: "half" } });
  assert.equal(viewAddress(view), `/models.html${search}`);
  assert.equal(viewAddress(readView("")), "/models.html");
  assert.deepEqual(readView("?other=1").money, {});
});

test("the sharpest version that answers and has figures is shown when the address names none", () => {
  assert.equal(named(chosenVersion(readView(""), VERSIONS)), "usage 2");
  assert.equal(named(chosenVersion(readView("?model=core"), VERSIONS)), "core 2");
  assert.equal(named(chosenVersion(readView(""), VERSIONS.slice(1, 3))), "segments 2");
});

test("a version that the address names is shown or is not there", () => {
  assert.equal(named(chosenVersion(readView("?model=usage&version=3"), VERSIONS)), "usage 3");
  assert.equal(chosenVersion(readView("?model=usage&version=9"), VERSIONS), null);
  assert.equal(chosenVersion(readView("?model=nothing"), VERSIONS), null);
  assert.equal(chosenVersion(readView(""), []), null);
});

test("a version says whether it answers, what it learned from, or why it cannot be used", () => {
  assert.equal(versionWords(VERSIONS[0]), "core, version 2 (answers now)");
  assert.equal(versionWords(VERSIONS[1]), "core, version 1");
  assert.equal(versionSentence(VERSIONS[0]), "This version answers now. It was trained on 2,666 customers of a.csv.");
  assert.equal(versionSentence({ entry: entry({ reason: "The seal is broken.", trained_on: null }) }), "The seal is broken.");
  assert.equal(versionSentence({ entry: entry({ is_champion: false, trained_on: null }) }), "This version does not answer at the moment.");
});

test("names are written into addresses safely, and what is empty is left out", () => {
  assert.equal(reportAddress({ model: "a/b", version: "1 2" }), "/models/a%2Fb/versions/1%202/report");
  assert.equal(policyAddress({ model: "m", version: "1" }, { save_rate: "0.4", save_rate_low: "" }, "0.25"), "/models/m/versions/1/policy.json?save_rate=0.4&cut_point=0.25");
});
