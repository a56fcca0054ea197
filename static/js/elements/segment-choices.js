/**
 * Which segments are compared: one box each.
 *
 * <segment-choices></segment-choices>
 *
 * Property: `choices`, a list of {id, persona, isCompared}. Event: `compared` with detail {id, isCompared}.
 */
export class SegmentChoices extends HTMLElement {
  constructor() {
    super();
    this.addEventListener("change", ({ target }) => {
      const detail = { id: Number(target.value), isCompared: target.checked };
      this.dispatchEvent(new CustomEvent("compared", { detail }));
    });
  }

  set choices(choices) {
    if (!this.firstElementChild) {
      this.append(document.querySelector("#segment-choices-template").content.cloneNode(true));
      this.querySelector(".choice-list").append(...choices.map(choice));
    }
    // The boxes stay the same ones, so that the keyboard is not thrown out of them.
    for (const { id, isCompared } of choices) this.querySelector(`input[value="${id}"]`).checked = isCompared;
  }
}

function choice({ id, persona }) {
  const label = document.querySelector("#segment-choice-template").content.firstElementChild.cloneNode(true);
  label.querySelector("input").value = String(id);
  label.querySelector("span").textContent = persona;
  return label;
}

customElements.define("segment-choices", SegmentChoices);
