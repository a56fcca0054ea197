/**
 * The only place that talks to the service. Every failure becomes one of four classes, each with a sentence for a person.
 */

const TIMEOUT_MS = 10_000;

/** The base of every failure; `requestId` is what an operator searches the logs for. */
export class ApiError extends Error {
  /** @param {string} message @param {{requestId?: string | null}} [details] */
  constructor(message, { requestId = null } = {}) {
    super(message);
    this.name = new.target.name;
    this.requestId = requestId;
  }
}

/** The service read the request and says what to change: `errors` is a list of {field, message}. */
export class ValidationProblem extends ApiError {
  /** @param {string} message @param {{errors: {field: string | null, message: string}[], requestId?: string | null}} details */
  constructor(message, { errors, requestId }) {
    super(message, { requestId });
    this.errors = errors;
  }
}

/** The service is up but cannot answer yet: `retryAfterSeconds` says when to try again, if it is known. */
export class NotReady extends ApiError {
  /** @param {string} message @param {{retryAfterSeconds: number | null, requestId?: string | null}} details */
  constructor(message, { retryAfterSeconds, requestId }) {
    super(message, { requestId });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Nothing came back: no connection, or no answer in time. */
export class ServerDown extends ApiError {}

/** Something came back that this page does not know how to read. */
export class UnexpectedAnswer extends ApiError {}

/**
 * Score one customer.
 * @param {Record<string, string | number>} customer fields by their wire name
 * @param {{timeoutMs?: number}} [options]
 * @returns {Promise<object>} the prediction as the API documents it
 * @throws {ApiError} one of the four classes above
 */
export function predict(customer, options) {
  return postJson("/predict", customer, options);
}

async function postJson(path, body, { timeoutMs = TIMEOUT_MS } = {}) {
  const signal = AbortSignal.timeout(timeoutMs);
  const { response, text } = await exchange(path, body, signal, timeoutMs);
  const requestId = response.headers.get("X-Request-ID");
  const answer = parsed(text);
  if (!response.ok) throw failure(response, answer ?? {}, requestId);
  if (answer === null) throw new UnexpectedAnswer("The server's answer could not be read.", { requestId });
  return answer;
}

async function exchange(path, body, signal, timeoutMs) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json, application/problem+json" },
      body: JSON.stringify(body),
      signal,
    });
    return { response, text: await response.text() };
  } catch (error) {
    if (signal.aborted) throw new ServerDown(`The server did not answer within ${Math.round(timeoutMs / 1000)} seconds.`);
    if (error instanceof TypeError) throw new ServerDown("Nothing answers at this address.");
    throw error;
  }
}

function failure(response, problem, requestId) {
  if (response.status === 422) {
    const errors = Array.isArray(problem.errors) ? problem.errors : [];
    const message = problem.detail ?? "Check what was entered.";
    return new ValidationProblem(message, { errors: errors.length ? errors : [{ field: null, message }], requestId });
  }
  if (response.status === 503) {
    const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    return new NotReady(problem.detail ?? "The models or the database are not ready yet.", {
      retryAfterSeconds: Number.isNaN(seconds) ? null : seconds,
      requestId,
    });
  }
  return new UnexpectedAnswer(problem.detail ?? `The server answered with status ${response.status}.`, { requestId });
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
