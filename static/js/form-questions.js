/**
 * The questions of a form together: what is typed, what is sent, and the sentences beside them, on top of the page and
 * in its title.
 */
import "./elements/error-summary.js";
import "./elements/form-field.js";

export class FormQuestions {
  #fields;
  #byName;
  #summary;

  /** @param {HTMLFormElement} form @param {HTMLElement} summary the page's <error-summary> */
  constructor(form, summary) {
    this.#fields = [...form.querySelectorAll("form-field")];
    this.#byName = new Map(this.#fields.map((field) => [field.name, field]));
    this.#summary = summary;
    summary.addEventListener("field-chosen", (event) => this.#byName.get(event.detail.field)?.focus());
  }

  get fields() {
    return this.#fields;
  }

  /** What the service should get, by wire name; what is empty is left out. */
  get sent() {
    return Object.fromEntries(this.#fields.map((field) => [field.name, field.sent]).filter(([, sent]) => sent !== ""));
  }

  get values() {
    return this.#fields.map((field) => field.value);
  }

  set values(texts) {
    this.#fields.forEach((field, index) => (field.value = texts[index]));
  }

  /** Put some values into the form and leave the others. @param {Record<string, string | number>} values by wire name */
  fill(values) {
    for (const field of this.#fields) if (field.name in values) field.value = String(values[field.name]);
  }

  /** Whether a sentence stands beside one of the questions. */
  get hasErrors() {
    return this.#fields.some((field) => field.error !== null);
  }

  /** A list of {field, message}; an empty list takes every sentence away. */
  set errors(errors) {
    const firstByField = new Map(errors.toReversed().map(({ field, message }) => [field, message]));
    for (const field of this.#fields) field.error = firstByField.get(field.name) ?? null;
    markTitle(errors.length > 0);
    const onForm = this.#fields.filter((field) => firstByField.has(field.name)).map(({ name }) => name);
    const elsewhere = errors.filter(({ field }) => !this.#byName.has(field));
    this.#summary.errors = [
      ...onForm.map((field) => ({ field, message: firstByField.get(field) })),
      ...elsewhere.map(({ message }) => ({ field: null, message })),
    ];
  }
}

/** Say in the page's title whether there is a problem. @param {boolean} isProblem */
export function markTitle(isProblem) {
  const bare = document.title.replace(/^Error: /, "");
  document.title = isProblem ? `Error: ${bare}` : bare;
}
