import assert from "node:assert/strict";
import { test } from "node:test";

import { countOf, estimatedRows, fileSize, foundBy, readingOf, share, trialSentence } from "../../static/js/batch-words.js";

/** Non-breaking spaces as plain ones, so that the cases below can be read. */
const plain = (text) => text.replaceAll("\u00a0", " ");

test("a count agrees with its noun and has thousands separators", () => {
  assert.equal(plain(countOf(1, "row")), "1 row");
  assert.equal(plain(countOf(0, "row")), "0 rows");
  assert.equal(plain(countOf(1200000, "row")), "1,200,000 rows");
  assert.equal(plain(countOf(2, "fact has", "facts have")), "2 facts have");
});

test("a file's size is short, and the limit reads as it is named", () => {
  const cases = [
    [0, "0 bytes"],
    [1, "1 byte"],
    [1023, "1,023 bytes"],
    [1024, "1 KB"],
    [12_900_000, "12.3 MB"],
    [500 * 1024 ** 2, "500 MB"],
    [3 * 1024 ** 3, "3 GB"],
    [5000 * 1024 ** 3, "5,000 GB"],
  ];
  for (const [bytes, text] of cases) assert.equal(plain(fileSize(bytes)), text);
});

test("a share of work is rounded down: 100 % means all of it", () => {
  const cases = [
    [0, 10, "0 %"],
    [9_999, 10_000, "99 %"],
    [10, 10, "100 %"],
    [11, 10, "100 %"],
    [0, 0, "0 %"],
  ];
  for (const [part, total, text] of cases) assert.equal(plain(share(part, total)), text);
});

test("an estimate says that it is one", () => {
  assert.equal(plain(estimatedRows({ rows_estimate: 1204321, rows_exact: false })), "about 1,200,000 rows");
  assert.equal(plain(estimatedRows({ rows_estimate: 1, rows_exact: true })), "1 row");
});

test("how a file is read is said in words", () => {
  assert.equal(
    readingOf({ encoding: "windows-1252", delimiter: ";", has_header: true }),
    "Windows-1252, values separated by semicolons, with column names in the first row",
  );
  assert.match(readingOf({ encoding: "utf-8", delimiter: "\t", has_header: false }), /tabs, without column names/);
});

test("a column found by likeness or content asks to be checked", () => {
  const unsure = ["likeness", "content"];
  for (const how of ["name", "classic name", ...unsure]) {
    const { words, isSure } = foundBy(how);
    assert.equal(isSure, !unsure.includes(how), how);
    assert.equal(words.endsWith("check it"), !isSure, how);
  }
  assert.equal(foundBy(null).words, "");
});

test("the trial says how many rows would be scored and how many reported", () => {
  const cases = [
    [{ rows: 200, scored: 198 }, "Of the first 200 rows, 198 would be scored and 2 would be reported."],
    [{ rows: 200, scored: 200 }, "All of the first 200 rows would be scored."],
    [{ rows: 1, scored: 1 }, "The first row would be scored."],
    [{ rows: 1, scored: 0 }, "The first row would be reported."],
  ];
  for (const [trial, text] of cases) assert.equal(plain(trialSentence(trial)), text);
});
