/**
 * The only place that talks to the service. Every failure becomes one of the classes in failures.js, each with a
 * sentence for a person. A call that its own `signal` ended rejects with that signal's reason.
 */
import { ServerDown, documentOf } from "./failures.js";

export { ApiError, NotReady, ServerDown, UnexpectedAnswer, ValidationProblem } from "./failures.js";

const TIMEOUT_MS = 10_000;
const ACCEPT = "application/json, application/problem+json";

/**
 * Score one customer.
 * @param {Record<string, string | number>} customer fields by their wire name
 * @param {{timeoutMs?: number}} [options]
 * @returns {Promise<object>} the prediction as the API documents it
 * @throws {ApiError} one of the four classes of failures.js
 */
export function predict(customer, options) {
  return postJson("/predict", customer, options);
}

/**
 * Read a document.
 * @param {string} path with its query
 * @param {{timeoutMs?: number, signal?: AbortSignal}} [options]
 * @returns {Promise<object>}
 */
export function getJson(path, options) {
  return send("GET", path, options);
}

/**
 * Send a document and read the answer.
 * @param {string} path
 * @param {object} document
 * @param {{timeoutMs?: number, signal?: AbortSignal}} [options]
 * @returns {Promise<object>}
 */
export function postJson(path, document, options) {
  return send("POST", path, { ...options, body: JSON.stringify(document), type: "application/json" });
}

/**
 * Ask the service anything.
 * @param {string} method
 * @param {string} path
 * @param {{body?: BodyInit, type?: string, timeoutMs?: number, signal?: AbortSignal}} [options]
 * @returns {Promise<object | null>} null for an answer without a body (204)
 */
export async function send(method, path, { body, type, timeoutMs = TIMEOUT_MS, signal } = {}) {
  const deadline = AbortSignal.timeout(timeoutMs);
  const headers = { Accept: ACCEPT, ...(type && { "Content-Type": type }) };
  const ends = signal ? AbortSignal.any([signal, deadline]) : deadline;
  try {
    const response = await fetch(path, { method, headers, body, signal: ends });
    const text = await response.text();
    return documentOf({ status: response.status, text, header: (name) => response.headers.get(name) });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (deadline.aborted) throw new ServerDown(`The server did not answer within ${Math.round(timeoutMs / 1000)} seconds.`);
    if (error instanceof TypeError) throw new ServerDown("Nothing answers at this address.");
    throw error;
  }
}

/**
 * Send a large body and hear how far it is; `fetch` cannot tell. There is no time limit: the person watching decides.
 * @param {string} path
 * @param {Blob} body
 * @param {{type: string, headers?: Record<string, string>, signal?: AbortSignal, onProgress?: (bytesSent: number) => void}} options
 * @returns {Promise<object>}
 */
export function upload(path, body, { type, headers = {}, signal, onProgress = () => {} }) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries({ Accept: ACCEPT, "Content-Type": type, ...headers })) {
      request.setRequestHeader(name, value);
    }
    request.upload.addEventListener("progress", ({ loaded }) => onProgress(loaded));
    request.addEventListener("load", () => {
      const header = (name) => request.getResponseHeader(name);
      try {
        resolve(documentOf({ status: request.status, text: request.responseText, header }));
      } catch (error) {
        reject(error);
      }
    });
    request.addEventListener("error", () => reject(new ServerDown("The connection was lost.")));
    request.addEventListener("abort", () => reject(signal.reason));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}
