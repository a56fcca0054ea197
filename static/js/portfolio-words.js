/** The portfolio's figures in words. Pure: no DOM, no clock. */
import { day } from "./calendar.js";
import { money, percent, quantity } from "./format.js";
import { TIER_ORDER, tierWord } from "./tiers.js";

/**
 * Part the customers who are not known to have left by tier, the riskiest first.
 * @param {object} counted an answer of GET /stats, or a day of GET /stats/history
 * @returns {{tier: string, word: string, customers: number, share: number, shareWords: string}[]}
 */
export function tierShares(counted) {
  const counts = TIER_ORDER.toReversed().map((tier) => [tier, counted[`${tier}_risk_customers`]]);
  const all = counts.reduce((sum, [, customers]) => sum + customers, 0);
  return counts.map(([tier, customers]) => ({
    tier,
    word: tierWord(tier),
    customers,
    share: all ? customers / all : 0,
    shareWords: shareWords(customers, all),
  }));
}

/** The message of the tiers: how many are at the highest risk. @param {object} stats the answer of GET /stats */
export function tierSentence(stats) {
  const [riskiest, ...others] = tierShares(stats);
  const all = others.reduce((sum, { customers }) => sum + customers, riskiest.customers);
  if (!all) return "Every customer stored here is known to have left.";
  const are = riskiest.customers === 1 ? "is" : "are";
  const who = `${quantity(riskiest.customers)} of ${customersWords(all)}`;
  return `${who} (${riskiest.shareWords}) ${are} at ${riskiest.word.toLowerCase()} risk of leaving.`;
}

/**
 * The figures beside each other: what, how much, and what the figure covers.
 * @param {object} stats the answer of GET /stats
 * @returns {{label: string, figure: string, note: string}[]}
 */
export function figures(stats) {
  const left = stats.churned_customers ?? 0;
  const list = [
    { label: "Customers", figure: quantity(stats.total_customers - left), note: left ? `and ${quantity(left)} known to have left` : "" },
    { label: "Value at risk", figure: money(stats.value_at_risk_usd), note: "lifetime value times the chance of leaving" },
    { label: "Average lifetime value", figure: amount(stats.avg_clv), note: "" },
    { label: "Monthly revenue", figure: amount(stats.monthly_revenue), note: revenueNote(stats) },
  ];
  return stats.churn_rate === null ? list : [...list, observed(stats, left)];
}

/** Where the riskiest tier went. @param {object[]} days of GET /stats/history, oldest first, at least two */
export function daysSentence(days) {
  const [first, last] = [days[0], days.at(-1)].map((figuresOfDay) => ({ ...figuresOfDay, riskiest: tierShares(figuresOfDay)[0] }));
  const { word } = last.riskiest;
  const [from, to] = [first.riskiest.shareWords, last.riskiest.shareWords];
  const span = `from ${day(first.day)} to ${day(last.day)}`;
  if (from === to) return `The share at ${word.toLowerCase()} risk stayed at ${to} ${span}.`;
  const moved = last.riskiest.share > first.riskiest.share ? "rose" : "fell";
  return `The share at ${word.toLowerCase()} risk ${moved} from ${from} on ${day(first.day)} to ${to} on ${day(last.day)}.`;
}

function observed(stats, left) {
  const known = stats.active_customers + left;
  return {
    label: "Known to have left",
    figure: shareWords(left, known),
    note: `${quantity(left)} of the ${customersWords(known)} whose outcome is recorded`,
  };
}

function revenueNote({ monthly_revenue: revenue, monthly_revenue_customers: covered }) {
  if (revenue === null) return "known once minutes are given";
  return `of the ${customersWords(covered)} whose minutes are known`;
}

/** @param {number} count @returns {string} "1 customer", "1,203 customers" */
export function customersWords(count) {
  return `${quantity(count)} ${count === 1 ? "customer" : "customers"}`;
}

function amount(usd) {
  return usd === null ? "Not known" : money(usd);
}

/** A counted share: nobody is exactly 0 %, everybody 100 %, unlike an estimate. */
function shareWords(part, all) {
  if (part === 0) return "0\u00a0%";
  return part === all ? "100\u00a0%" : percent(part / all);
}
