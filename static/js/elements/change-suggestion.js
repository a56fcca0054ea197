/**
 * The closest change that would lower the tier: asked for by a button, told in words, applied by another button.
 *
 * <change-suggestion></change-suggestion>
 *
 * Property: `suggestion`, the answer of POST /closest-change; null takes it away. Property: `failure`, a sentence or
 * null. Property: `isBusy`. Events, both bubble: `change-wanted`, and `change-applied` with detail {changes}.
 */
import { percent } from "../format.js";
import "./retry-note.js";

const FIND = "Find the closest change that lowers the tier";

export class ChangeSuggestion extends HTMLElement {
  connectedCallback() {
    if (this.firstElementChild) return;
    this.append(document.querySelector("#change-suggestion-template").content.cloneNode(true));
    this.#find.addEventListener("click", () => this.#tell("change-wanted"));
    this.querySelector("retry-note").addEventListener("retry", () => this.#tell("change-wanted"));
  }

  set suggestion(suggestion) {
    const panel = this.querySelector("[data-part=suggestion]");
    panel.hidden = suggestion === null;
    if (panel.hidden) return;
    const { message, changes, answer, note } = suggestion;
    this.#write("message", message);
    this.#write("note", answer ? note : "");
    this.querySelector("[data-slot=changes]").replaceChildren(...changes.map(item));
    const result = this.querySelector("[data-part=result]");
    result.hidden = answer === null;
    if (answer) {
      result.querySelector("tier-mark").reading = { tier: answer.churn_risk, text: `${answer.churn_risk} risk` };
      this.#write("result", `${percent(answer.churn_probability)} likely to leave with these values`);
    }
    const apply = this.querySelector("[data-act=apply]");
    apply.hidden = changes.length === 0;
    apply.onclick = () => this.#tell("change-applied", { changes });
    this.querySelector("[data-slot=message]").focus({ preventScroll: true });
    panel.scrollIntoView({ block: "nearest" });
  }

  set failure(sentence) {
    this.querySelector("retry-note").failure = sentence;
  }

  set isBusy(isBusy) {
    // Not `disabled`: a disabled button drops the keyboard focus.
    this.#find.setAttribute("aria-disabled", String(isBusy));
    this.#find.setAttribute("aria-busy", String(isBusy));
    this.#find.textContent = isBusy ? "Looking for the closest change…" : FIND;
  }

  get #find() {
    return this.querySelector("[data-act=find]");
  }

  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { bubbles: true, detail }));
  }

  #write(slot, text) {
    this.querySelector(`[data-slot=${slot}]`).textContent = text;
  }
}

function item({ text }) {
  const line = document.createElement("li");
  line.textContent = text;
  return line;
}

customElements.define("change-suggestion", ChangeSuggestion);
