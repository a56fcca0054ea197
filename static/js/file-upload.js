/** A file on its way to the service: read from the disk, sent whole, under a key that never starts the work twice. */
import { upload } from "./api.js";

/** The file on the person's disk has changed, moved or may no longer be read. */
export class FileGone extends Error {}

/**
 * Send a whole file.
 * @param {string} path
 * @param {File} file
 * @param {{type: string, idempotencyKey: string, signal: AbortSignal, onProgress: (bytesSent: number) => void}} options
 * @returns {Promise<object>} the answer
 * @throws {FileGone | import("./api.js").ApiError}
 */
export async function uploadFile(path, file, { type, idempotencyKey, signal, onProgress }) {
  const headers = { "Idempotency-Key": idempotencyKey };
  try {
    return await upload(path, file, { type, headers, signal, onProgress });
  } catch (error) {
    // A browser reports a file that vanished during the upload as a lost connection.
    if (!signal.aborted) await readable(file, 1);
    throw error;
  }
}

/** Read the first bytes of a file. @throws {FileGone} */
export async function readable(file, bytes) {
  try {
    return await file.slice(0, bytes).arrayBuffer();
  } catch (error) {
    throw new FileGone("The file cannot be read any more: choose it again", { cause: error });
  }
}

/** @returns {string} a key no other upload has */
export function newKey() {
  // Not crypto.randomUUID: it is missing on a page that came over plain HTTP from another machine.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
