/**
 * How the shares of the tiers moved from day to day: stacked from 0 % to 100 %, the riskiest at the bottom, and the same
 * days as a table.
 *
 * <tier-days hidden></tier-days>
 *
 * Property: `days` of GET /stats/history, oldest first; fewer than two hide the element, for there is nothing to compare.
 */
import { day } from "../calendar.js";
import { money, quantity } from "../format.js";
import { percentAxis, tierLabel } from "../percent-axis.js";
import { daysSentence, tierShares } from "../portfolio-words.js";
import { drawn, share } from "../svg.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const NARROWEST_LABEL = 0.06;

export class TierDays extends HTMLElement {
  set days(days) {
    this.replaceChildren();
    this.hidden = days.length < 2;
    if (this.hidden) return;
    this.append(document.querySelector("#tier-days-template").content.cloneNode(true));
    const sentence = daysSentence(days);
    this.querySelector("figcaption").textContent = sentence;
    this.querySelector("svg").setAttribute("aria-label", `Stacked shares from 0 % to 100 %. ${sentence}`);
    this.querySelector(".chart-bands").append(...bars(days));
    this.querySelector(".chart-axis").append(...percentAxis(), ...labels(days.at(-1)));
    const ends = this.querySelectorAll(".chart-ends span");
    [ends[0].textContent, ends[1].textContent] = [day(days[0].day), day(days.at(-1).day)];
    this.querySelector("tbody").append(...days.toReversed().map(row));
  }
}

/** The parts of one day, stacked: each with where it begins. */
function stacked(figures) {
  let top = 0;
  return tierShares(figures).map((part) => {
    top += part.share;
    return { ...part, top };
  });
}

/** A day's figures hold until the next day that has any, so its bar reaches there; the running day ends the chart. */
function bars(days) {
  const starts = days.map((figures) => Date.parse(figures.day));
  const [first, end] = [starts[0], starts.at(-1) + DAY_MS];
  return days.flatMap((figures, place) => {
    const x = (starts[place] - first) / (end - first);
    const width = ((starts[place + 1] ?? end) - starts[place]) / (end - first);
    return stacked(figures).map(({ tier, share: height, top }) =>
      drawn("rect", { class: "chart-share", "data-tier": tier, x: share(x), width: share(width), y: share(1 - top), height: share(height) }),
    );
  });
}

function labels(figures) {
  return stacked(figures)
    .filter((part) => part.share >= NARROWEST_LABEL)
    .map(({ tier, word, share: height, top }) => tierLabel(tier, word, top - height / 2));
}

function row(figures) {
  const line = document.querySelector("#tier-day-template").content.firstElementChild.cloneNode(true);
  const write = (slot, text) => (line.querySelector(`[data-slot=${slot}]`).textContent = text);
  write("day", day(figures.day));
  for (const { tier, customers, shareWords } of tierShares(figures)) write(tier, `${quantity(customers)} (${shareWords})`);
  write("value-at-risk", money(figures.value_at_risk_usd));
  write("left", quantity(figures.churned_customers));
  return line;
}

customElements.define("tier-days", TierDays);
