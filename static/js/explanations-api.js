/** The service's explanations, call by call: why a score, what if, and why it moved. */
import { getJson, postJson } from "./api.js";

// The first explanation after the service started may wait until the parts it needs are loaded.
const TIMEOUT_MS = 30_000;

/** Score and explain values without storing them. @param {object} profile fields by their wire name */
export function explain(profile) {
  return postJson("/explain", profile, { timeoutMs: TIMEOUT_MS });
}

/** Explain a stored prediction by the version that gave it. @param {string} id the prediction's */
export function explainPrediction(id) {
  return getJson(`/predictions/${encodeURIComponent(id)}/explanation`, { timeoutMs: TIMEOUT_MS });
}

/** Look for the smallest change that leads to a lower tier. @param {object} profile fields by their wire name */
export function closestChange(profile) {
  return postJson("/closest-change", profile, { timeoutMs: TIMEOUT_MS });
}

/** Read why a customer's score moved. @param {string} id @param {{from: string, to: string}} predictions their ids */
export function readChanges(id, predictions) {
  const search = new URLSearchParams(predictions);
  return getJson(`/customers/${encodeURIComponent(id)}/changes?${search}`, { timeoutMs: TIMEOUT_MS });
}
