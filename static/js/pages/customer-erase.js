/** Wires the erasure of a customer: asked twice, done once, told on the list. */
import { ApiError } from "../api.js";
import { eraseCustomer } from "../customers-api.js";
import { LIST_PAGE } from "../customers-query.js";
import { leaveNews } from "../news.js";
import { noticeOf } from "../notices.js";
import "../elements/erase-dialog.js";
import "../elements/status-notice.js";

const KEPT = "The customer is still stored.";

const dialog = document.querySelector("erase-dialog");
const notice = document.querySelector("#erase-notice");
const button = document.querySelector("#erase-button");

let asked = "";

dialog.addEventListener("erase-confirmed", erase);
notice.addEventListener("retry", erase);

/** Open the dialog. @param {string} id */
export function askToErase(id) {
  asked = id;
  dialog.ask(id);
}

async function erase() {
  button.textContent = "Erasing…";
  try {
    await eraseCustomer(asked).catch((error) => {
      // Erased by the request before this one, whose answer did not arrive.
      if (error.status !== 404) throw error;
    });
    leaveNews(`Customer ${asked} is erased.`);
    location.assign(LIST_PAGE);
  } catch (error) {
    button.textContent = "Erase…";
    notice.notice = noticeOf(error, { kept: error.status === 409 ? KEPT : "" });
    if (!(error instanceof ApiError)) console.error(error);
  }
}
