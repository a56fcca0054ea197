import assert from "node:assert/strict";
import { test } from "node:test";

import { jobPage, nextStep, outcomeOf, stateWord } from "../../static/js/job-words.js";
import {
  columnRows,
  identitySentence,
  logSize,
  logTrialSentence,
  missingSentence,
  rejectedSentence,
  rowFates,
  samplesWords,
  unitOf,
  usersSentence,
} from "../../static/js/log-words.js";

/** Non-breaking spaces as plain ones, so that the cases below can be read. */
const plain = (text) => text.replaceAll("\u00a0", " ");
const reasons = (...events) => events.map((number) => ({ reason: "r", message: "m", events: number }));

test("a trial says how many rows are events and how many would be reported", () => {
  const cases = [
    [{ rows: 200, accepted: 200 }, "All of the first 200 rows are events."],
    [{ rows: 1, accepted: 1 }, "The first row is an event."],
    [{ rows: 200, accepted: 198 }, "Of the first 200 rows, 198 are events and 2 would be reported."],
    [{ rows: 200, accepted: 0 }, "None of the first 200 rows could be read as an event."],
    [{ rows: 0, accepted: 0 }, "No row could be tried: check how the log is read."],
    [null, "No row could be tried: check how the log is read."],
  ];
  for (const [trial, words] of cases) assert.equal(plain(logTrialSentence(trial)), words);
});

test("what the events without a user id became is counted to the last one", () => {
  const told = (report) => plain(identitySentence({ accepted: 9, ...report }));
  assert.match(told({ identified: null, unidentified: [] }), /^Counted when the whole log is read/);
  assert.equal(told({ identified: 0, unidentified: [] }), "Every new event came with a user id.");
  assert.equal(told({ accepted: 0, identified: 0, unidentified: [] }), "No new event.");
  assert.equal(
    told({ identified: 8060, unidentified: reasons(274, 12) }),
    "8,346 events of this log came without a user id: 8,060 of them could be given to a user by its session, 286 stay without one.",
  );
  assert.match(told({ identified: 0, unidentified: reasons(2) }), /: none of them could be .*, 2 stay without one\.$/);
  assert.match(told({ identified: 5, unidentified: [] }), /: each of them was given to a user by its session\.$/);
  assert.equal(told({ identified: 1, unidentified: [] }), "1 event of this log came without a user id: its session says whose it is.");
  assert.equal(told({ identified: 0, unidentified: reasons(1) }), "1 event of this log came without a user id: it stays without one.");
});

test("every row of a log is in one of three fates, and they add up", () => {
  const job = { rows_done: 600_000, rows_rejected: 12, events: { accepted: 590_000, duplicates: 9_988 } };
  const fates = rowFates(job).map(({ name, rows, part }) => [name, rows, plain(part)]);
  assert.deepEqual(fates, [
    ["Stored as new events", "590,000", "98 %"],
    ["Stored before, left out", "9,988", "2 %"],
    ["To correct", "12", "< 1 %"],
  ]);
  const counted = fates.reduce((sum, [, rows]) => sum + Number(rows.replaceAll(",", "")), 0);
  assert.equal(counted, job.rows_done);
  assert.deepEqual(rowFates({ rows_done: 0, rows_rejected: 0, events: { accepted: 0, duplicates: 0 } }).map(({ part }) => part), ["", "", ""]);
});

test("users with new events are counted once the log is read", () => {
  assert.equal(usersSentence({ users: null }), "");
  assert.equal(usersSentence({ users: 0 }), "No user has new events.");
  assert.equal(plain(usersSentence({ users: 1 })), "1 user has new events and is scored again.");
  assert.equal(plain(usersSentence({ users: 225 })), "225 users have new events and are scored again.");
});

test("rows that are no events are said to be in a file once it is there", () => {
  const told = (job) => plain(rejectedSentence({ errors_ready: true, state: "done", ...job }));
  assert.equal(told({ rows_rejected: 0 }), "None: every row could be read.");
  assert.equal(told({ rows_rejected: 0, state: "running" }), "None so far.");
  assert.match(told({ rows_rejected: 1 }), /^1 row could not be read as an event: this file names it/);
  assert.equal(told({ rows_rejected: 3, errors_ready: false }), "3 rows could not be read as an event so far.");
});

test("a column is read as a part of an event, or not used", () => {
  const columns = [{ name: "uid", samples: ["7"], field: "user_id" }, { name: "agent", samples: [], field: null }];
  const fields = [{ field: "user_id", label: "User id" }];
  assert.deepEqual(columnRows({ columns, fields }), [["uid", "7", "User id"], ["agent", "", "Not used"]]);
});

test("a reading that the log does not fit names what it would need", () => {
  assert.equal(plain(missingSentence(["ts", "page"])), "Read like this, the log needs 2 columns that it does not have: ts, page.");
  assert.equal(plain(missingSentence(["ts"])), "Read like this, the log needs 1 column that it does not have: ts.");
});

test("samples are few and short", () => {
  assert.equal(samplesWords(["a", "b", "c", "d"]), "a, b, c");
  const [sample] = samplesWords(["x".repeat(200)]).split(",");
  assert.ok(sample.length < 40 && sample.endsWith("…"));
  assert.equal(plain(logSize(1024, { rows_estimate: 10 })), "1 KB, about 10 rows");
});

test("a job that reads a log has its own words and its own page", () => {
  const log = { kind: "events", events: { accepted: 3 }, rows_rejected: 1, rows_scored: 0 };
  const file = { kind: "customers", rows_scored: 3, rows_rejected: 1 };
  assert.deepEqual([stateWord({ ...log, state: "running" }), stateWord({ ...file, state: "running" })], ["Reading", "Scoring"]);
  assert.equal(stateWord({ ...log, state: "done" }), stateWord({ ...file, state: "done" }));
  assert.deepEqual([outcomeOf(log), outcomeOf(file)].map(plain), ["3 events stored, 1 to correct", "3 rows scored, 1 to correct"]);
  assert.match(nextStep({ ...log, state: "failed" }), /nothing is stored twice/);
  assert.doesNotMatch(nextStep({ ...file, state: "failed" }), /twice/);
  assert.deepEqual([jobPage(log), jobPage(file), jobPage({})], ["/users.html", "/batch.html", "/batch.html"]);
});

test("how times are written is guessed from their length", () => {
  const cases = [["1538352117000", "ms"], ["1538352117", "s"], ["1538352117.5", "s"], ["1538352117000000", "us"], ["2018-10-01", "iso"], ["", "iso"]];
  for (const [sample, unit] of cases) assert.equal(unitOf([sample]), unit, sample);
  assert.equal(unitOf([]), "iso");
});
