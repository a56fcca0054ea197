/** The calls about files of events. Every failure is one of the classes in failures.js, or FileGone. */
import { postJson, send } from "./api.js";
import { readable, uploadFile } from "./file-upload.js";

const TYPE = { jsonl: "application/x-ndjson", csv: "text/csv" };
const HEAD_BYTES = 256 * 1024;
const PREVIEW_TIMEOUT_MS = 30_000;

/**
 * Ask how a log would be read; only its first part is sent, and nothing is stored.
 * @param {File} file
 * @param {{adapter: string, mapping?: object | null}} reading an adapter's name or "auto", or a mapping to try instead
 * @returns {Promise<object>} columns, kinds, row estimate and trial as the API documents them
 */
export async function previewLog(file, { adapter, mapping = null }) {
  const query = new URLSearchParams({ adapter, file_bytes: file.size, ...(mapping && { mapping: JSON.stringify(mapping) }) });
  const body = await readable(file, HEAD_BYTES);
  return send("POST", `/batch/event-preview?${query}`, { body, type: typeOf(file), timeoutMs: PREVIEW_TIMEOUT_MS });
}

/** Store a mapping of one's own. @param {object} mapping as the API documents it @returns {Promise<{id: string}>} */
export function saveEventMapping(mapping) {
  return postJson("/batch/event-mappings", mapping);
}

/**
 * Send a whole log and start its job. The same key for the same file never starts a second job.
 * @param {File} file
 * @param {{adapter: string, mappingId?: string | null, idempotencyKey: string, signal: AbortSignal, onProgress: (bytesSent: number) => void}} options
 * @returns {Promise<object>} the job
 */
export function startLogJob(file, { adapter, mappingId = null, idempotencyKey, signal, onProgress }) {
  const reading = mappingId ? { mapping: mappingId } : { adapter };
  const query = new URLSearchParams({ ...reading, file_name: file.name });
  return uploadFile(`/batch/event-jobs?${query}`, file, { type: typeOf(file), idempotencyKey, signal, onProgress });
}

// What the file is, the service finds from its content; the type only has to be one of the two.
function typeOf({ name }) {
  return /\.(csv|tsv|txt)$/i.test(name) ? TYPE.csv : TYPE.jsonl;
}
