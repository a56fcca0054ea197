/**
 * One file's job: where it stands, how far it is, what came out, and what can be done now.
 *
 * <job-card></job-card>
 *
 * Property: `job`, a job of the API; setting it again keeps the keyboard where it is.
 * Property: `unreachable`, a sentence while nothing answers, or null. Event: `cancel-asked`.
 */
import { errorsAddress, resultsAddress } from "../batch-api.js";
import { count, fileSize } from "../batch-words.js";
import { moment } from "../calendar.js";
import { isOver, nextStep, paceOf, portion, rejectedRows, remarks, rowsDone, shareDone, wordsOf } from "../job-words.js";
import "./progress-meter.js";
import "./state-mark.js";
import "./tier-mark.js";

export class JobCard extends HTMLElement {
  set job(job) {
    if (!this.firstElementChild) this.#build();
    this.dataset.state = job.state;
    this.#write("file-name", job.file_name);
    this.querySelector("state-mark").job = job;
    this.#write("when", `Uploaded ${moment(job.created_at)}, ${fileSize(job.file_bytes)}`);
    this.#progress(job);
    this.#write("reason", job.reason ?? "");
    this.#write("next-step", nextStep(job));
    this.#tiers(job);
    this.#rejections(job);
    this.#remarks(job);
    this.#mapping(job);
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
    this.append(document.querySelector("#job-card-template").content.cloneNode(true));
    this.querySelector("[data-action=cancel]").addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("cancel-asked"));
    });
  }

  #progress(job) {
    this.querySelector("progress-meter").reading = { part: shareDone(job), words: rowsDone(job), pace: paceOf(job) };
  }

  #tiers({ tiers, rows_scored }) {
    const items = Object.entries(tiers).map(([tier, customers]) => {
      const mark = document.createElement("tier-mark");
      const item = element("li");
      item.append(mark, element("strong", count(customers)), element("span", portion(customers, rows_scored)));
      mark.reading = { tier, text: `${tier} risk` };
      return item;
    });
    this.#slot("tiers").replaceChildren(...items);
  }

  #rejections(job) {
    const rows = job.rejections.map(({ message, rows: number }) => {
      const row = element("tr");
      row.append(element("td", message), element("td", count(number)));
      return row;
    });
    this.#write("rejected", rejectedRows(job));
    this.querySelector(".reason-table").hidden = rows.length === 0;
    this.querySelector(".reason-table tbody").replaceChildren(...rows);
    this.#link("errors", job.errors_ready && job.rows_rejected > 0, errorsAddress(job.id));
  }

  #remarks(job) {
    const items = remarks(job).map((sentence) => element("li", sentence));
    this.#part("remarks").hidden = items.length === 0;
    this.#slot("remarks").replaceChildren(...items);
  }

  #mapping({ mapping, ignored_columns, models }) {
    const pairs = [
      ...Object.entries(mapping).map(([field, column]) => [wordsOf(field), column]),
      ["Not used", ignored_columns.join(", ") || "none"],
      ["Models", models.join(", ") || "none yet"],
    ];
    this.#slot("mapping").replaceChildren(...pairs.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  }

  #actions(job) {
    const over = isOver(job);
    this.#link("results", over && job.results_ready, resultsAddress(job.id));
    this.#slot("customers").hidden = !over || job.rows_scored === 0;
    this.#slot("another").hidden = !over;
    this.querySelector("[data-action=cancel]").hidden = over;
  }

  #link(name, isThere, address) {
    this.#slot(name).hidden = !isThere;
    this.#slot(name).href = address;
  }

  #write(name, text) {
    this.#slot(name).textContent = text;
  }

  #slot(name) {
    return this.querySelector(`[data-slot=${name}]`);
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }
}

function element(tag, text = "") {
  return Object.assign(document.createElement(tag), { textContent: text });
}

customElements.define("job-card", JobCard);
