/** The service's segments, call by call. Every failure is one of the classes in failures.js. */
import { getJson } from "./api.js";

/** Read the segments: their personas and figures, what sets them apart, how they were found, and their charts. */
export function readSegments(options) {
  return getJson("/segments", options);
}

/** Read the value at risk by value band and tier. */
export function readValueAtRisk(options) {
  return getJson("/value-at-risk", options);
}
