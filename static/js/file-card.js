/** What the card of a file's job has in common, whatever the file holds; the card itself says what came out. */
import { fileSize } from "./batch-words.js";
import { moment } from "./calendar.js";
import { nextStep, paceOf, rowsDone, shareDone } from "./job-words.js";
import "./elements/progress-meter.js";
import "./elements/state-mark.js";

export class FileCard extends HTMLElement {
  /** Show a job: its name, its state and how far it is, then what the card `tells` of it. */
  set job(job) {
    if (!this.firstElementChild) this.#build();
    this.dataset.state = job.state;
    this.write("file-name", job.file_name);
    this.querySelector("state-mark").job = job;
    this.write("when", `Uploaded ${moment(job.created_at)}, ${fileSize(job.file_bytes)}`);
    this.querySelector("progress-meter").reading = { part: shareDone(job), words: rowsDone(job), pace: paceOf(job) };
    this.write("reason", job.reason ?? "");
    this.write("next-step", nextStep(job));
    this.tell(job);
  }

  set unreachable(sentence) {
    if (!this.firstElementChild) return;
    this.slotNamed("unreachable").hidden = sentence === null;
    this.write("unreachable", sentence ?? "");
  }

  /** Put the keyboard on the file's name. */
  focus() {
    this.slotNamed("file-name").focus();
  }

  /** @param {string} name of a slot @param {string} text what it says */
  write(name, text) {
    this.slotNamed(name).textContent = text;
  }

  /** @param {string} name @returns {HTMLElement} */
  slotNamed(name) {
    return this.querySelector(`[data-slot=${name}]`);
  }

  #build() {
    this.append(document.querySelector(`#${this.localName}-template`).content.cloneNode(true));
    this.querySelector("[data-action=cancel]").addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("cancel-asked"));
    });
  }
}
