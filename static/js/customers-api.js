/** The service's customers and portfolio, call by call. */
import { getJson, postJson, send } from "./api.js";

/** Read one page of the list. @param {string} search the query, with its question mark */
export function listCustomers(search, options) {
  return getJson(`/customers${search}`, options);
}

/** Read one customer. @param {string} id */
export function readCustomer(id, options) {
  return getJson(pathOf(id), options);
}

/** Read a customer's predictions, newest first. @param {string} id @param {string | null} cursor */
export function readPredictions(id, cursor) {
  const search = cursor ? `?${new URLSearchParams({ cursor })}` : "";
  return getJson(`${pathOf(id)}/predictions${search}`);
}

/** Store whether a customer stayed or left. @param {string} id @param {{outcome: string, date: string}} outcome */
export function recordOutcome(id, outcome) {
  return postJson(`${pathOf(id)}/outcome`, outcome);
}

/** Erase a customer and every prediction. @param {string} id */
export function eraseCustomer(id) {
  return send("DELETE", pathOf(id), { timeoutMs: 60_000 });
}

/** Read the portfolio's figures. */
export function readStats() {
  return getJson("/stats");
}

/** Read the portfolio's figures day by day. */
export function readStatsHistory() {
  return getJson("/stats/history");
}

/** Read the card of the model that answered. @param {string} name */
export function readModelCard(name) {
  return getJson(`/models/${encodeURIComponent(name)}`);
}

function pathOf(id) {
  return `/customers/${encodeURIComponent(id)}`;
}
