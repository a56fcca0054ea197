/**
 * The files that were uploaded, newest first.
 *
 * <job-list></job-list>
 *
 * Method: `add({jobs, next})` appends a page of the list; `next` is null on the last one.
 * Events: `more-asked` with detail {cursor}, `first-asked` when there is no file yet and a person wants to choose one.
 */
import { moment } from "../calendar.js";
import { isOver, jobPage, outcomeOf, rowsDone } from "../job-words.js";
import "./state-mark.js";

export class JobList extends HTMLElement {
  #next = null;

  /** @param {{jobs: object[], next: string | null}} page */
  add({ jobs, next }) {
    if (!this.firstElementChild) this.#build();
    const isFurtherPage = this.#rows.childElementCount > 0;
    const items = jobs.map((job) => this.#row(job));
    this.#rows.append(...items);
    this.#rows.hidden = this.#rows.childElementCount === 0;
    this.querySelector(".empty-state").hidden = !this.#rows.hidden;
    this.#next = next;
    this.#button("more").hidden = next === null;
    if (isFurtherPage) items[0]?.querySelector("a").focus();
  }

  get #rows() {
    return this.querySelector("ul");
  }

  #build() {
    this.append(document.querySelector("#job-list-template").content.cloneNode(true));
    this.#button("more").addEventListener("click", () => this.#tell("more-asked", { cursor: this.#next }));
    this.#button("first").addEventListener("click", () => this.#tell("first-asked"));
  }

  #row(job) {
    // Imported, not cloned: an element inside a template becomes itself only in the page's own document.
    const row = document.importNode(document.querySelector("#job-row-template").content.firstElementChild, true);
    row.querySelector("a").textContent = job.file_name;
    row.querySelector("a").href = `${jobPage(job)}?job=${encodeURIComponent(job.id)}`;
    row.querySelector("state-mark").job = job;
    row.querySelector("[data-slot=outcome]").textContent = isOver(job) ? outcomeOf(job) : rowsDone(job);
    row.querySelector("time").dateTime = job.created_at;
    row.querySelector("time").textContent = moment(job.created_at);
    return row;
  }

  #tell(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #button(name) {
    return this.querySelector(`[data-action=${name}]`);
  }
}

customElements.define("job-list", JobList);
