/** What a page tells a person when there is no answer: a title and sentences with the next step. Pure: no DOM. */
import { ApiError, NotReady, ServerDown } from "./failures.js";
import { waitingTime } from "./format.js";

/**
 * Describe a failure for <status-notice>.
 * @param {Error} error
 * @param {{kept?: string}} [options] `kept`: a sentence about what is not lost, such as "What you typed is still here."
 * @returns {{title: string, sentences: string[]}}
 */
export function noticeOf(error, { kept = "" } = {}) {
  const then = (sentence) => [kept, sentence].filter(Boolean).join(" ");
  if (error instanceof ServerDown) {
    return {
      title: "The server cannot be reached",
      sentences: [error.message, then("Check the connection and that the service is running, then try again.")],
    };
  }
  if (error instanceof NotReady) {
    const wait = error.retryAfterSeconds ? `in ${waitingTime(error.retryAfterSeconds)}` : "in a few seconds";
    return { title: "The service is not ready", sentences: [error.message, then(`Try again ${wait}.`)] };
  }
  if (error instanceof ApiError && error.status === 409) {
    return { title: "This is not possible now", sentences: [error.message, then("Try again.")] };
  }
  const quote = error.requestId ? [`If it happens again, give an operator this request id: ${error.requestId}`] : [];
  return { title: "There is no answer", sentences: [reasonOf(error), then("Try again."), ...quote] };
}

/**
 * Say in one sentence why there is no answer, for a part of a page whose other parts stand.
 * @param {Error} error
 * @returns {string}
 */
export function reasonOf(error) {
  return error instanceof ApiError ? error.message : "The answer could not be shown on this page.";
}
