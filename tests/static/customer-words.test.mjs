import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "UTC";
const { comparisonSentence } = await import("../../static/js/comparison-sentence.js");
const { quantity } = await import("../../static/js/format.js");
const { historySentence, spanWords } = await import("../../static/js/history-sentence.js");
const { outcomeWords } = await import("../../static/js/outcome.js");
const { noticeOf } = await import("../../static/js/notices.js");
const { NotReady, ServerDown, UnexpectedAnswer } = await import("../../static/js/failures.js");

const plain = (text) => text.replaceAll("\u00a0", " ");
const point = (at, probability) => ({ at, probability });

test("one prediction says that it is the only one", () => {
  assert.equal(
    plain(historySentence([point("2026-03-03T10:00:00Z", 0.23)])),
    "One prediction so far: 23 % likely to leave, on 3 Mar 2026. A line appears with the second one.",
  );
});

test("a history says where the chance of leaving went, and when", () => {
  const [march, april] = ["2026-03-03T10:00:00Z", "2026-04-20T08:00:00Z"];
  const cases = [
    [0.12, 0.34, "The chance of leaving rose from 12 % on 3 Mar 2026 to 34 % on 20 Apr 2026."],
    [0.34, 0.004, "The chance of leaving fell from 34 % on 3 Mar 2026 to < 1 % on 20 Apr 2026."],
    [0.341, 0.343, "The chance of leaving is 34 % as it was at first, on 3 Mar 2026."],
  ];
  for (const [from, to, words] of cases) {
    assert.equal(plain(historySentence([point(march, from), point("2026-04-01T00:00:00Z", 0.9), point(april, to)])), words);
  }
});

test("a history of one day is told by the clock", () => {
  const points = [point("2026-03-03T10:00:00Z", 0.1), point("2026-03-03T14:30:00Z", 0.2)];
  assert.match(plain(historySentence(points)), /from 10 % on 3 Mar 2026, 10:00 to 20 % on 3 Mar 2026, 14:30/);
});

test("a history of one minute names it once", () => {
  const points = [point("2026-03-03T10:00:01Z", 0.1), point("2026-03-03T10:00:59Z", 0.2)];
  assert.equal(plain(historySentence(points)), "The chance of leaving rose from 10 % to 20 % on 3 Mar 2026, 10:00.");
  assert.equal(plain(historySentence([points[0], points[0]])), "The chance of leaving is 10 % as it was at first.");
  assert.deepEqual(spanWords(points), ["", "3 Mar 2026, 10:00"]);
});

test("no prediction is said as such", () => {
  assert.equal(historySentence([]), "There is no prediction yet.");
});

test("two answers are compared in one sentence", () => {
  const model = { name: "telecom-usage", version: "2" };
  const answer = (probability) => ({ churn_probability: probability, model });
  const answers = (stored, changed) => ({ stored: answer(stored), changed: answer(changed) });
  const cases = [
    [0.36, 0.49, "With these values the chance of leaving rises from 36 % to 49 %."],
    [0.36, 0.1, "With these values the chance of leaving falls from 36 % to 10 %."],
    [0.361, 0.364, "With these values the chance of leaving stays at 36 %."],
  ];
  for (const [stored, changed, words] of cases) assert.equal(plain(comparisonSentence(answers(stored, changed))), words);
  const older = { churn_probability: 0.36, model: { ...model, version: "1" } };
  assert.match(
    plain(comparisonSentence({ stored: older, changed: answer(0.1) })),
    /from 36 % to 10 %\. A part of that is the model: telecom-usage 2 instead of telecom-usage 1\.$/,
  );
});

test("an outcome names its date", () => {
  assert.equal(outcomeWords({ outcome: "churned", date: "2026-11-01" }), "Left on 1 Nov 2026");
  assert.equal(outcomeWords({ outcome: "stayed", date: "2026-11-01" }), "Stayed, known on 1 Nov 2026");
});

test("a stored quantity keeps its decimals and gets separators", () => {
  assert.deepEqual([0, 1234, 265.1, 44640].map(quantity), ["0", "1,234", "265.1", "44,640"]);
});

test("each failure has a title and a next step, and what is kept is said first", () => {
  const kept = "What you typed is still here.";
  const down = noticeOf(new ServerDown("Nothing answers at this address."), { kept });
  assert.equal(down.title, "The server cannot be reached");
  assert.ok(down.sentences[1].startsWith(`${kept} Check the connection`));
  const busy = noticeOf(new NotReady("The database is locked.", { retryAfterSeconds: 5 }));
  assert.deepEqual(busy.sentences, ["The database is locked.", "Try again in 5 seconds."]);
  const odd = noticeOf(new UnexpectedAnswer("The server answered with status 500.", { requestId: "r-1" }));
  assert.match(odd.sentences.at(-1), /request id: r-1$/);
  assert.equal(noticeOf(new TypeError("x is undefined")).sentences[0], "The answer could not be shown on this page.");
});
