/**
 * The whole customer base at a glance: figures, tiers, and how the tiers moved.
 *
 * <portfolio-panel hidden></portfolio-panel>
 *
 * Property: `portfolio`, {stats, days, now}: the answers of GET /stats and GET /stats/history, and the time in
 * milliseconds since 1970. Property: `failure`, a sentence shown instead, without taking the keyboard.
 * Event: `retry` when a person wants to load it again.
 */
import { ago, moment } from "../calendar.js";
import { LIST_PAGE, narrowed } from "../customers-query.js";
import { quantity } from "../format.js";
import { figures, tierSentence, tierShares } from "../portfolio-words.js";
import { drawn, share } from "../svg.js";
import "./tier-days.js";
import "./tier-mark.js";

export class PortfolioPanel extends HTMLElement {
  set portfolio({ stats, days, now }) {
    const isEmpty = stats.total_customers === 0;
    this.#show(isEmpty ? "#portfolio-empty-template" : "#portfolio-template");
    if (isEmpty) return;
    const updated = this.querySelector("time");
    updated.textContent = ago(stats.updated_at, now);
    updated.dateTime = stats.updated_at;
    updated.title = moment(stats.updated_at);
    this.querySelector("dl").append(...figures(stats).map(pair));
    this.#tiers(stats);
    this.querySelector("tier-days").days = days;
  }

  set failure(sentence) {
    this.#show("#portfolio-failure-template");
    this.querySelector("[data-slot=failure]").textContent = sentence;
    this.querySelector("button").addEventListener("click", () => this.dispatchEvent(new CustomEvent("retry")));
  }

  #show(template) {
    this.hidden = false;
    this.replaceChildren(document.querySelector(template).content.cloneNode(true));
  }

  #tiers(stats) {
    const sentence = tierSentence(stats);
    const shares = tierShares(stats);
    this.querySelector("[data-slot=tiers]").textContent = sentence;
    const bar = this.querySelector(".share-bar");
    bar.setAttribute("aria-label", sentence);
    bar.append(...shares.filter(({ customers }) => customers > 0).map(part));
    this.querySelector(".tier-shares").append(...shares.map(tierItem));
  }
}

function pair({ label, figure, note }) {
  const line = document.querySelector("#portfolio-figure-template").content.firstElementChild.cloneNode(true);
  for (const [slot, text] of Object.entries({ label, figure, note })) {
    line.querySelector(`[data-slot=${slot}]`).textContent = text;
  }
  return line;
}

function part({ tier, share: length }, place, all) {
  const start = all.slice(0, place).reduce((sum, { share: before }) => sum + before, 0);
  return drawn("rect", { class: "chart-share", "data-tier": tier, x: share(start), y: 0, width: share(length), height: "100%" });
}

function tierItem({ word, customers, shareWords }) {
  const item = document.importNode(document.querySelector("#tier-share-template").content, true).firstElementChild;
  item.querySelector("tier-mark").reading = { tier: word, text: `${word} risk` };
  const link = item.querySelector("a");
  link.textContent = `${quantity(customers)} ${customers === 1 ? "customer" : "customers"}`;
  link.href = narrowed(LIST_PAGE, { tier: word });
  item.querySelector("[data-slot=share]").textContent = shareWords;
  return item;
}

customElements.define("portfolio-panel", PortfolioPanel);
