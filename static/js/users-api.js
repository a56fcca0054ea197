/** The calls about users of an event log. Every failure is one of the classes in failures.js. */
import { getJson, postJson, send } from "./api.js";

const LONG_MS = 60_000;
const EVENTS = 20;

/** Read one page of the ranked list. @param {string} search the query, with its question mark */
export function listUsers(search, options) {
  return getJson(`/users${search}`, options);
}

/** Read how likely a user is to leave. @param {string} id @param {string} [asOf] a date; without it, the log's newest day */
export function readChurn(id, asOf = "") {
  return getJson(`${pathOf(id)}/churn${asOf && `?${new URLSearchParams({ as_of: asOf })}`}`);
}

/** Read a user's weeks as charts. @param {string} id */
export function readTimeline(id) {
  return getJson(`${pathOf(id)}/timeline`);
}

/** Read a user's stored events, newest first. @param {string} id @param {string | null} cursor */
export function readEvents(id, cursor) {
  return getJson(`${pathOf(id)}/events?${new URLSearchParams({ limit: EVENTS, ...(cursor && { cursor }) })}`);
}

/** Erase a user and every event of this user. @param {string} id */
export function eraseUser(id) {
  return send("DELETE", pathOf(id), { timeoutMs: LONG_MS });
}

/** Score somebody without a log. @param {Record<string, string | number>} numbers the four of the form, by wire name */
export function scoreNumbers(numbers) {
  return postJson("/users/score", numbers);
}

function pathOf(id) {
  return `/users/${encodeURIComponent(id)}`;
}
