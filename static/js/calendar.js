/** Times as a person reads them, in the reader's own time zone. Pure: `now` comes in, the clock is never read. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const dayFormat = { day: "numeric", month: "short", year: "numeric" };
const localDay = new Intl.DateTimeFormat("en-GB", dayFormat);
const calendarDay = new Intl.DateTimeFormat("en-GB", { ...dayFormat, timeZone: "UTC" });
const localTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/**
 * Write the day of an instant, or a date that belongs to no time zone.
 * @param {string} iso "2026-11-01T09:30:00Z" or "2026-11-01"
 * @returns {string} "1 Nov 2026"
 */
export function day(iso) {
  return (iso.length === "2026-11-01".length ? calendarDay : localDay).format(new Date(iso));
}

/**
 * Write an instant to the minute.
 * @param {string} iso
 * @returns {string} "1 Nov 2026, 09:30"
 */
export function moment(iso) {
  return `${day(iso)}, ${localTime.format(new Date(iso))}`;
}

/**
 * Say how long ago something was.
 * @param {string} iso
 * @param {number} now milliseconds since 1970
 * @returns {string} "5 minutes ago"; from two days on, the day
 */
export function ago(iso, now) {
  const passed = now - Date.parse(iso);
  if (passed < MINUTE_MS) return "less than a minute ago";
  if (passed < HOUR_MS) return count(Math.floor(passed / MINUTE_MS), "minute");
  if (passed < 2 * DAY_MS) return count(Math.floor(passed / HOUR_MS), "hour");
  return `on ${day(iso)}`;
}

/**
 * Write today's date where the reader is.
 * @param {number} now milliseconds since 1970
 * @returns {string} "2026-11-01"
 */
export function today(now) {
  const date = new Date(now);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function count(number, unit) {
  return `${number} ${unit}${number === 1 ? "" : "s"} ago`;
}
