import assert from "node:assert/strict";
import { test } from "node:test";

import {
  isOver,
  nextStep,
  outcomeOf,
  paceOf,
  portion,
  rejectedRows,
  remarks,
  rowsDone,
  shareDone,
  stateWord,
  timeLeft,
  wordsOf,
} from "../../static/js/job-words.js";

/** Non-breaking spaces as plain ones, so that the cases below can be read. */
const plain = (text) => text.replaceAll("\u00a0", " ");

const RUNNING = { state: "running", rows_done: 5000, rows_known: 1200000, rows_exact: false };
const QUIET = { rows_without_customer_id: 0, duplicate_rows: 0, rows_with_warnings: 0, blank_lines: 0 };

test("every state has a word, and three of them are final", () => {
  const states = ["queued", "running", "done", "failed", "cancelled", "interrupted"];
  assert.equal(new Set(states.map((state) => stateWord({ state }))).size, states.length);
  assert.deepEqual(states.filter((state) => isOver({ state })), ["done", "failed", "cancelled"]);
  for (const state of states) if (state !== "done") assert.notEqual(nextStep({ state }), "", state);
  assert.equal(stateWord({ state: "new state" }), "new state");
});

test("the rows done never exceed the rows known", () => {
  const cases = [
    [RUNNING, "5,000 of about 1,200,000 rows (0 %)", 5000 / 1200000],
    [{ ...RUNNING, rows_exact: true, rows_known: 10000 }, "5,000 of 10,000 rows (50 %)", 0.5],
    [{ ...RUNNING, rows_known: 4000 }, "5,000 of about 5,000 rows (100 %)", 1],
    [{ ...RUNNING, rows_known: null }, "5,000 rows so far", null],
    [{ ...RUNNING, rows_known: 0, rows_done: 0 }, "0 of about 0 rows (0 %)", 0],
    [{ ...RUNNING, state: "failed", rows_known: null }, "5,000 rows so far", 0],
    [{ ...RUNNING, state: "done" }, "5,000 rows done", 1],
  ];
  for (const [job, words, part] of cases) {
    assert.equal(plain(rowsDone(job)), words);
    assert.equal(shareDone(job), part, words);
  }
});

test("the pace is said only while something moves and once it is known", () => {
  const pace = { rows_per_second: 25012.4, seconds_left: 48 };
  assert.equal(plain(paceOf({ state: "running", ...pace })), "25,000 rows a second, about 50 seconds left");
  assert.equal(paceOf({ state: "running", rows_per_second: null, seconds_left: null }), "");
  assert.equal(paceOf({ state: "done", ...pace }), "");
});

test("the time left is as coarse as the forecast is", () => {
  const cases = [
    [0, "a few seconds left"],
    [4, "a few seconds left"],
    [5, "about 5 seconds left"],
    [48, "about 50 seconds left"],
    [55, "about a minute left"],
    [89, "about a minute left"],
    [90, "about 2 minutes left"],
    [3600, "about 60 minutes left"],
    [2 * 3600, "about 2 hours left"],
  ];
  for (const [seconds, text] of cases) assert.equal(timeLeft(seconds), text, String(seconds));
});

test("a portion is rounded, and none and all stay honest", () => {
  const cases = [
    [0, 3, "0 %"],
    [1, 1000, "< 1 %"],
    [352, 2940, "12 %"],
    [999, 1000, "> 99 %"],
    [3, 3, "100 %"],
    [0, 0, "0 %"],
  ];
  for (const [part, total, text] of cases) assert.equal(plain(portion(part, total)), text);
});

test("rows to correct are counted, and said to overlap only when they do", () => {
  const job = { state: "done", rows_rejected: 3, rejections: [{ rows: 2 }, { rows: 1 }], errors_ready: true };
  assert.equal(plain(rejectedRows(job)), "3 rows could not be scored: correct them in this file and upload it again.");
  assert.match(rejectedRows({ ...job, rejections: [{ rows: 3 }, { rows: 1 }] }), /more than one reason\.$/);
  assert.match(plain(rejectedRows({ ...job, rows_rejected: 1 })), /^1 row could not be scored: correct it in this file/);
  assert.equal(plain(rejectedRows({ ...job, errors_ready: false })), "3 rows could not be scored so far.");
  assert.equal(rejectedRows({ ...job, rows_rejected: 0 }), "None: every row was scored.");
  assert.equal(rejectedRows({ ...job, rows_rejected: 0, state: "running" }), "None so far.");
});

test("remarks name what a person may not expect, and nothing else", () => {
  assert.deepEqual(remarks(QUIET), []);
  const said = remarks({ rows_without_customer_id: 1, duplicate_rows: 2, rows_with_warnings: 3, blank_lines: 1 }).map(plain);
  assert.equal(said.length, 4);
  assert.match(said[0], /^1 row without a customer id: scored, but not added to the customer list\.$/);
  assert.match(said[1], /^2 rows .* the last one counts\.$/);
  assert.equal(said[3], "1 blank line skipped.");
  assert.match(remarks({ ...QUIET, reasons: true }).join(), /^The results say why .* see the reasons column\.$/);
});

test("the outcome names rows to correct only when there are some", () => {
  assert.equal(plain(outcomeOf({ rows_scored: 1200, rows_rejected: 0 })), "1,200 rows scored");
  assert.equal(plain(outcomeOf({ rows_scored: 1, rows_rejected: 2 })), "1 row scored, 2 to correct");
});

test("a wire name becomes words", () => {
  assert.equal(wordsOf("totalDayCalls"), "Total day calls");
  assert.equal(wordsOf("state"), "State");
});
