/** The first steps of a file's way: it is chosen, and a person checks which of its columns feed the score. */
import { UnexpectedAnswer, ValidationProblem } from "../api.js";
import { FileGone, previewFile } from "../batch-api.js";
import { sendFile } from "./batch-send.js";
import { announce, busyWhile, entitle, show, showErrors, showNotice } from "./batch-stage.js";
import "../elements/column-mapping.js";
import "../elements/file-drop.js";
import "../elements/file-forecast.js";
import "../elements/sample-rows.js";

const PAUSE_BEFORE_TRIAL_MS = 300;
const REFUSED = [413, 415];
const CHOOSE_A_FILE = { field: "file", message: "Choose a CSV file" };

const fileField = document.querySelector("form-field[name=file]");
const drop = document.querySelector("file-drop");
const mapping = document.querySelector("column-mapping");
const forecast = document.querySelector("file-forecast");

let preview = null;
let trying = null;

/**
 * Wire the first two steps.
 * @param {(job: object) => void} onJob called with the job once the file is on the server
 */
export function wireCheck(onJob) {
  onSubmit("#choose-form", "#check-button", () => check());
  onSubmit("#check-form", "#upload-button", () => send(onJob));
  drop.addEventListener("file-chosen", () => (fileField.error = null));
  mapping.addEventListener("mapping-changed", () => {
    forecast.chosen = mapping.chosen;
    forgetTrial();
    trying = setTimeout(tryColumns, PAUSE_BEFORE_TRIAL_MS);
  });
  forecast.addEventListener("read-again", (event) => check(event.detail));
  forecast.addEventListener("another-file", () => {
    forgetTrial();
    drop.clear();
    showChoose();
    document.querySelector("#choose-heading").focus();
  });
  offerExample();
}

/** Show the first step, with the earlier files below it. */
export function showChoose() {
  entitle("");
  show("choose-step", "list-step");
}

/** Open the browser's file dialog. */
export function browse() {
  drop.browse();
}

async function check(differently) {
  forgetTrial();
  if (drop.file === null) {
    refuse([CHOOSE_A_FILE]);
    return;
  }
  try {
    preview = await previewFile(drop.file, differently);
  } catch (error) {
    refuseOr(error, { kept: "The file is still chosen.", again: () => check(differently) });
    return;
  }
  mapping.preview = preview;
  document.querySelector("sample-rows").preview = preview;
  forecast.forecast = { file: drop.file, preview };
  forecast.chosen = mapping.chosen;
  showCheck();
}

function showCheck() {
  entitle("Check the columns");
  show("check-step");
  fileField.error = null;
  mapping.errors = new Map();
  document.querySelector("#check-heading").focus();
}

async function tryColumns() {
  const asked = trying;
  forecast.tried = null;
  const tried = await previewFile(drop.file, reading(), mapping.chosen).catch((error) => error);
  if (asked === trying) forecast.tried = tried;
}

function forgetTrial() {
  clearTimeout(trying);
  trying = null;
}

function reading() {
  const { encoding, delimiter, has_header } = preview;
  return { encoding, delimiter, has_header };
}

async function send(onJob) {
  forgetTrial();
  try {
    const job = await sendFile(drop.file, { columns: mapping.chosen, ...reading() }, forecast.wantsReasons);
    drop.clear();
    onJob(job);
  } catch (error) {
    showCheck();
    if (error.name === "AbortError") announce("The upload was cancelled. Nothing was stored.");
    else refuseOr(error, { kept: "The file and its columns are still here.", again: () => send(onJob) });
  }
}

function refuseOr(error, options) {
  const isRefusal = error instanceof FileGone || (error instanceof UnexpectedAnswer && REFUSED.includes(error.status));
  if (error instanceof ValidationProblem) refuse(error.errors);
  else if (isRefusal) refuse([{ field: null, message: error.message }]);
  else showNotice(error, options);
}

// What is said about no column is said about the file; on the second step its field is out of sight.
function refuse(errors) {
  const isChoosing = fileField.checkVisibility();
  const placed = errors.map(({ field, message }) => {
    if (isChoosing) return { field: "file", message };
    return { field: mapping.row(field) ? field : null, message };
  });
  const firstByField = new Map(placed.toReversed().map(({ field, message }) => [field, message]));
  if (isChoosing) fileField.error = firstByField.get("file");
  else mapping.errors = firstByField;
  showNotice(null);
  showErrors(placed, (field) => (mapping.row(field) ?? fileField).focus());
}

function onSubmit(form, button, work) {
  document.querySelector(form).addEventListener("submit", (event) => {
    event.preventDefault();
    busyWhile(document.querySelector(button), work);
  });
}

function offerExample() {
  const lines = document.querySelector("#example-file").content.textContent.trim().split("\n");
  const file = new Blob([lines.map((line) => `${line.trim()}\r\n`).join("")], { type: "text/csv" });
  document.querySelector("#example-link").href = URL.createObjectURL(file);
}
