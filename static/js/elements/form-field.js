/**
 * One labelled question around controls that are already in the page.
 *
 * <form-field name="accountLength" kind="number" example="128"> label, hint, input </form-field>
 * <form-field name="voiceMailPlan" example="yes"> label, radio buttons in a radiogroup </form-field>
 *
 * Properties: `value` (text as typed; the chosen option for radio buttons and lists), `sent` (what the service should
 * get: a number if kind is "number" and the text is one), `error` (sentence or null), `example`.
 */
import { typedNumber, typedText } from "../format.js";

export class FormField extends HTMLElement {
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
  }

  get sent() {
    return this.getAttribute("kind") === "number" ? typedNumber(this.value) : typedText(this.value);
  }

  get error() {
    return this.querySelector(".field-error-text")?.textContent ?? null;
  }

  set error(sentence) {
    this.querySelector(".field-error")?.remove();
    this.toggleAttribute("data-problem", sentence !== null);
    const described = this.#described;
    const descriptions = [this.querySelector(".hint")?.id];
    if (sentence !== null) {
      const message = this.#message(sentence);
      (this.#radios.length ? this.querySelector(".choices") : this.#control).before(message);
      descriptions.push(message.id);
      described.setAttribute("aria-invalid", "true");
    } else {
      described.removeAttribute("aria-invalid");
    }
    const ids = descriptions.filter(Boolean).join(" ");
    if (ids) described.setAttribute("aria-describedby", ids);
    else described.removeAttribute("aria-describedby");
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

  #message(sentence) {
    const template = document.querySelector("#field-error-template");
    const message = template.content.firstElementChild.cloneNode(true);
    message.id = `${this.name}-error`;
    message.querySelector(".field-error-text").textContent = sentence;
    return message;
  }
}

customElements.define("form-field", FormField);
