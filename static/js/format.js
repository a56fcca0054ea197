/**
 * Figures as a person reads them, and typed text as the service reads it. Pure functions: no DOM, no clock, no network.
 * A space that must not break is U+00A0.
 */

const NBSP = "\u00a0";
const wholeDollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 0 });

// Groups of three only: "1,5" and "0,005" may be decimal commas, so they go to the server as typed, not as 15 or 5.
const GROUPED_NUMBER = /^[+-]?(\d+|[1-9]\d{0,2}([, ]\d{3})+)(\.\d*)?$|^[+-]?\.\d+$/;

/**
 * Write a probability as a whole percentage; the ends stay honest ("< 1 %", "> 99 %") instead of becoming 0 or 100.
 * @param {number} probability between 0 and 1
 * @returns {string}
 */
export function percent(probability) {
  if (probability < 0.01) return `<${NBSP}1${NBSP}%`;
  if (probability > 0.99) return `>${NBSP}99${NBSP}%`;
  return `${Math.round(probability * 100)}${NBSP}%`;
}

/**
 * Say a probability interval in words.
 * @param {[number, number]} interval low and high, between 0 and 1
 * @returns {string}
 */
export function percentInterval([low, high]) {
  const [from, to] = [percent(low), percent(high)];
  if (from === to) return low < 0.01 ? `below 1${NBSP}%` : low > 0.99 ? `above 99${NBSP}%` : `close to ${from}`;
  if (low < 0.01 && high > 0.99) return `anywhere from 0${NBSP}% to 100${NBSP}%`;
  if (low < 0.01) return `up to ${to}`;
  if (high > 0.99) return `${from} or more`;
  return `between ${from} and ${to}`;
}

/**
 * Write an amount in whole US dollars: the models are not good to the cent.
 * @param {number} usd
 * @returns {string}
 */
export function money(usd) {
  if (usd > 0 && usd < 0.5) return "less than $1";
  return wholeDollars.format(Math.round(usd) || 0);
}

/**
 * Say a money interval in words.
 * @param {[number, number]} interval low and high, US dollars
 * @returns {string}
 */
export function moneyInterval([low, high]) {
  return money(low) === money(high) ? `about ${money(low)}` : `${money(low)} to ${money(high)}`;
}

/**
 * Write a count or an amount with thousands separators, as exact as it is stored.
 * @param {number} number
 * @returns {string}
 */
export function quantity(number) {
  return number.toLocaleString("en-US", { maximumFractionDigits: 10 });
}

/**
 * Turn typed text into what is sent. A number loses stray spaces and thousands separators; text that is not a number
 * is sent as typed, so that the server says what is wrong in the same words as everywhere else.
 * @param {string} text
 * @returns {number | string} empty text means nothing was typed
 */
export function typedNumber(text) {
  const trimmed = typedText(text);
  if (!GROUPED_NUMBER.test(trimmed)) return trimmed;
  const number = Number(trimmed.replaceAll(/[, ]/g, ""));
  return Number.isFinite(number) ? number : trimmed;
}

/**
 * Drop the spaces around typed text and make every kind of space inside it a plain one.
 * @param {string} text
 * @returns {string}
 */
export function typedText(text) {
  return text.trim().replaceAll(/\s+/g, " ");
}

/**
 * Say how long to wait.
 * @param {number} seconds
 * @returns {string}
 */
export function waitingTime(seconds) {
  return seconds === 1 ? "1 second" : `${seconds} seconds`;
}
