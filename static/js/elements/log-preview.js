/**
 * How a log would be read: its columns, its kinds of events, and what would become of its first rows.
 *
 * <log-preview></log-preview>
 *
 * Property: `reading`, {file, preview}: the File and the answer of POST /batch/event-preview. Property: `tried`, such an
 * answer for columns a person chose, or null while too few are chosen. Property: `plan` (read), {adapter, mapping}.
 * Events: `read-again` when the plan is another one, `another-file`. Its submit button belongs to the form around it.
 */
import { count, countOf } from "../batch-words.js";
import { columnRows, logSize, logTrialSentence, missingSentence } from "../log-words.js";
import "./event-mapping.js";
import "./form-field.js";

const OWN = "own";
const TOO_FEW = "Choose the columns that say when each event happened and what happened.";

export class LogPreview extends HTMLElement {
  set reading({ file, preview }) {
    if (!this.firstElementChild) this.#build();
    this.#write("file-name", file.name);
    this.#write("size", logSize(file.size, preview));
    this.#choice.value = preview.adapter ?? OWN;
    this.#mapping.preview = preview;
    this.#rows("columns", columnRows(preview));
    this.#showOwn();
    this.tried = this.#isOwn && !this.#mapping.isEnough ? null : preview;
  }

  set tried(preview) {
    this.#kinds(preview?.kinds ?? []);
    this.#trial(preview?.trial ?? { rows: 0, accepted: 0, rejections: [] });
    if (preview === null) this.#write("trial", TOO_FEW);
    else if (preview.missing.length) this.#write("trial", missingSentence(preview.missing));
  }

  get plan() {
    return this.#isOwn ? { adapter: "auto", mapping: this.#mapping.mapping } : { adapter: this.#choice.value, mapping: null };
  }

  get #choice() {
    return this.querySelector("form-field[name=adapter]");
  }

  get #mapping() {
    return this.querySelector("event-mapping");
  }

  get #isOwn() {
    return this.#choice.value === OWN;
  }

  #build() {
    this.append(document.importNode(document.querySelector("#log-preview-template").content, true));
    this.#choice.querySelector("select").addEventListener("change", () => {
      this.#showOwn();
      this.#readAgain();
    });
    this.#mapping.addEventListener("mapping-changed", () => this.#readAgain());
    this.querySelector("[data-action=another-file]").addEventListener("click", () => this.#tell("another-file"));
  }

  #kinds(kinds) {
    if (this.#isOwn) this.#mapping.kinds = kinds;
    this.#rows("kinds", kinds.map(({ source, kind, rows }) => [source, kind ?? "kept, no signal of its own", count(rows)]));
    this.#part("kinds").hidden = this.#isOwn || kinds.length === 0;
  }

  #trial(trial) {
    this.#write("trial", logTrialSentence(trial));
    this.#part("trial").classList.toggle("caution-part", trial.accepted === 0);
    const problems = trial.rejections.map(({ message, rows }) => item(`${message} (${countOf(rows, "row")})`));
    this.#slot("rejections").replaceChildren(...problems);
  }

  #showOwn() {
    this.#mapping.hidden = !this.#isOwn;
    this.#part("columns").hidden = this.#isOwn;
  }

  #readAgain() {
    if (this.#isOwn && !this.#mapping.isEnough) this.tried = null;
    else this.#tell("read-again");
  }

  #rows(slot, rows) {
    this.#slot(slot).tBodies[0].replaceChildren(...rows.map(line));
  }

  #tell(name) {
    this.dispatchEvent(new CustomEvent(name));
  }

  #write(slot, text) {
    this.#slot(slot).textContent = text;
  }

  #slot(name) {
    return this.querySelector(`[data-slot=${name}]`);
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }
}

function line(texts) {
  const row = document.createElement("tr");
  const cells = texts.map((text, place) => Object.assign(document.createElement(place ? "td" : "th"), { textContent: text }));
  cells[0].scope = "row";
  row.append(...cells);
  return row;
}

function item(text) {
  return Object.assign(document.createElement("li"), { textContent: text });
}

customElements.define("log-preview", LogPreview);
