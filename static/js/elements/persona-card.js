/**
 * One segment as a person: its name, what sets it apart, its size, its money and its risk.
 *
 * <persona-card></persona-card>
 *
 * Property: `persona`, {segment, isLearned, isRule}: a segment of GET /segments, whether the figures are those of the
 * customers it was learned from, and whether it is a rule, which has one tier only. Property: `apartAddress`, where the
 * page shows what sets it apart, or null. It has the number of its segment as `segmentId`.
 */
import { narrowed } from "../customers-query.js";
import { quantity } from "../format.js";
import { figures, knownSentence } from "../segment-words.js";
import { TIER_ORDER, tierWord } from "../tiers.js";
import "./tier-mark.js";

export class PersonaCard extends HTMLElement {
  segmentId = null;

  set persona({ segment, isLearned, isRule }) {
    this.replaceChildren(document.querySelector("#persona-card-template").content.cloneNode(true));
    const { id, persona, sentences, portfolio, href } = segment;
    this.segmentId = id;
    this.#slot("persona").textContent = persona;
    this.#slot("source").hidden = !isLearned;
    this.#slot("sentences").append(...sentences.map(paragraph));
    this.querySelector("dl").append(...figures(segment, isLearned).map(pair));
    this.#slot("known").textContent = isLearned ? "" : knownSentence(segment);
    const tiers = isLearned || isRule ? [] : TIER_ORDER.toReversed().map(tierWord);
    this.#slot("tiers").hidden = tiers.length === 0;
    this.#slot("tiers").append(...tiers.map((tier) => tierItem(href, tier, portfolio.tiers[tier])));
    this.#slot("customers").href = href;
    this.#slot("customers").hidden = isLearned || portfolio.customers === 0;
    for (const whose of this.querySelectorAll(".persona-links .visually-hidden")) whose.textContent = `: ${persona}`;
  }

  set apartAddress(address) {
    this.#slot("apart").hidden = address === null;
    if (address !== null) this.#slot("apart").href = address;
  }

  #slot(name) {
    return this.querySelector(`[data-slot=${name}]`);
  }
}

function paragraph(sentence) {
  const element = document.createElement("p");
  element.textContent = sentence.replaceAll(" %", "\u00a0%");
  return element;
}

function pair({ label, figure, note }) {
  const line = document.querySelector("#persona-figure-template").content.firstElementChild.cloneNode(true);
  for (const [slot, text] of Object.entries({ label, figure, note })) {
    line.querySelector(`[data-slot=${slot}]`).textContent = text;
  }
  return line;
}

function tierItem(href, tier, count) {
  const item = document.importNode(document.querySelector("#persona-tier-template").content, true).firstElementChild;
  item.querySelector("tier-mark").reading = { tier };
  const link = item.querySelector("a");
  link.firstChild.textContent = quantity(count);
  link.querySelector(".visually-hidden").textContent = ` at ${tier.toLowerCase()} risk`;
  if (count) link.href = narrowed(href, { tier });
  return item;
}

customElements.define("persona-card", PersonaCard);
