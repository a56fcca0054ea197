/**
 * The chance of leaving over time: a line from 0 % to 100 % over the bands of the tiers. The table beside it says the same.
 *
 * <probability-history></probability-history>
 *
 * Property: `history`, {points, cutPoints}: `points` are {at, probability, tier}, oldest first; `cutPoints` the
 * probabilities where a new tier begins, lowest first (no bands without them).
 */
import { percent } from "../format.js";
import { historySentence, spanWords } from "../history-sentence.js";
import { percentAxis, tierLabel } from "../percent-axis.js";
import { drawn, share } from "../svg.js";
import { TIER_ORDER, tierWord } from "../tiers.js";

// Words of a band need this much of the axis, labels of two points this much of the line.
const NARROWEST_BAND = 0.08;
const NARROWEST_GAP = 0.19;

export class ProbabilityHistory extends HTMLElement {
  set history({ points, cutPoints }) {
    this.replaceChildren(document.querySelector("#probability-history-template").content.cloneNode(true));
    const sentence = historySentence(points);
    this.querySelector("figcaption").textContent = sentence;
    this.querySelector("svg").setAttribute("aria-label", `Line from 0 % to 100 %. ${sentence}`);
    this.querySelector(".chart-bands").append(...bands(cutPoints));
    this.querySelector(".chart-axis").append(...percentAxis());
    this.querySelector(".chart-line").append(...line(placed(points)));
    this.#ends(points);
  }

  #ends(points) {
    const words = spanWords(points);
    this.querySelectorAll(".chart-ends span").forEach((end, place) => (end.textContent = words[place]));
  }
}

function bands(cutPoints) {
  if (cutPoints.length + 1 !== TIER_ORDER.length) return [];
  const edges = [0, ...cutPoints, 1];
  return TIER_ORDER.flatMap((tier, place) => band(tier, edges[place], edges[place + 1]));
}

function band(tier, from, to) {
  const height = share(to - from);
  const stripe = drawn("rect", { class: "chart-band", "data-tier": tier, x: 0, y: share(1 - to), width: "100%", height });
  return to - from < NARROWEST_BAND ? [stripe] : [stripe, tierLabel(tier, tierWord(tier), (from + to) / 2)];
}

/** Where each point stands between the first and the last moment; a single one stands at the end. */
function placed(points) {
  const times = points.map(({ at }) => Date.parse(at));
  const [start, length] = [times[0], times.at(-1) - times[0]];
  return points.map((point, place) => ({ ...point, x: length ? (times[place] - start) / length : 1 }));
}

function line(points) {
  const at = ({ x, probability }, [left, top]) => ({ [left]: share(x), [top]: share(1 - probability) });
  const steps = points.slice(1).map((point, place) =>
    drawn("line", { class: "chart-step", ...at(points[place], ["x1", "y1"]), ...at(point, ["x2", "y2"]) }),
  );
  const dots = points.map((point) =>
    drawn("circle", { class: "chart-dot", "data-tier": point.tier.toLowerCase(), r: 5, ...at(point, ["cx", "cy"]) }),
  );
  return [...steps, ...dots, ...labelled(points).map(label)];
}

/** The points with room for a figure; the latest always has one. */
function labelled(points) {
  const chosen = [];
  for (const [place, point] of [...points.entries()].toReversed()) {
    const isRoom = !chosen.length || chosen.at(-1).x - point.x >= NARROWEST_GAP;
    if (isRoom) chosen.push({ ...point, isFall: place > 0 && points[place - 1].probability > point.probability });
  }
  return chosen;
}

/** A figure stands above its dot, or below it where the line comes down from above and there is room. */
function label({ x, probability, isFall }) {
  const dy = isFall && probability > NARROWEST_GAP ? 22 : -11;
  const anchor = x > 1 - NARROWEST_BAND ? "end" : x < NARROWEST_BAND ? "start" : "middle";
  const at = { class: "chart-figure", x: share(x), y: share(1 - probability), dy, "text-anchor": anchor };
  return drawn("text", at, percent(probability));
}

customElements.define("probability-history", ProbabilityHistory);
