/** The way of a new log: it is chosen, a person checks how it is read, and it is sent. */
import { UnexpectedAnswer, ValidationProblem } from "../api.js";
import { FileGone, newKey } from "../file-upload.js";
import { previewLog, saveEventMapping, startLogJob } from "../logs-api.js";
import { announce, busyWhile, entitle, show, showErrors, showNotice } from "./batch-stage.js";
import { watchUpload } from "./upload-step.js";
import "../elements/file-drop.js";
import "../elements/form-field.js";
import "../elements/log-preview.js";

const REFUSED = [413, 415];
const CHOOSE_A_LOG = { field: "file", message: "Choose a log of events" };
const DETECT = { adapter: "auto", mapping: null };
const PAUSE_MS = 300;

const fileField = document.querySelector("form-field[name=file]");
const drop = document.querySelector("file-drop");
const preview = document.querySelector("log-preview");

let confirmed = { file: null, plan: null };
let waiting = null;

/**
 * Wire the steps.
 * @param {(job: object) => void} onJob called with the job once the log is on the server
 */
export function wireLoad(onJob) {
  onSubmit("#load-form", "#check-button", () => check());
  onSubmit("#check-form", "#upload-button", () => send(onJob));
  drop.addEventListener("file-chosen", () => (fileField.error = null));
  preview.addEventListener("read-again", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => check(preview.plan), PAUSE_MS);
  });
  preview.addEventListener("another-file", () => {
    drop.clear();
    showChoose();
    document.querySelector("#load-heading").focus();
  });
  offerExample();
}

/** Show the first step. */
export function showChoose() {
  entitle("Load a log");
  show("load-step");
}

async function check(plan = DETECT) {
  if (drop.file === null) {
    refuse([CHOOSE_A_LOG]);
    return;
  }
  try {
    const found = await previewLog(drop.file, plan);
    if (plan !== DETECT && !isSame(plan, preview.plan)) return;
    const isFirst = fileField.checkVisibility();
    entitle("Check the log");
    show("check-step");
    fileField.error = null;
    if (plan.mapping) preview.tried = found;
    else preview.reading = { file: drop.file, preview: found };
    if (isFirst) document.querySelector("#check-heading").focus();
  } catch (error) {
    refuseOr(error, { kept: "The file is still chosen.", again: () => check(plan) });
  }
}

async function send(onJob) {
  clearTimeout(waiting);
  const { file } = drop;
  try {
    const confirmation = await confirm(file, preview.plan);
    const job = await watchUpload(file, (watched) => startLogJob(file, { ...confirmation, ...watched }));
    drop.clear();
    onJob(job);
  } catch (error) {
    entitle("Check the log");
    show("check-step");
    document.querySelector("#check-heading").focus();
    if (error.name === "AbortError") announce("The upload was cancelled. Nothing was stored.");
    else refuseOr(error, { kept: "The log is still chosen.", again: () => send(onJob) });
  }
}

// One key for one confirmed log: asking again after a lost answer finds the job instead of starting a second one.
async function confirm(file, plan) {
  if (confirmed.file !== file || !isSame(confirmed.plan, plan)) {
    const mappingId = plan.mapping && (await saveEventMapping(plan.mapping)).id;
    confirmed = { file, plan, adapter: plan.adapter, mappingId, idempotencyKey: newKey() };
  }
  return confirmed;
}

function isSame(plan, other) {
  return JSON.stringify(plan) === JSON.stringify(other);
}

function refuseOr(error, options) {
  const isRefusal = error instanceof FileGone || (error instanceof UnexpectedAnswer && REFUSED.includes(error.status));
  if (error instanceof ValidationProblem) refuse(error.errors);
  else if (isRefusal) refuse([{ field: null, message: error.message }]);
  else showNotice(error, options);
}

/** What is wrong with a log is said about the file; on the second step its field is out of sight. */
function refuse(errors) {
  const isChoosing = fileField.checkVisibility();
  const placed = errors.map(({ message }) => ({ field: isChoosing ? "file" : null, message }));
  if (isChoosing) fileField.error = placed[0].message;
  showNotice(null);
  showErrors(placed, () => fileField.focus());
}

function onSubmit(form, button, work) {
  document.querySelector(form).addEventListener("submit", (event) => {
    event.preventDefault();
    busyWhile(document.querySelector(button), work);
  });
}

function offerExample() {
  const lines = document.querySelector("#example-log").content.textContent.trim();
  const file = new Blob([`${lines}\n`], { type: "application/x-ndjson" });
  document.querySelector("#example-link").href = URL.createObjectURL(file);
}
