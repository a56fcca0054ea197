/**
 * One labelled question around controls that are already in the page.
 *
 * <form-field name="accountLength" kind="number" unit="months" example="128"> label, hint, input </form-field>
 * <form-field name="voiceMailPlan" example="yes"> label, radio buttons in a radiogroup </form-field>
 *
 * Properties: `value` (text as typed; the chosen option for radio buttons and lists), `sent` (what the service should
 * get: a number if kind is "number" and the text is one), `error` (sentence or null), `example`, `label`, `stored` (the
 * value on file: a note names it while what is typed differs), `isChanged`. Method: `words(value)`, a value as a
 * person reads it.
 */
import { quantity, typedNumber, typedText } from "../format.js";

export class FormField extends HTMLElement {
  #stored = null;

  get name() {
    return this.getAttribute("name");
  }

  get example() {
    return this.getAttribute("example") ?? "";
  }

  get value() {
    const chosen = this.#radios.length ? this.#radios.find((radio) => radio.checked) : this.#control;
    return chosen?.value ?? "";
  }

  set value(text) {
    if (this.#radios.length) for (const radio of this.#radios) radio.checked = radio.value === text;
    else this.#control.value = text;
    this.#noteStored();
  }

  get label() {
    return this.querySelector("label[for], .label").firstChild.textContent.trim();
  }

  get sent() {
    return this.#read(this.value);
  }

  set stored(text) {
    if (this.#stored === null) this.addEventListener("input", () => this.#noteStored());
    this.#stored = text;
    this.#noteStored();
  }

  get isChanged() {
    return this.#stored !== null && this.#read(this.value) !== this.#read(this.#stored);
  }

  get error() {
    return this.querySelector(".field-error-text")?.textContent ?? null;
  }

  set error(sentence) {
    this.querySelector(".field-error")?.remove();
    this.toggleAttribute("data-problem", sentence !== null);
    if (sentence !== null) (this.querySelector(".choices") ?? this.#control).before(this.#message(sentence));
    this.#describe();
  }

  words(value) {
    if (value === "") return "not given";
    if (this.getAttribute("kind") === "number") {
      const number = this.#read(value);
      const text = typeof number === "number" ? quantity(number) : number;
      return [text, this.getAttribute("unit")].filter(Boolean).join(" ");
    }
    const option = this.querySelector(`option[value="${CSS.escape(value)}"]`);
    const choice = this.#radios.find((radio) => radio.value === value)?.closest("label");
    return (option ?? choice)?.textContent ?? value;
  }

  /** Put the keyboard on the control and bring its label into view. */
  focus() {
    this.scrollIntoView({ block: "nearest" });
    (this.#radios.find((radio) => radio.checked) ?? this.#control).focus({ preventScroll: true });
  }

  get #control() {
    return this.querySelector("input, select");
  }

  get #radios() {
    return [...this.querySelectorAll("input[type=radio]")];
  }

  // aria-invalid is not allowed on a single radio button, only on the group.
  get #described() {
    return this.querySelector("[role=radiogroup]") ?? this.#control;
  }

  #read(text) {
    return this.getAttribute("kind") === "number" ? typedNumber(text) : typedText(text);
  }

  #describe() {
    const parts = [".hint", ".stored-note", ".field-error"].map((part) => this.querySelector(part)?.id);
    const ids = parts.filter(Boolean).join(" ");
    if (ids) this.#described.setAttribute("aria-describedby", ids);
    else this.#described.removeAttribute("aria-describedby");
    if (this.hasAttribute("data-problem")) this.#described.setAttribute("aria-invalid", "true");
    else this.#described.removeAttribute("aria-invalid");
  }

  #noteStored() {
    this.querySelector(".stored-note")?.remove();
    this.toggleAttribute("data-changed", this.isChanged);
    if (this.isChanged) {
      const note = document.createElement("p");
      note.className = "stored-note";
      note.id = `${this.name}-stored`;
      note.textContent = `Changed. Stored: ${this.words(this.#stored)}`;
      this.append(note);
    }
    if (this.#stored !== null) this.#describe();
  }

  #message(sentence) {
    const template = document.querySelector("#field-error-template");
    const message = template.content.firstElementChild.cloneNode(true);
    message.id = `${this.name}-error`;
    message.querySelector(".field-error-text").textContent = sentence;
    return message;
  }
}

customElements.define("form-field", FormField);
