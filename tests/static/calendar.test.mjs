import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "America/New_York";
const { ago, day, moment, today } = await import("../../static/js/calendar.js");

const NOW = Date.parse("2026-11-21T12:00:00Z");

test("an instant is written in the reader's time zone", () => {
  assert.equal(moment("2026-11-21T03:05:00.123456Z"), "20 Nov 2026, 22:05");
  assert.equal(day("2026-11-21T03:05:00Z"), "20 Nov 2026");
});

test("a date that belongs to no time zone stays the same day everywhere", () => {
  assert.equal(day("2026-11-01"), "1 Nov 2026");
});

test("how long ago is said in words, and from two days on as the day", () => {
  const cases = [
    ["2026-11-21T11:59:30Z", "less than a minute ago"],
    ["2026-11-21T12:00:30Z", "less than a minute ago"],
    ["2026-11-21T11:59:00Z", "1 minute ago"],
    ["2026-11-21T11:01:00Z", "59 minutes ago"],
    ["2026-11-21T11:00:00Z", "1 hour ago"],
    ["2026-11-19T12:00:01Z", "47 hours ago"],
    ["2026-11-19T12:00:00Z", "on 19 Nov 2026"],
  ];
  for (const [iso, words] of cases) assert.equal(ago(iso, NOW), words, iso);
});

test("today is the reader's date", () => {
  assert.equal(today(Date.parse("2026-11-02T03:00:00Z")), "2026-11-01");
});
