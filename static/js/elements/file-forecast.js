/**
 * What would happen to a file: how it is read, the trial of its first rows, what is not used, and the way on.
 *
 * <file-forecast></file-forecast>
 *
 * Property: `forecast`, {file, preview}: the File and the answer of POST /batch/preview.
 * Property: `chosen`, {field: column}; setting it tells what is not used any more and what is missing.
 * Property: `tried`, the answer of POST /batch/preview for other columns, null while it is awaited, or the Error instead.
 * Property: `wantsReasons`, whether the results should say why; it stays when the file is read again.
 * Events: `read-again` with detail {encoding, delimiter, has_header}, `another-file`. Its submit button belongs to the
 * form around it.
 */
import { countOf, estimatedRows, fileSize, readingOf, trialSentence } from "../batch-words.js";
import "./form-field.js";

export class FileForecast extends HTMLElement {
  #preview = null;

  set forecast({ file, preview }) {
    const { wantsReasons } = this;
    this.#preview = preview;
    this.replaceChildren(document.querySelector("#file-forecast-template").content.cloneNode(true));
    this.#slot("file-name").textContent = file.name;
    this.#slot("size").textContent = `${fileSize(file.size)}, ${estimatedRows(preview)}`;
    this.#slot("reading").textContent = readingOf(preview);
    this.tried = preview;
    for (const name of ["encoding", "delimiter", "has_header"]) {
      this.querySelector(`form-field[name=${name}]`).value = String(preview[name]);
    }
    this.#reasons.checked = wantsReasons;
    this.#button("read-again").addEventListener("click", () => this.#tell("read-again", this.#reading));
    this.#button("another-file").addEventListener("click", () => this.#tell("another-file"));
  }

  set chosen(chosen) {
    const { columns, fields } = this.#preview;
    const used = new Set(Object.values(chosen));
    const unused = columns.map(({ name }) => name).filter((name) => !used.has(name));
    this.#slot("unused").replaceChildren(...unused.map((name) => item(name)));
    this.#slot("none-unused").hidden = unused.length > 0;
    const optional = fields.filter(({ required }) => !required).map(({ field }) => field);
    this.#part("no-customer-id").hidden = "customerId" in chosen;
    this.#part("no-minutes").hidden = optional.some((field) => field !== "customerId" && field in chosen);
  }

  set tried(tried) {
    const rejections = tried?.trial?.rejections ?? [];
    this.#slot("trial").textContent = trialWords(tried);
    this.#part("trial").classList.toggle("caution-part", tried?.trial?.scored === 0);
    const reasons = rejections.map(({ message, rows }) => item(`${message} (${countOf(rows, "row")})`));
    this.#slot("rejections").replaceChildren(...reasons);
  }

  get wantsReasons() {
    return this.#reasons?.checked ?? false;
  }

  get #reasons() {
    return this.querySelector("#reasons");
  }

  get #reading() {
    const choices = [...this.querySelectorAll(".reading-choices form-field")];
    return Object.fromEntries(choices.map(({ name, value }) => [name, value]));
  }

  #tell(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #slot(name) {
    return this.querySelector(`[data-slot=${name}]`);
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }

  #button(name) {
    return this.querySelector(`[data-action=${name}]`);
  }
}

function trialWords(tried) {
  if (tried === null) return "Trying the columns you chose";
  if (tried instanceof Error) return "The columns could not be tried out. Every row is checked when the file is scored.";
  if (tried.trial) return trialSentence(tried.trial);
  const missing = countOf(tried.missing.length, "needed fact has", "needed facts have");
  return `Nothing could be scored yet: ${missing} no column.`;
}

function item(text) {
  const element = document.createElement("li");
  element.textContent = text;
  return element;
}

customElements.define("file-forecast", FileForecast);
