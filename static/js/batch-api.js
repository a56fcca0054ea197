/** The calls about CSV files. Every failure is one of the classes in failures.js. */
import { getJson, postJson, send } from "./api.js";
import { readable, uploadFile } from "./file-upload.js";

export { FileGone, newKey } from "./file-upload.js";

const CSV = "text/csv";
const HEAD_BYTES = 256 * 1024;
const PREVIEW_TIMEOUT_MS = 30_000;

/**
 * Ask how a file would be read; only its first part is sent, and nothing is stored.
 * @param {File} file
 * @param {{encoding?: string, delimiter?: string, has_header?: string | boolean}} [reading] instead of what is detected
 * @param {Record<string, string> | null} [columns] {field: column} to try instead of what is suggested
 * @returns {Promise<object>} columns, suggested mapping, row estimate, sample rows and trial as the API documents them
 * @throws {FileGone | import("./api.js").ApiError}
 */
export async function previewFile(file, reading = {}, columns = null) {
  const mapping = columns && { mapping: JSON.stringify(columns) };
  const query = new URLSearchParams({ file_bytes: file.size, ...reading, ...mapping });
  const body = await readable(file, HEAD_BYTES);
  return send("POST", `/batch/preview?${query}`, { body, type: CSV, timeoutMs: PREVIEW_TIMEOUT_MS });
}

/**
 * Store which column feeds which field.
 * @param {{columns: Record<string, string>, encoding: string | null, delimiter: string | null, has_header: boolean | null}} mapping
 * @returns {Promise<{id: string}>}
 */
export function saveMapping(mapping) {
  return postJson("/batch/mappings", mapping);
}

/**
 * Send a whole file and start its job. The same key for the same file and mapping never starts a second job.
 * @param {File} file
 * @param {{mappingId: string, reasons?: boolean, idempotencyKey: string, signal: AbortSignal, onProgress: (bytesSent: number) => void}} options
 * @returns {Promise<object>} the job
 * @throws {FileGone | import("./api.js").ApiError}
 */
export function startJob(file, { mappingId, reasons = false, idempotencyKey, signal, onProgress }) {
  const query = new URLSearchParams({ mapping_id: mappingId, file_name: file.name, ...(reasons && { reasons }) });
  return uploadFile(`/batch/jobs?${query}`, file, { type: CSV, idempotencyKey, signal, onProgress });
}

/** @param {string} id @returns {Promise<object>} the job as it is now */
export function readJob(id) {
  return getJson(jobAddress(id));
}

/** @param {string | null} cursor where the page before ended @returns {Promise<{jobs: object[], next: string | null}>} */
export function listJobs(cursor) {
  return getJson(`/batch/jobs?${new URLSearchParams({ limit: 10, ...(cursor && { cursor }) })}`);
}

/** @param {string} id @returns {Promise<object>} the job */
export function cancelJob(id) {
  return send("POST", `${jobAddress(id)}/cancel`);
}

/** @param {string} id @returns {string} where the scored rows are */
export function resultsAddress(id) {
  return `${jobAddress(id)}/results.csv`;
}

/** @param {string} id @returns {string} where the rows to correct are */
export function errorsAddress(id) {
  return `${jobAddress(id)}/errors.csv`;
}

function jobAddress(id) {
  return `/batch/jobs/${encodeURIComponent(id)}`;
}
