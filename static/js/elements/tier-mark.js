/**
 * A risk tier as word, symbol and colour.
 *
 * <tier-mark></tier-mark>
 *
 * Property: `reading`, {tier, text}; `text` is the tier's word unless it is given.
 */
export class TierMark extends HTMLElement {
  set reading({ tier, text = tier }) {
    this.replaceChildren(document.querySelector("#tier-mark-template").content.cloneNode(true));
    this.dataset.tier = tier.toLowerCase();
    for (const symbol of this.querySelectorAll("[data-symbol]")) {
      symbol.toggleAttribute("hidden", symbol.dataset.symbol !== this.dataset.tier);
    }
    this.querySelector("[data-slot=tier]").textContent = text;
  }
}

customElements.define("tier-mark", TierMark);
