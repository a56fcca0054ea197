/**
 * Why a customer's chance of leaving moved between two predictions: what the customer changed, what the model changed.
 *
 * <change-story hidden></change-story>
 *
 * Property: `changes`, the answer of GET /customers/{id}/changes; null hides the story.
 */
import { partRows, spanSentence, valueRows } from "../changes-words.js";

export class ChangeStory extends HTMLElement {
  set changes(changes) {
    this.replaceChildren();
    this.hidden = changes === null;
    if (this.hidden) return;
    this.append(document.querySelector("#change-story-template").content.cloneNode(true));
    this.#write("message", changes.message);
    this.#write("span", spanSentence(changes));
    this.querySelector("[data-slot=reasons]").append(...changes.reasons.map(item));
    this.#rows("parts", partRows(changes));
    const values = valueRows(changes);
    this.#rows("values", values);
    this.querySelector("[data-part=values]").hidden = values.length === 0;
  }

  #rows(which, rows) {
    const template = document.querySelector(`#change-${which}-row-template`);
    this.querySelector(`[data-slot=${which}]`).append(...rows.map((texts) => row(template, texts)));
  }

  #write(slot, text) {
    this.querySelector(`[data-slot=${slot}]`).textContent = text;
  }
}

function row(template, texts) {
  const line = document.importNode(template.content, true).firstElementChild;
  for (const [slot, text] of Object.entries(texts)) line.querySelector(`[data-slot=${slot}]`).textContent = text;
  return line;
}

function item(text) {
  const line = document.createElement("li");
  line.textContent = text;
  return line;
}

customElements.define("change-story", ChangeStory);
