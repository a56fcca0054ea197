/** What is on the Batch files page at the moment: which step, which problems, which notice. */
import { noticeOf } from "../notices.js";
import "../elements/error-summary.js";
import "../elements/status-notice.js";

const PRODUCT = document.title;

const summary = document.querySelector("error-summary");
const notice = document.querySelector("status-notice");
const liveRegion = document.querySelector("#live-region");
const steps = [...document.querySelectorAll(".batch-step")];

let [title, retry, focusOn] = [PRODUCT, null, () => {}];

summary.addEventListener("field-chosen", (event) => focusOn(event.detail.field));
notice.addEventListener("retry", () => retry?.());

/**
 * Show some of the steps and nothing else; what was wrong before is gone.
 * @param {...string} ids
 */
export function show(...ids) {
  for (const step of steps) step.hidden = !ids.includes(step.id);
  showErrors([]);
  showNotice(null);
}

/** @param {string} name what the page shows, before the product's name in the title */
export function entitle(name) {
  title = name ? `${name} - ${PRODUCT}` : PRODUCT;
  const isProblem = !summary.hidden || !notice.hidden;
  document.title = isProblem ? `Error: ${title}` : title;
}

/**
 * List what has to change on top of the page.
 * @param {{field: string | null, message: string}[]} errors
 * @param {(field: string) => void} [focus] puts the keyboard on a field
 */
export function showErrors(errors, focus = () => {}) {
  focusOn = focus;
  summary.errors = errors;
  document.title = errors.length ? `Error: ${title}` : title;
}

/**
 * Say why there is no answer, and offer to ask again.
 * @param {Error | null} error null takes the notice away
 * @param {{kept?: string, again?: () => void}} [options]
 */
export function showNotice(error, { kept, again = null } = {}) {
  retry = again;
  notice.notice = error && noticeOf(error, { kept });
  document.title = error ? `Error: ${title}` : title;
}

/** @param {string} sentence for a screen reader, when it has finished what it says */
export function announce(sentence) {
  liveRegion.textContent = sentence;
}

/**
 * Do something once, however often its button is pressed meanwhile.
 * @param {HTMLElement} button
 * @param {() => Promise<void>} work
 */
export async function busyWhile(button, work) {
  if (button.ariaBusy === "true") return;
  // Not `disabled`: a disabled button drops the keyboard focus.
  button.ariaBusy = button.ariaDisabled = "true";
  try {
    await work();
  } finally {
    button.ariaBusy = button.ariaDisabled = null;
  }
}
