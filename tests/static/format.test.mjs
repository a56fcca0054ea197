import assert from "node:assert/strict";
import { test } from "node:test";

import {
  money,
  moneyInterval,
  percent,
  percentInterval,
  typedNumber,
  typedText,
  waitingTime,
} from "../../static/js/format.js";

/** Non-breaking spaces as plain ones, so that the cases below can be read. */
const plain = (text) => text.replaceAll("\u00a0", " ");

test("a probability is a whole percentage, and the ends stay honest", () => {
  const cases = [
    [0, "< 1 %"],
    [0.0099, "< 1 %"],
    [0.01, "1 %"],
    [0.0228, "2 %"],
    [0.1455, "15 %"],
    [0.5, "50 %"],
    [0.99, "99 %"],
    [0.9901, "> 99 %"],
    [1, "> 99 %"],
  ];
  for (const [probability, text] of cases) assert.equal(plain(percent(probability)), text, String(probability));
});

test("a percentage never breaks across lines", () => {
  for (const probability of [0, 0.23, 1]) assert.doesNotMatch(percent(probability), / /);
});

test("a probability interval is said in words without claiming 0 % or 100 %", () => {
  const cases = [
    [[0.18, 0.31], "between 18 % and 31 %"],
    [[0.018, 0.031], "between 2 % and 3 %"],
    [[0.021, 0.024], "close to 2 %"],
    [[0.001, 0.031], "up to 3 %"],
    [[0.001, 0.004], "below 1 %"],
    [[0.97, 0.999], "97 % or more"],
    [[0.995, 0.999], "above 99 %"],
    [[0.001, 0.999], "anywhere from 0 % to 100 %"],
  ];
  for (const [interval, text] of cases) assert.equal(plain(percentInterval(interval)), text);
});

test("money has a currency, thousands separators and no false cents", () => {
  const cases = [
    [5321.17, "$5,321"],
    [5321.5, "$5,322"],
    [1234567.89, "$1,234,568"],
    [0, "$0"],
    [-0.2, "$0"],
    [0.4, "less than $1"],
    [0.5, "$1"],
    [-12.4, "-$12"],
  ];
  for (const [usd, text] of cases) assert.equal(money(usd), text);
});

test("a money interval shrinks to one figure when both ends read the same", () => {
  assert.equal(moneyInterval([4800.1, 5900.2]), "$4,800 to $5,900");
  assert.equal(moneyInterval([120.1, 120.4]), "about $120");
});

test("typed numbers lose stray spaces and thousands separators", () => {
  const cases = [
    ["12", 12],
    [" 12 ", 12],
    ["1,024", 1024],
    ["1 024", 1024],
    ["1\u202f024", 1024],
    ["\u00a01,234,567.5", 1234567.5],
    ["265.1", 265.1],
    ["265.", 265],
    [".5", 0.5],
    ["007", 7],
    ["-3", -3],
    ["+3", 3],
    ["0", 0],
  ];
  for (const [text, number] of cases) assert.equal(typedNumber(text), number, JSON.stringify(text));
});

test("text that is not clearly a number is sent as typed", () => {
  for (const text of ["abc", "12 5", "1,5", "0,005", "12,34", "1e3", "NaN", "Infinity", "0x10", "1.2.3", "--1", "."]) {
    assert.equal(typedNumber(text), text);
  }
  assert.equal(typedNumber("  abc "), "abc");
  assert.equal(typedNumber("   "), "");
});

test("a number too large for the wire stays text instead of becoming null", () => {
  const digits = "9".repeat(400);
  assert.equal(typedNumber(digits), digits);
});

test("typed text keeps its words", () => {
  assert.equal(typedText("  new\u00a0 york "), "new york");
});

test("waiting time agrees with its number", () => {
  assert.equal(waitingTime(1), "1 second");
  assert.equal(waitingTime(5), "5 seconds");
});
