import assert from "node:assert/strict";
import { test } from "node:test";

import {
  chanceWords,
  dated,
  durationWords,
  eventValue,
  parted,
  quietWords,
  rowNote,
  seenWords,
  spendLabel,
  spendWords,
  standingWords,
  tierParts,
  valueRows,
} from "../../static/js/user-words.js";

/** Non-breaking spaces as plain ones, so that the cases below can be read. */
const plain = (text) => text.replaceAll("\u00a0", " ");

test("the figure of a chance is parted from its sentence, whatever it looks like", () => {
  const rest = "likely to leave in the next 30 days (typical: 9 %)";
  for (const figure of ["23 %", "< 1 %", "> 99 %", "0.4 %", "23\u00a0%", "<\u00a01\u00a0%"]) {
    assert.deepEqual(parted(`${figure} ${rest}`), { figure, rest });
  }
  assert.deepEqual(parted("Nobody knows"), { figure: "", rest: "Nobody knows" });
});

test("dates inside a sentence are written as a person reads them, and do not break", () => {
  assert.equal(dated("at 3 dates from 2026-04-05 to 2026-06-04."), "at 3 dates from 5\u00a0Apr\u00a02026 to 4\u00a0Jun\u00a02026.");
  assert.equal(dated("order 12026-04-05"), "order 12026-04-05");
});

test("an event's value has no false digits, and amounts line up", () => {
  const cases = [[null, ""], [undefined, ""], [0, "0"], [512, "512"], [75.4, "75.40"], [145.79999999999998, "145.80"], [0.0004, "0.0004"], [1084.14, "1,084.14"]];
  for (const [value, words] of cases) assert.equal(eventValue(value), words);
});

test("a log that falls into one tier as a whole is doubted, a small one is not", () => {
  const list = { as_of: "2026-11-02", users_known: 5878, tiers: { Low: 0, Medium: 0, High: 2889 }, pending: 0, horizon_days: 30 };
  assert.match(standingWords(list).standing, /They all fall into one tier: the model may not know logs like this one/);
  for (const other of [{ pending: 1 }, { tiers: { Low: 1, Medium: 0, High: 2888 } }, { tiers: { Low: 99, Medium: 0, High: 0 } }]) {
    assert.doesNotMatch(standingWords({ ...list, ...other }).standing, /one tier/);
  }
});

test("silence is said in whole days that have passed", () => {
  const cases = [[0, "less than a day"], [0.99, "less than a day"], [1, "1 day"], [12.9, "12 days"], [1234, "1,234 days"]];
  for (const [days, words] of cases) assert.equal(plain(quietWords(days)), words);
});

test("a user without a score has no chance that could be mistaken for one", () => {
  assert.equal(chanceWords({ churn_probability: null }), "Not scored yet");
  assert.equal(plain(chanceWords({ churn_probability: 0 })), "< 1 % likely");
});

test("a row notes what its figures do not say", () => {
  assert.equal(rowNote({ standing: "active", is_current: true }), "");
  assert.equal(rowNote({ standing: "active", is_current: false }), "being scored again");
  assert.equal(rowNote({ standing: "waiting", is_current: false }), "");
  assert.equal(rowNote({ standing: "cancelled", is_current: false }), "cancelled, being scored again");
  assert.equal(rowNote({ standing: "inactive", is_current: true }), "no event for a long time");
});

test("what is known of a user is said with its span", () => {
  const user = { events: 1204, first_event_at: "2026-06-01", last_event_at: "2026-10-20", days_inactive: 12.5, as_of: "2026-11-02" };
  assert.equal(plain(seenWords(user)), "1,204 events from 1 Jun 2026 to 20 Oct 2026. Quiet for 12 days as of 2 Nov 2026.");
  const once = { ...user, events: 1, first_event_at: "2026-10-20" };
  assert.equal(plain(seenWords(once)), "1 event on 20 Oct 2026. Quiet for 12 days as of 2 Nov 2026.");
  const none = { ...user, events: 0, first_event_at: null, last_event_at: null };
  assert.equal(seenWords(none), "No event before 2 Nov 2026.");
});

test("the list says of which days its chances speak, and who waits for a score", () => {
  const list = { as_of: "2026-11-02", users_known: 1800, tiers: { Low: 1700, High: 40 }, pending: 0, horizon_days: 30 };
  const { standing, waiting } = standingWords(list);
  assert.equal(plain(standing), "1,800 users in the log, 1,740 of them to keep. The chance of leaving is for the 30 days from 2 Nov 2026, where the log ends.");
  assert.equal(waiting, "");
  assert.match(plain(standingWords({ ...list, pending: 1 }).waiting), /^1 user is being scored/);
  assert.match(plain(standingWords({ ...list, pending: 2 }).waiting), /^2 users are being scored/);
  assert.match(standingWords({ ...list, pending: 2, horizon_days: null }).waiting, /^No model answers/);
  assert.match(standingWords({ ...list, as_of: null, users_known: 0, tiers: { Low: 0 } }).standing, /^0.users in the log\.$/);
});

test("tiers come the riskiest first, with their part of all", () => {
  const parts = tierParts({ Low: 1480, Medium: 212, High: 48 });
  assert.deepEqual(parts.map(({ tier, users, part }) => [tier, users, plain(part)]), [
    ["High", 48, "3 %"], ["Medium", 212, "12 %"], ["Low", 1480, "85 %"],
  ]);
  assert.deepEqual(tierParts({ Low: 0, High: 0 }).map(({ part }) => part), ["", ""]);
});

test("money has its own currency and no false pennies", () => {
  const cases = [
    [1127.9, "GBP", "£1,128"],
    [0, "USD", "$0"],
    [0.2, "EUR", "less than €1"],
    [12.4, "in the log's currency", "12"],
    [0.3, "in the log's currency", "less than 1"],
  ];
  for (const [amount, currency, words] of cases) assert.equal(plain(spendWords(amount, currency)), words);
  assert.deepEqual(["GBP", "in the log's currency"].map(spendLabel), ["Spend", "Spend, in the log's currency"]);
});

test("expected purchases stand beside what they are worth, span by span", () => {
  const value = {
    purchases: [{ days: 90, expected: 1.31 }, { days: 365, expected: 4 }],
    spend: [{ days: 365, expected: 120.4 }, { days: 90, expected: 0 }],
    currency: "GBP",
  };
  assert.deepEqual(valueRows(value).map(({ name, ...rest }) => ({ name: plain(name), ...rest })), [
    { name: "Next 90 days", purchases: "1.3", spend: "£0" },
    { name: "Next 365 days", purchases: "4.0", spend: "£120" },
  ]);
});

test("a duration is said in minutes and seconds", () => {
  const cases = [[0, "0 s"], [59.6, "1 min"], [277.9, "4 min 38 s"], [3600, "60 min"], [null, ""], [undefined, ""]];
  for (const [seconds, words] of cases) assert.equal(plain(durationWords(seconds)), words);
});
