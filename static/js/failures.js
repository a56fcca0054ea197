/** What can go wrong between a page and the service: one class for each thing a person can do about it. Pure: no network. */

/** The base of every failure; `requestId` is what an operator searches the logs for. */
export class ApiError extends Error {
  /** @param {string} message @param {{requestId?: string | null, status?: number, code?: string}} [details] */
  constructor(message, { requestId = null, status = 0, code = "" } = {}) {
    super(message);
    this.name = new.target.name;
    this.requestId = requestId;
    /** HTTP status; 0 when nothing came back. */
    this.status = status;
    /** The problem's stable word for programs, such as "customer_not_found"; empty when there is none. */
    this.code = code;
  }
}

/** The service read the request and says what to change: `errors` is a list of {field, message}. */
export class ValidationProblem extends ApiError {
  /** @param {string} message @param {{errors: {field: string | null, message: string}[]}} details */
  constructor(message, { errors, ...details }) {
    super(message, details);
    this.errors = errors;
  }
}

/** The service is up but cannot answer yet: `retryAfterSeconds` says when to try again, if it is known. */
export class NotReady extends ApiError {
  /** @param {string} message @param {{retryAfterSeconds: number | null}} details */
  constructor(message, { retryAfterSeconds, ...details }) {
    super(message, details);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Nothing came back: no connection, or no answer in time. */
export class ServerDown extends ApiError {}

/** Something came back that the asking call does not know how to use: read `status`, `code` and the sentence. */
export class UnexpectedAnswer extends ApiError {}

/**
 * Read an answer: the document it holds, or null when it rightly holds none.
 * @param {{status: number, text: string, header: (name: string) => string | null}} answer
 * @returns {object | null}
 * @throws {ApiError}
 */
export function documentOf({ status, text, header }) {
  const details = { requestId: header("X-Request-ID"), status };
  const value = parsed(text);
  if (status < 200 || status > 299) throw failure(value ?? {}, header, details);
  if (value === null && status !== 204) throw new UnexpectedAnswer("The server's answer could not be read.", details);
  return value;
}

function failure(problem, header, { requestId, status }) {
  const details = { requestId, status, code: problem.code ?? "" };
  if (status === 422) return refusal(problem, details);
  if (status === 503) {
    const seconds = Number.parseInt(header("Retry-After") ?? "", 10);
    const message = problem.detail ?? "The models or the database are not ready yet.";
    return new NotReady(message, { retryAfterSeconds: Number.isNaN(seconds) ? null : seconds, ...details });
  }
  return new UnexpectedAnswer(problem.detail ?? `The server answered with status ${status}.`, details);
}

function refusal(problem, details) {
  const errors = Array.isArray(problem.errors) ? problem.errors : [];
  const message = problem.detail ?? "Check what was entered.";
  return new ValidationProblem(message, { errors: errors.length ? errors : [{ field: null, message }], ...details });
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
