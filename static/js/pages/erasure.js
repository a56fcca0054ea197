/** Somebody is erased: asked twice, done once, told on the list. */
import { ApiError } from "../api.js";
import { leaveNews } from "../news.js";
import { noticeOf } from "../notices.js";
import "../elements/erase-dialog.js";
import "../elements/status-notice.js";

/**
 * Wire the dialog of the page.
 * @param {{name: string, erase: (id: string) => Promise<void>, page: string}} who what the person is called on the page,
 *   the call that erases, and the list that tells of it
 * @returns {(id: string) => void} opens the dialog
 */
export function wireErasure({ name, erase, page }) {
  const dialog = document.querySelector("erase-dialog");
  const notice = document.querySelector("#erase-notice");
  const button = document.querySelector("#erase-button");
  let asked = "";

  async function confirmed() {
    button.textContent = "Erasing…";
    try {
      await erase(asked).catch((error) => {
        // Erased by the request before this one, whose answer did not arrive.
        if (error.status !== 404) throw error;
      });
      leaveNews(`${name} ${asked} is erased.`);
      location.assign(page);
    } catch (error) {
      button.textContent = "Erase…";
      const kept = `The ${name.toLowerCase()} is still stored.`;
      notice.notice = noticeOf(error, { kept: error.status === 409 ? kept : "" });
      if (!(error instanceof ApiError)) console.error(error);
    }
  }

  dialog.addEventListener("erase-confirmed", confirmed);
  notice.addEventListener("retry", confirmed);
  return (id) => {
    asked = id;
    dialog.ask(id);
  };
}
