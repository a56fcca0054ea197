/**
 * One uploaded file on the page: its job is followed until it is over, through restarts of the server. The page has a
 * card for its kind of job; a job of the other kind is shown on the page that has one for it.
 */
import { NotReady, ServerDown } from "../api.js";
import { cancelJob, readJob } from "../batch-api.js";
import { follow } from "../follow.js";
import { isOver, jobPage, outcomeOf, rowsDone, shareDone, stateWord } from "../job-words.js";
import { announce, entitle, show, showNotice } from "./batch-stage.js";

const UNREACHABLE = "The server cannot be reached; trying again. The figures are the last ones it gave.";
const QUARTERS = 4;
// 422: the address holds something that cannot be the id of a file.
const NOT_THERE = [404, 422];

const card = document.querySelector("job-card, log-card");
const dialog = document.querySelector("#cancel-dialog");

let following = null;
let shownId = null;
let lastSaid = "";
let hasFailed = false;

/** Wire what a person can do with a job. */
export function wireJob() {
  card.addEventListener("cancel-asked", () => dialog.showModal());
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "stop") stopScoring();
    dialog.returnValue = "";
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) following?.now();
  });
}

/**
 * Show a job and keep it up to date.
 * @param {string} id
 * @param {object | null} [job] the job as it was just answered, if it was
 */
export function openJob(id, job = null) {
  leaveJob();
  shownId = id;
  lastSaid = "";
  hasFailed = false;
  card.replaceChildren();
  show("job-step");
  if (job) {
    showJob(job);
    card.focus();
  }
  followIt(job === null);
}

/** Stop following. */
export function leaveJob() {
  following?.stop();
  following = null;
  shownId = null;
}

function followIt(isNew) {
  let mustFocus = isNew;
  following = follow(async () => {
    const id = shownId;
    try {
      const job = await readJob(id);
      if (id !== shownId) return "over";
      showJob(job);
      if (mustFocus) card.focus();
      mustFocus = false;
      return isOver(job) ? "over" : "going";
    } catch (error) {
      return id === shownId ? showFailure(error) : "over";
    }
  }, () => document.hidden);
}

function showJob(job) {
  if (jobPage(job) !== location.pathname) {
    location.replace(`${jobPage(job)}${location.search}`);
    return;
  }
  card.job = job;
  card.unreachable = null;
  if (hasFailed) showNotice(null);
  hasFailed = false;
  const part = shareDone(job);
  const standing = isOver(job) || part === null ? stateWord(job) : `${Math.floor(part * 100)} %`;
  entitle(`${standing}: ${job.file_name}`);
  say(job);
  if (isOver(job) && dialog.open) dialog.close();
}

// A sentence at each quarter of the way: one a second would talk over everything else.
function say(job) {
  const quarter = Math.floor((shareDone(job) ?? 0) * QUARTERS);
  const key = `${job.state} ${isOver(job) ? "" : quarter}`;
  if (key === lastSaid) return;
  lastSaid = key;
  announce(`${stateWord(job)}. ${isOver(job) ? outcomeOf(job) : rowsDone(job)}.`);
}

function showFailure(error) {
  if (NOT_THERE.includes(error.status)) {
    entitle("Not found");
    show("missing-step");
    document.querySelector("#missing-heading").focus();
    return "over";
  }
  const isPassing = error instanceof ServerDown || error instanceof NotReady;
  if (isPassing && card.firstElementChild) {
    card.unreachable = UNREACHABLE;
    if (lastSaid !== UNREACHABLE) announce(UNREACHABLE);
    lastSaid = UNREACHABLE;
    return "unreachable";
  }
  if (!hasFailed) showNotice(error, { again: () => following?.now() });
  hasFailed = true;
  return "unreachable";
}

async function stopScoring() {
  try {
    await cancelJob(shownId);
  } catch (error) {
    // 409: it finished while the person was deciding; the next look shows that.
    if (error.status !== 409) showNotice(error, { again: stopScoring });
  }
  following?.now();
}
