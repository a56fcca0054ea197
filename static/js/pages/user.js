/** Wires the page of one user: the answer on one side, what the log says on the other. */
import { ApiError, ValidationProblem } from "../api.js";
import { day } from "../calendar.js";
import { FormQuestions, markTitle } from "../form-questions.js";
import { noticeOf } from "../notices.js";
import { readUserAddress, userAddress } from "../user-address.js";
import { readChurn } from "../users-api.js";
import { seenWords } from "../user-words.js";
import { askToErase } from "./user-erase.js";
import { showEvents } from "./user-events.js";
import { showTimeline } from "./user-timeline.js";
import { showValue } from "./user-value.js";
import "../elements/status-notice.js";
import "../elements/user-card.js";

const QUIET_MS = 400;

const { id, asOf } = readUserAddress(location.search);
const notice = document.querySelector("#page-notice");
const loading = document.querySelector("#loading");
const form = document.querySelector("#as-of-form");
const questions = new FormQuestions(form, document.querySelector("error-summary"));

notice.addEventListener("retry", load);
document.querySelector("#erase-button").addEventListener("click", () => askToErase(id));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  // A new page, so that the way back is the browser's.
  location.assign(userAddress(id, questions.sent.as_of));
});
if (id) {
  document.title = document.title.replace(/^User/, () => `User ${id}`);
  document.querySelector("#user-name").textContent = `User ${id}`;
  load();
} else {
  showNotFound("The address of this page names no user.");
}

async function load() {
  const slow = setTimeout(() => (loading.hidden = false), QUIET_MS);
  try {
    show(await readChurn(id, asOf));
  } catch (error) {
    showFailure(error);
  } finally {
    clearTimeout(slow);
    loading.hidden = true;
  }
}

function show(answer) {
  markTitle(false);
  notice.notice = null;
  document.querySelector("#user").hidden = false;
  document.querySelector("#seen").textContent = seenWords(answer);
  const title = asOf ? `Answer as of ${day(answer.as_of)}` : `Latest answer, as of ${day(answer.as_of)}`;
  document.querySelector("#user-card").answer = { answer, title };
  const latest = document.querySelector("#latest");
  document.querySelector("#whole-log").hidden = latest.hidden = asOf === "";
  latest.href = userAddress(id);
  questions.fill({ as_of: answer.as_of });
  showValue(answer.value);
  showTimeline(id);
  showEvents(id);
}

function showFailure(error) {
  markTitle(true);
  if (error.status === 404) {
    showNotFound(`No event of ${id} is stored: check the spelling, capitals count. A user may also have been erased.`);
  } else if (asOf && error instanceof ValidationProblem) {
    // The day of the address is at fault, not the user: the form that can change it is shown alone.
    document.querySelector("#user").hidden = false;
    document.querySelector("#user").classList.add("day-only");
    questions.errors = error.errors;
    document.querySelector("#latest").hidden = false;
    document.querySelector("#latest").href = userAddress(id);
  } else {
    notice.notice = noticeOf(error);
    if (!(error instanceof ApiError)) console.error(error);
  }
}

function showNotFound(reason) {
  notice.notice = null;
  document.querySelector("#not-found-reason").textContent = reason;
  document.querySelector("#not-found").hidden = false;
}
