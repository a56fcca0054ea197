/**
 * Which column of the file feeds which fact about a customer: one list per fact, sample values beside it.
 *
 * <column-mapping></column-mapping>
 *
 * Property: `preview`, the answer of POST /batch/preview. Property: `chosen` (read), {field: column} of what is chosen.
 * Property: `errors`, a Map from field to sentence. Event: `mapping-changed` when a person chose another column.
 */
import { foundBy } from "../batch-words.js";
import "./form-field.js";

const SAMPLES_SHOWN = 3;

export class ColumnMapping extends HTMLElement {
  #columns = new Map();
  #suggested = new Map();

  set preview({ columns, fields }) {
    this.#columns = new Map(columns.map((column) => [column.name, column]));
    this.#suggested = new Map(fields.map(({ field, column }) => [field, column]));
    this.replaceChildren(document.querySelector("#column-mapping-template").content.cloneNode(true));
    for (const group of ["needed", "optional"]) {
      const rows = fields.filter(({ required }) => required === (group === "needed"));
      this.querySelector(`[data-group=${group}]`).append(...rows.map((field) => this.#row(field)));
    }
  }

  get chosen() {
    return Object.fromEntries(this.#rows.map(({ name, value }) => [name, value]).filter(([, column]) => column !== ""));
  }

  set errors(errors) {
    for (const row of this.#rows) row.error = errors.get(row.name) ?? null;
  }

  /** @param {string} field @returns {HTMLElement | undefined} the row of a field */
  row(field) {
    return this.#rows.find(({ name }) => name === field);
  }

  get #rows() {
    return [...this.querySelectorAll("form-field")];
  }

  #row({ field, label, required, column }) {
    const row = document.querySelector("#mapping-row-template").content.firstElementChild.cloneNode(true);
    const select = row.querySelector("select");
    row.setAttribute("name", field);
    row.querySelector("label").textContent = label;
    row.querySelector("label").htmlFor = field;
    row.querySelector(".hint").id = `${field}-hint`;
    select.id = field;
    select.name = field;
    select.setAttribute("aria-describedby", `${field}-hint`);
    select.append(new Option(required ? "Choose a column" : "Not in the file", ""));
    select.append(...[...this.#columns.keys()].map((name) => new Option(name, name)));
    select.value = column ?? "";
    select.addEventListener("change", () => {
      this.#describe(row, field, select.value);
      this.dispatchEvent(new CustomEvent("mapping-changed"));
    });
    this.#describe(row, field, select.value);
    return row;
  }

  #describe(row, field, name) {
    const column = this.#columns.get(name);
    const { words, isSure } = name === this.#suggested.get(field) ? foundBy(column?.how) : foundBy("name");
    const origin = name === this.#suggested.get(field) ? words : "chosen by you";
    const samples = document.createElement("span");
    samples.className = "samples";
    samples.textContent = (column?.samples ?? []).slice(0, SAMPLES_SHOWN).join(", ");
    const found = document.createElement("span");
    found.className = isSure ? "found" : "found found-unsure";
    found.textContent = column ? origin : "";
    row.querySelector(".hint").replaceChildren(samples, " ", found);
  }
}

customElements.define("column-mapping", ColumnMapping);
