/**
 * One loaded log: how far it is, what became of its rows, whose its events are, and what can be done now.
 *
 * <log-card></log-card>
 *
 * Property: `job`, a job of the API whose kind is "events"; setting it again keeps the keyboard where it is.
 * Property: `unreachable`, a sentence while nothing answers, or null. Event: `cancel-asked`.
 */
import { errorsAddress } from "../batch-api.js";
import { count, fileSize } from "../batch-words.js";
import { moment } from "../calendar.js";
import { isOver, nextStep, paceOf, rowsDone, shareDone } from "../job-words.js";
import { identitySentence, rejectedSentence, rowFates, usersSentence } from "../log-words.js";
import "./progress-meter.js";
import "./state-mark.js";

export class LogCard extends HTMLElement {
  set job(job) {
    if (!this.firstElementChild) this.#build();
    this.dataset.state = job.state;
    this.#write("file-name", job.file_name);
    this.querySelector("state-mark").job = job;
    this.#write("when", `Uploaded ${moment(job.created_at)}, ${fileSize(job.file_bytes)}`);
    this.querySelector("progress-meter").reading = { part: shareDone(job), words: rowsDone(job), pace: paceOf(job) };
    this.#write("reason", job.reason ?? "");
    this.#write("next-step", nextStep(job));
    this.#rows("fates", rowFates(job).map(({ name, rows, part }) => [name, rows, part]));
    this.#identity(job.events);
    this.#rejections(job);
    this.#actions(job);
  }

  set unreachable(sentence) {
    if (!this.firstElementChild) return;
    this.#slot("unreachable").hidden = sentence === null;
    this.#write("unreachable", sentence ?? "");
  }

  /** Put the keyboard on the file's name. */
  focus() {
    this.#slot("file-name").focus();
  }

  #build() {
    this.append(document.querySelector("#log-card-template").content.cloneNode(true));
    this.querySelector("[data-action=cancel]").addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("cancel-asked"));
    });
  }

  #identity(events) {
    this.#write("identity", identitySentence(events));
    this.#rows("unidentified", events.unidentified.map(({ message, events: number }) => [message, count(number)]));
    this.#rows("unknown-kinds", events.unknown_kinds.map(({ kind, events: number }) => [kind, count(number)]));
    this.querySelector("[data-part=unknown-kinds]").hidden = events.unknown_kinds.length === 0;
    this.#write("users", usersSentence(events));
  }

  #rejections(job) {
    this.#write("rejected", rejectedSentence(job));
    this.#rows("rejections", job.rejections.map(({ message, rows }) => [message, count(rows)]));
    const link = this.#slot("errors");
    link.hidden = !job.errors_ready || job.rows_rejected === 0;
    link.href = errorsAddress(job.id);
  }

  #actions(job) {
    const over = isOver(job);
    this.#slot("at-risk").hidden = !over || job.events.accepted + job.events.duplicates === 0;
    this.#slot("another").hidden = !over;
    this.querySelector("[data-action=cancel]").hidden = over;
  }

  /** Fill a table; without a row it is not there. */
  #rows(slot, rows) {
    const table = this.#slot(slot);
    table.hidden = rows.length === 0;
    table.tBodies[0].replaceChildren(...rows.map(line));
  }

  #write(slot, text) {
    this.#slot(slot).textContent = text;
  }

  #slot(name) {
    return this.querySelector(`[data-slot=${name}]`);
  }
}

function line(texts) {
  const row = document.createElement("tr");
  row.append(...texts.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  return row;
}

customElements.define("log-card", LogCard);
