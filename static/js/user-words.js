/** Users of an event log in a person's words. Pure functions: no DOM, no clock, no network. U+00A0 must not break. */
import { countOf } from "./batch-words.js";
import { day } from "./calendar.js";
import { percent, quantity } from "./format.js";
import { portion } from "./job-words.js";

const MINUTE_S = 60;
const FEWEST_TO_DOUBT = 100;
const ISO_DAY = /\b\d{4}-\d\d-\d\d\b/g;
const NO_MODEL = "No model answers for users at the moment: an operator can say why. Scores come once it is back.";
const ONE_TIER = " They all fall into one tier: the model may not know logs like this one, so their order says little.";

/**
 * Part a sentence about a chance, so that its figure can stand out.
 * @param {string} message "23 % likely to leave in the next 30 days (typical: 9 %)"
 * @returns {{figure: string, rest: string}}
 */
export function parted(message) {
  const [, figure, rest] = /^([<>]?\s?[\d.]+\s?%)\s(.*)$/u.exec(message) ?? [null, "", message];
  return { figure, rest };
}

/** @param {string} text with dates such as 2026-11-01 @returns {string} with dates as a person reads them */
export function dated(text) {
  return text.replaceAll(ISO_DAY, (iso) => day(iso).replaceAll(" ", "\u00a0"));
}

/** @param {number} days since the last event @returns {string} "less than a day", "12 days" */
export function quietWords(days) {
  return days < 1 ? "less than a day" : countOf(Math.floor(days), "day");
}

/** @param {{churn_probability: number | null}} user @returns {string} */
export function chanceWords({ churn_probability: chance }) {
  return chance === null ? "Not scored yet" : `${percent(chance)} likely`;
}

/** @param {{standing: string, is_current: boolean}} user @returns {string} what a row of the list adds, often nothing */
export function rowNote({ standing, is_current: isCurrent }) {
  const told = { inactive: "no event for a long time", cancelled: "cancelled" }[standing] ?? "";
  const waits = isCurrent || standing === "waiting" ? "" : "being scored again";
  return [told, waits].filter(Boolean).join(", ");
}

/** @param {{events: number, first_event_at: string, last_event_at: string, days_inactive: number, as_of: string}} user */
export function seenWords({ events, first_event_at: first, last_event_at: last, days_inactive: days, as_of: asOf }) {
  if (!events) return `No event before ${day(asOf)}.`;
  const span = day(first) === day(last) ? `on ${day(first)}` : `from ${day(first)} to ${day(last)}`;
  return `${countOf(events, "event")} ${span}. Quiet for ${quietWords(days)} as of ${day(asOf)}.`;
}

/**
 * Say what the list's chances are about, and whether they are up to date.
 * @param {{as_of: string | null, users_known: number, tiers: Record<string, number>, pending: number, horizon_days: number | null}} list
 * @returns {{standing: string, waiting: string}} `waiting` is empty when every score is current
 */
export function standingWords({ as_of: asOf, users_known: known, tiers, pending, horizon_days: horizon }) {
  const span = horizon ? `for the ${countOf(horizon, "day")} from` : "as of";
  const when = asOf ? ` The chance of leaving is ${span} ${day(asOf)}, where the log ends.` : "";
  const there = Object.values(tiers).reduce((sum, users) => sum + users, 0);
  const users = `${countOf(known, "user")} in the log${there ? `, ${quantity(there)} of them to keep` : ""}.`;
  if (pending && horizon === null) return { standing: users, waiting: NO_MODEL };
  const waiting = pending
    ? `${countOf(pending, "user is", "users are")} being scored with the newest events; an older score shows until then.`
    : "";
  const isOneTier = !pending && there >= FEWEST_TO_DOUBT && Object.values(tiers).includes(there);
  return { standing: `${users}${when}${isOneTier ? ONE_TIER : ""}`, waiting };
}

/**
 * The tiers of the list, the riskiest first.
 * @param {Record<string, number>} tiers users by tier, the least risky first
 * @returns {{tier: string, users: number, part: string}[]}
 */
export function tierParts(tiers) {
  const all = Object.values(tiers).reduce((sum, users) => sum + users, 0);
  return Object.entries(tiers).toReversed().map(([tier, users]) => ({ tier, users, part: all ? portion(users, all) : "" }));
}

/** @param {number} amount @param {string} currency "GBP", or words such as "the log's currency" @returns {string} whole, for the model is not good to the penny */
export function spendWords(amount, currency) {
  const whole = Math.round(amount) || 0;
  const money = isCode(currency) && { style: "currency", currency };
  const written = (number) => number.toLocaleString("en-US", { ...money, maximumFractionDigits: 0 });
  return amount > 0 && whole === 0 ? `less than ${written(1)}` : written(whole);
}

/** @param {string} currency @returns {string} the head of a column of amounts; it names a currency that has no sign of its own */
export function spendLabel(currency) {
  return isCode(currency) ? "Spend" : `Spend, ${currency}`;
}

function isCode(currency) {
  return /^[A-Z]{3}$/.test(currency);
}

/**
 * What a user is expected to buy, as rows of a table.
 * @param {{purchases: {days: number, expected: number}[], spend: {days: number, expected: number}[], currency: string}} value
 * @returns {{name: string, purchases: string, spend: string}[]}
 */
export function valueRows({ purchases, spend, currency }) {
  const spentIn = new Map(spend.map(({ days, expected }) => [days, expected]));
  return purchases.map(({ days, expected }) => ({
    name: `Next ${countOf(days, "day")}`,
    purchases: (Math.round(expected * 10) / 10).toFixed(1),
    spend: spentIn.has(days) ? spendWords(spentIn.get(days), currency) : "",
  }));
}

/** @param {number | null} value of an event @returns {string} whole, or with two decimals or more */
export function eventValue(value) {
  if (value === null || value === undefined) return "";
  return value.toLocaleString("en-US", { minimumFractionDigits: Number.isInteger(value) ? 0 : 2, maximumFractionDigits: 6 });
}

/** @param {number | null} seconds @returns {string} "4 min 38 s"; empty without a duration */
export function durationWords(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / MINUTE_S), whole % MINUTE_S];
  if (minutes === 0) return `${rest}\u00a0s`;
  return rest ? `${quantity(minutes)}\u00a0min ${rest}\u00a0s` : `${quantity(minutes)}\u00a0min`;
}
