/** The last step of a file's way: its confirmed columns are stored, and the file is sent where a person can watch it. */
import { newKey, saveMapping, startJob } from "../batch-api.js";
import { fileSize, share } from "../batch-words.js";
import { entitle, show } from "./batch-stage.js";
import "../elements/progress-meter.js";

const step = document.querySelector("#upload-step");

let sending = null;
let confirmed = { file: null, text: "" };

/** Wire the upload's cancel button and the question before the page is left. */
export function wireSend() {
  document.querySelector("#stop-upload-button").addEventListener("click", () => sending?.abort());
  addEventListener("beforeunload", (event) => {
    if (sending) event.preventDefault();
  });
}

/**
 * Store the mapping and send the file.
 * @param {File} file
 * @param {object} mapping as POST /batch/mappings takes it
 * @param {boolean} reasons whether the results should say why
 * @returns {Promise<object>} the job; rejects with an AbortError when a person stopped the upload
 */
export async function sendFile(file, mapping, reasons) {
  const { mappingId, idempotencyKey } = await confirm(file, mapping, reasons);
  entitle("Uploading");
  show("upload-step");
  step.querySelector("[data-slot=file-name]").textContent = file.name;
  step.querySelector("h2").focus();
  showSent(0, file.size);
  sending = new AbortController();
  try {
    const onProgress = (bytes) => showSent(bytes, file.size);
    return await startJob(file, { mappingId, reasons, idempotencyKey, signal: sending.signal, onProgress });
  } finally {
    sending = null;
  }
}

// One key for one confirmed file: asking again after a lost answer finds the job instead of starting a second one.
async function confirm(file, mapping, reasons) {
  const text = JSON.stringify({ ...mapping, reasons });
  if (confirmed.file !== file || confirmed.text !== text) {
    const { id } = await saveMapping(mapping);
    confirmed = { file, text, mappingId: id, idempotencyKey: newKey() };
  }
  return confirmed;
}

function showSent(bytes, total) {
  // The request is a little longer than the file, and a browser counts what it handed over, not what arrived.
  const sent = Math.min(bytes, total);
  const isSent = sent === total;
  step.querySelector("progress-meter").reading = {
    part: isSent ? 1 : sent / total,
    words: isSent ? `${fileSize(total)} sent` : `${fileSize(sent)} of ${fileSize(total)} sent (${share(sent, total)})`,
    pace: isSent ? "The server is storing the file" : "",
  };
}
