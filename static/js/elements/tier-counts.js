/**
 * How many users each tier holds, the riskiest first; each leads to its part of the list.
 *
 * <tier-counts></tier-counts>
 *
 * Property: `counts`, {tiers, addressOf, chosen}: `tiers` of GET /users, `addressOf(tier)` where a tier's list is, `chosen`
 * the tier that the list shows, or "".
 */
import { quantity } from "../format.js";
import { tierParts } from "../user-words.js";
import "./tier-mark.js";

export class TierCounts extends HTMLElement {
  set counts({ tiers, addressOf, chosen }) {
    if (!this.firstElementChild) this.append(document.querySelector("#tier-counts-template").content.cloneNode(true));
    const items = tierParts(tiers).map((part) => item(part, addressOf(part.tier), part.tier === chosen));
    // The link that was followed keeps the keyboard when the figures are written anew.
    const place = [...this.querySelectorAll("li")].findIndex((each) => each.contains(document.activeElement));
    this.querySelector("ul").replaceChildren(...items);
    items[place]?.querySelector("a").focus({ preventScroll: true });
  }
}

function item({ tier, users, part }, address, isChosen) {
  const line = document.importNode(document.querySelector("#tier-count-template").content, true).firstElementChild;
  line.querySelector("a").href = address;
  if (isChosen) line.querySelector("a").setAttribute("aria-current", "true");
  line.querySelector("tier-mark").reading = { tier, text: `${tier} risk` };
  line.querySelector("strong").textContent = quantity(users);
  line.querySelector("[data-slot=part]").textContent = part;
  return line;
}

customElements.define("tier-counts", TierCounts);
