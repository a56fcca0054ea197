/** A chart's numbers as a person reads them, by the unit of their axis. Pure. */
import { money, percent, quantity } from "./format.js";

const NBSP = "\u00a0";
const compactDollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", notation: "compact", minimumFractionDigits: 0, maximumFractionDigits: 1 });
const WHOLE_FROM_USD = 10;
const SMALLEST_SHARE = 1 / 1000;

const WORDS = {
  share,
  probability: (value) => (value === 0 || value === 1 ? `${value * 100}${NBSP}%` : percent(value)),
  usd: money,
  count: (value) => quantity(Math.round(value)),
  number,
};

/**
 * Write a value.
 * @param {number} value
 * @param {"share" | "probability" | "usd" | "count" | "number" | "words"} unit
 * @returns {string}
 */
export function valueWords(value, unit) {
  return (WORDS[unit] ?? WORDS.number)(value);
}

/** Write a difference: always with its sign, and what rounds to nothing has none. */
export function signedWords(value, unit) {
  const words = valueWords(unit === "usd" ? Math.round(Math.abs(value)) : Math.abs(value), unit);
  if (words === valueWords(0, unit)) return words;
  return `${value < 0 ? "-" : "+"}${words}`;
}

/** Write an interval: "12.1 % to 14.3 %". */
export function intervalWords(low, high, unit) {
  const [from, to] = [valueWords(low, unit), valueWords(high, unit)];
  return from === to ? from : `${from} to ${to}`;
}

/** Write a step of an axis: as short as it can be. */
export function tickWords(value, unit) {
  if (unit === "share" || unit === "probability") return `${quantity(rounded(value * 100))}${NBSP}%`;
  if (unit === "usd") return dollarTick(rounded(value));
  return quantity(rounded(value));
}

/** Axes of a few dollars, or of parts of a cent, keep the places that tell their steps apart. */
function dollarTick(value) {
  if (Math.abs(value) >= WHOLE_FROM_USD || Number.isInteger(value)) return compactDollars.format(value);
  return `${value < 0 ? "-" : ""}$${quantity(Math.abs(value))}`;
}

/** A share to a tenth of a percent; the ends stay honest: only nobody is 0 % and only everybody 100 %. */
function share(value) {
  const size = Math.abs(value);
  const sign = value < 0 ? "-" : "";
  if (size === 0 || size === 1) return `${sign}${size * 100}${NBSP}%`;
  if (size < SMALLEST_SHARE / 2) return `<${NBSP}${SMALLEST_SHARE * 100}${NBSP}%`;
  if (size > 1 - SMALLEST_SHARE / 2 && size < 1) return `>${NBSP}99.9${NBSP}%`;
  return `${sign}${(size * 100).toFixed(1)}${NBSP}%`;
}

/** Two or three figures that count, and as many places for 0.4 as for 0.31, so that a column of them stands level. */
function number(value) {
  const size = Math.abs(value);
  const most = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const least = Number.isInteger(value) ? 0 : Math.min(most, 2);
  const words = value.toLocaleString("en-US", { minimumFractionDigits: least, maximumFractionDigits: most });
  // What rounds to nothing is nothing, without a sign and without places.
  return Number(words.replaceAll(",", "")) === 0 ? "0" : words;
}

/** Without the dust of binary fractions: 30, not 30.000000000000004. */
function rounded(value) {
  return Number(value.toPrecision(6));
}
