/**
 * What the values that are tried would give: chance, tier and value against the start, and the reasons.
 *
 * <what-if-outcome hidden></what-if-outcome>
 *
 * Property: `outcome`, {start, now, explanation}: `start` and `now` are answers, `explanation` belongs to `now`; null
 * hides it. Property: `isBehind`, true while a newer answer is on its way.
 */
import { chanceWords, worthWords } from "../what-if-words.js";
import "./reason-list.js";
import "./tier-mark.js";

export class WhatIfOutcome extends HTMLElement {
  set outcome(outcome) {
    this.hidden = outcome === null;
    if (this.hidden) return;
    if (!this.firstElementChild) {
      this.append(document.querySelector("#what-if-outcome-template").content.cloneNode(true));
    }
    const { start, now, explanation } = outcome;
    this.dataset.tier = now.churn_risk.toLowerCase();
    this.querySelector("tier-mark").reading = { tier: now.churn_risk, text: `${now.churn_risk} risk` };
    this.#write(["probability", "probability-rest"], chanceWords(start, now));
    this.#write(["clv", "clv-rest"], worthWords(start, now));
    this.querySelector("reason-list").why = explanation;
    this.#warn(now.warnings);
  }

  set isBehind(isBehind) {
    this.setAttribute("aria-busy", String(isBehind));
  }

  /** Put the keyboard on the chance of leaving. */
  focus() {
    this.querySelector("[role=status]")?.focus({ preventScroll: true });
    this.scrollIntoView({ block: "nearest" });
  }

  #warn(warnings) {
    const items = warnings.map(({ message }) => {
      const item = document.createElement("li");
      item.textContent = message;
      return item;
    });
    this.querySelector("[data-slot=warnings]").replaceChildren(...items);
    this.querySelector("[data-part=warnings]").hidden = items.length === 0;
  }

  #write(slots, texts) {
    slots.forEach((slot, place) => {
      const words = this.querySelector(`[data-slot=${slot}]`);
      // An unchanged sentence is not written again: a live region would read it out again.
      if (words.textContent !== texts[place]) words.textContent = texts[place];
    });
  }
}

customElements.define("what-if-outcome", WhatIfOutcome);
