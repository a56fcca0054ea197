/**
 * Which column of a log holds what, chosen by a person: one list for each part of an event, and one for each kind.
 *
 * <event-mapping></event-mapping>
 *
 * Property: `preview`, the answer of POST /batch/event-preview; setting it begins anew. Property: `kinds` of a trial; what was
 * chosen for a kind stays. Property: `mapping` (read), as POST /batch/event-mappings takes it. Event: `mapping-changed`.
 */
import { samplesWords, unitOf } from "../log-words.js";
import "./form-field.js";

export class EventMapping extends HTMLElement {
  #columns = new Map();
  #fields = [];

  set preview({ columns, fields }) {
    this.#columns = new Map(columns.map((column) => [column.name, column]));
    this.#fields = fields.toSorted((one, other) => Number(other.required) - Number(one.required));
    this.replaceChildren(document.querySelector("#event-mapping-template").content.cloneNode(true));
    this.querySelector("[data-slot=fields]").append(...this.#fields.map((field) => this.#row(field)));
    this.#field("kind").after(this.#field("every_kind"));
    this.#field("ts").after(this.#field("ts_unit"));
    for (const select of this.querySelectorAll("[name=ts_unit] select, [name=every_kind] select")) this.#listen(select);
    this.#field("every_kind").querySelector("select").append(...kindOptions("Choose what every row is"));
    this.#guessUnit();
    this.#showKinds();
  }

  set kinds(kinds) {
    const chosen = this.#chosenKinds;
    const rows = kinds.map((kind) => kindRow(kind, chosen[kind.source]));
    this.querySelector("tbody").replaceChildren(...rows);
    for (const select of this.querySelectorAll("tbody select")) this.#listen(select);
    this.#showKinds();
  }

  get mapping() {
    const columns = Object.fromEntries(this.#sources);
    const kinds = this.#chosenKinds;
    return {
      columns,
      ts_unit: this.#field("ts_unit").value,
      ...(!columns.kind && { kind: this.#field("every_kind").value }),
      ...(columns.kind && Object.keys(kinds).length && { kinds }),
    };
  }

  /** Whether enough is chosen to try it: when it was, and what it was. */
  get isEnough() {
    const { columns, kind } = this.mapping;
    return Boolean(columns.ts && (columns.kind || kind));
  }

  get #sources() {
    return this.#fields.map(({ field }) => [field, this.#field(field).value]).filter(([, column]) => column !== "");
  }

  get #chosenKinds() {
    const selects = [...this.querySelectorAll("tbody select")];
    return Object.fromEntries(selects.map(({ name, value }) => [name, value]).filter(([, kind]) => kind !== ""));
  }

  #row({ field, label, column }) {
    const row = document.querySelector("#mapping-row-template").content.firstElementChild.cloneNode(true);
    const [select, hint, id] = [row.querySelector("select"), row.querySelector(".hint"), `own-${field}`];
    row.setAttribute("name", field);
    row.querySelector("label").textContent = label;
    row.querySelector("label").htmlFor = select.id = id;
    hint.id = `${id}-hint`;
    select.setAttribute("aria-describedby", hint.id);
    const names = [...this.#columns.keys()];
    select.append(new Option("Not in the log", ""), ...names.map((name) => new Option(name, name)));
    select.value = column ?? "";
    // A shipped adapter may join several columns, or read one that the first rows do not have.
    if (select.selectedIndex < 0) select.value = "";
    this.#listen(select, () => {
      this.#describe(row, select.value);
      if (field === "ts") this.#guessUnit();
    });
    this.#describe(row, select.value);
    return row;
  }

  #guessUnit() {
    this.#field("ts_unit").value = unitOf(this.#columns.get(this.#field("ts").value)?.samples ?? []);
  }

  #describe(row, name) {
    row.querySelector(".hint").textContent = samplesWords(this.#columns.get(name)?.samples ?? []);
  }

  #listen(select, first = () => {}) {
    select.addEventListener("change", () => {
      first();
      this.#showKinds();
      this.dispatchEvent(new CustomEvent("mapping-changed"));
    });
  }

  /** Rows are of the kinds a column names, or all of one kind. */
  #showKinds() {
    const isNamed = this.#field("kind").value !== "";
    this.#field("every_kind").hidden = isNamed;
    this.querySelector("[data-part=own-kinds]").hidden = !isNamed || !this.querySelector("tbody tr");
  }

  #field(name) {
    return this.querySelector(`form-field[name=${name}]`);
  }
}

function kindRow({ source, kind }, chosen) {
  const row = document.querySelector("#kind-row-template").content.firstElementChild.cloneNode(true);
  const select = row.querySelector("select");
  row.querySelector("th").textContent = source;
  select.setAttribute("aria-label", `${source} is read as`);
  select.name = source;
  select.append(...kindOptions("Keep its own name"));
  select.value = chosen ?? kind ?? "";
  return row;
}

function kindOptions(none) {
  const options = document.querySelector("#kind-options").content.cloneNode(true);
  return [new Option(none, ""), ...options.querySelectorAll("option")];
}

customElements.define("event-mapping", EventMapping);
