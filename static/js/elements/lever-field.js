/**
 * One value to move: a slider over the training range with a box that takes more, or a switch for a plan.
 *
 * <lever-field name="customerServiceCalls"></lever-field>
 *
 * Properties: `lever`, {label, unit, kind, range: [low, high], start}, which builds the controls; `value` (a number, text
 * that is none, "yes" or "no"), `isMoved`, `error` (sentence or null). Event: `lever-moved` with detail {isTyped}.
 */
import { valueWords } from "../explanation-words.js";
import { typedNumber } from "../format.js";

const FINE_UP_TO = 50;

export class LeverField extends HTMLElement {
  #lever = null;

  get name() {
    return this.getAttribute("name");
  }

  set lever(lever) {
    this.#lever = lever;
    const isSwitch = lever.kind === "flag";
    const template = document.querySelector(isSwitch ? "#lever-switch-template" : "#lever-slider-template");
    this.replaceChildren(document.importNode(template.content, true));
    this.querySelector("[data-slot=label]").textContent = lever.label;
    if (!isSwitch) this.#prepareSlider();
    const label = this.querySelector("label");
    label.htmlFor = this.#box.id = `lever-${this.name}`;
    this.addEventListener("input", (event) => this.#hear(event));
    this.value = lever.start;
  }

  get value() {
    if (this.#isSwitch) return this.#box.checked ? "yes" : "no";
    return typedNumber(this.#box.value);
  }

  set value(value) {
    if (this.#isSwitch) this.#box.checked = value === "yes";
    else {
      this.#box.value = typeof value === "number" ? String(value) : value;
      this.#follow();
    }
    this.error = null;
    this.#note();
  }

  get isMoved() {
    return this.value !== this.#lever.start;
  }

  set error(sentence) {
    this.querySelector(".field-error")?.remove();
    this.toggleAttribute("data-problem", sentence !== null);
    if (sentence !== null) this.querySelector(".lever-note").before(this.#message(sentence));
    this.#box.setAttribute("aria-invalid", String(sentence !== null));
    const parts = [".hint", ".lever-note", ".field-error"].map((part) => this.querySelector(part)?.id);
    this.#box.setAttribute("aria-describedby", parts.filter(Boolean).join(" "));
  }

  get #isSwitch() {
    return this.#lever.kind === "flag";
  }

  get #box() {
    return this.querySelector("[data-control]");
  }

  get #slider() {
    return this.querySelector("input[type=range]");
  }

  #prepareSlider() {
    const { label, unit, kind, range } = this.#lever;
    const [low, high] = [Math.floor(range[0]), Math.ceil(range[1])];
    const step = kind === "count" || high > FINE_UP_TO ? 1 : 1 / 10;
    Object.assign(this.#slider, { min: low, max: high, step });
    this.#slider.setAttribute("aria-label", `${label}, slider`);
    this.#box.inputMode = kind === "count" ? "numeric" : "decimal";
    const hint = this.querySelector(".hint");
    hint.id = `lever-${this.name}-hint`;
    hint.textContent = `${valueWords(low)} to ${valueWords(high, unit)}; the box takes more`;
  }

  #hear({ target }) {
    if (target === this.#slider) this.#box.value = target.value;
    else if (!this.#isSwitch) this.#follow();
    this.error = null;
    this.#note();
    const isTyped = target.type === "text";
    this.dispatchEvent(new CustomEvent("lever-moved", { bubbles: true, detail: { isTyped } }));
  }

  /** Put the slider where the box is; beyond its range it stands at its end. */
  #follow() {
    const { value } = this;
    if (typeof value === "number") this.#slider.value = value;
  }

  #note() {
    const { unit, start } = this.#lever;
    const note = this.querySelector(".lever-note");
    note.id = `lever-${this.name}-note`;
    note.textContent = this.isMoved ? `At the start: ${valueWords(start, unit)}` : "";
    this.toggleAttribute("data-changed", this.isMoved);
    const words = typeof this.value === "number" ? valueWords(this.value, unit) : this.value;
    if (this.#isSwitch) this.querySelector("[data-slot=state]").textContent = this.value === "yes" ? "Yes" : "No";
    else this.#slider.setAttribute("aria-valuetext", words);
  }

  #message(sentence) {
    const message = document.querySelector("#field-error-template").content.firstElementChild.cloneNode(true);
    message.id = `lever-${this.name}-error`;
    message.querySelector(".field-error-text").textContent = sentence;
    return message;
  }
}

customElements.define("lever-field", LeverField);
