import assert from "node:assert/strict";
import { test } from "node:test";

import { intervalWords, signedWords, tickWords, valueWords } from "../../static/js/chart-values.js";

const plain = (text) => text.replaceAll("\u00a0", " ");
const words = (unit, ...values) => values.map((value) => plain(valueWords(value, unit)));

test("a share has a tenth of a percent, and only nobody is 0 % and everybody 100 %", () => {
  assert.deepEqual(words("share", 0, 0.0001, 0.1234, 0.99999, 1), ["0 %", "< 0.1 %", "12.3 %", "> 99.9 %", "100 %"]);
  assert.deepEqual(words("share", -0.008, 1.5), ["-0.8 %", "150.0 %"]);
});

test("a probability is whole percentages with honest ends", () => {
  assert.deepEqual(words("probability", 0, 0.004, 0.234, 0.996, 1), ["0 %", "< 1 %", "23 %", "> 99 %", "100 %"]);
});

test("money has no cents and counts no places", () => {
  assert.deepEqual(words("usd", 1234.56, -20, 0.2, 0), ["$1,235", "-$20", "less than $1", "$0"]);
  assert.deepEqual(words("count", 1234.4, 0), ["1,234", "0"]);
});

test("a number keeps the figures that count, and a column of them stands level", () => {
  assert.deepEqual(words("number", 4, 0.4, 0.31, 0.0156, 7.04, 12.345, 1234.5), ["4", "0.40", "0.31", "0.016", "7.04", "12.3", "1,235"]);
});

test("a unit nobody knows is written as a number", () => {
  assert.deepEqual(words("words", 2), ["2"]);
});

test("a difference has its sign, and nothing has none", () => {
  assert.deepEqual([0.25, -0.25, 0].map((value) => signedWords(value, "number")), ["+0.25", "-0.25", "0"]);
  assert.deepEqual([20, -20, 0.25].map((value) => signedWords(value, "usd")), ["+$20", "-$20", "$0"]);
});

test("an interval says both ends, or one when they read the same", () => {
  assert.equal(plain(intervalWords(0.1, 0.2, "share")), "10.0 % to 20.0 %");
  assert.equal(plain(intervalWords(0.1, 0.10001, "share")), "10.0 %");
});

test("a step of an axis is as short as it can be and free of binary dust", () => {
  assert.equal(plain(tickWords(0.1 + 0.2, "share")), "30 %");
  assert.equal(plain(tickWords(0.025, "probability")), "2.5 %");
  assert.equal(tickWords(12000, "usd"), "$12K");
  assert.equal(tickWords(-1500, "usd"), "-$1.5K");
  assert.deepEqual([0, 0.002, -0.5, 5].map((value) => tickWords(value, "usd")), ["$0", "$0.002", "-$0.5", "$5"]);
  assert.equal(tickWords(0.1 + 0.2, "number"), "0.3");
});
