/** The upload of a file, wherever one is sent: a person watches how far it is, and can stop it. */
import { fileSize, share } from "../batch-words.js";
import { entitle, show } from "./batch-stage.js";
import "../elements/progress-meter.js";

const step = document.querySelector("#upload-step");

let sending = null;

/** Wire the upload's cancel button and the question before the page is left. */
export function wireUpload() {
  document.querySelector("#stop-upload-button").addEventListener("click", () => sending?.abort());
  addEventListener("beforeunload", (event) => {
    if (sending) event.preventDefault();
  });
}

/**
 * Show the upload of a file until it is over.
 * @param {File} file
 * @param {(watched: {signal: AbortSignal, onProgress: (bytesSent: number) => void}) => Promise<object>} start sends it
 * @returns {Promise<object>} what `start` gives; rejects with an AbortError when a person stopped the upload
 */
export async function watchUpload(file, start) {
  entitle("Uploading");
  show("upload-step");
  step.querySelector("[data-slot=file-name]").textContent = file.name;
  step.querySelector("h2").focus();
  showSent(0, file.size);
  sending = new AbortController();
  try {
    return await start({ signal: sending.signal, onProgress: (bytes) => showSent(bytes, file.size) });
  } finally {
    sending = null;
  }
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
