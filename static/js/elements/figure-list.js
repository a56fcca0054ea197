/**
 * Figures side by side, each with what it is above and what to read it beside below.
 *
 * <figure-list></figure-list>
 *
 * Property: `figures`, {label, figure, note}[].
 */
export class FigureList extends HTMLElement {
  set figures(figures) {
    const list = document.createElement("dl");
    list.append(...figures.map(itemOf));
    this.replaceChildren(list);
  }
}

function itemOf(entry) {
  const item = document.querySelector("#figure-template").content.firstElementChild.cloneNode(true);
  for (const [slot, text] of Object.entries(entry)) item.querySelector(`[data-slot=${slot}]`).textContent = text;
  return item;
}

customElements.define("figure-list", FigureList);
