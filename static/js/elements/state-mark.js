/**
 * Where a job stands, as word, symbol and colour.
 *
 * <state-mark></state-mark>
 *
 * Property: `job`, a job of the API.
 */
import { stateWord } from "../job-words.js";

export class StateMark extends HTMLElement {
  set job(job) {
    if (!this.firstElementChild) this.append(document.querySelector("#state-mark-template").content.cloneNode(true));
    this.dataset.state = job.state;
    for (const symbol of this.querySelectorAll("[data-symbol]")) {
      symbol.toggleAttribute("hidden", symbol.dataset.symbol !== job.state);
    }
    this.querySelector("[data-slot=state]").textContent = stateWord(job);
  }
}

customElements.define("state-mark", StateMark);
