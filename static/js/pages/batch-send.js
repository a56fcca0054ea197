/** The last step of a file's way: its confirmed columns are stored, and the file is sent where a person can watch it. */
import { newKey, saveMapping, startJob } from "../batch-api.js";
import { watchUpload } from "./upload-step.js";

let confirmed = { file: null, text: "" };

/**
 * Store the mapping and send the file.
 * @param {File} file
 * @param {object} mapping as POST /batch/mappings takes it
 * @param {boolean} reasons whether the results should say why
 * @returns {Promise<object>} the job; rejects with an AbortError when a person stopped the upload
 */
export async function sendFile(file, mapping, reasons) {
  const { mappingId, idempotencyKey } = await confirm(file, mapping, reasons);
  return watchUpload(file, (watched) => startJob(file, { mappingId, reasons, idempotencyKey, ...watched }));
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
