/**
 * A slider that belongs to a box: what one says, the other shows.
 *
 * <cut-point> <form-field name="cut_point"> label, hint, input </form-field> <input type="range"> </cut-point>
 *
 * Property: `value`, the text of the box; setting it moves the slider too and tells nobody.
 * Event: `cut-point-slid` with detail {value}, while the slider moves; the box is for the form to read.
 */
import { typedNumber } from "../format.js";
import { cutPointWords } from "../model-figures.js";
import "./form-field.js";

export class CutPoint extends HTMLElement {
  connectedCallback() {
    this.#slider.addEventListener("input", () => {
      this.#field.value = cutPointWords(Number(this.#slider.value));
      this.dispatchEvent(new CustomEvent("cut-point-slid", { detail: { value: this.value } }));
    });
    this.querySelector("input[type=text]").addEventListener("input", () => this.#follow());
  }

  get value() {
    return this.#field.value;
  }

  set value(text) {
    this.#field.value = text;
    this.#follow();
  }

  get #field() {
    return this.querySelector("form-field");
  }

  get #slider() {
    return this.querySelector("input[type=range]");
  }

  #follow() {
    const number = typedNumber(this.value);
    if (typeof number === "number") this.#slider.value = number;
  }
}

customElements.define("cut-point", CutPoint);
