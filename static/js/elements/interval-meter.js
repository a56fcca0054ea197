/**
 * A probability on a line from 0 % to 100 %: the band is its interval, the dot the estimate, the tick the typical rate.
 *
 * <interval-meter></interval-meter>
 *
 * Property: `reading`, {estimate, interval: [low, high], typical}, all between 0 and 1. The same facts stand beside the
 * drawing in words, so nothing depends on seeing it.
 */
import { percent, percentInterval } from "../format.js";

/** So close to an end, a word in the middle of the tick would stick out of the drawing. */
const NEAR_END = 0.12;

export class IntervalMeter extends HTMLElement {
  set reading({ estimate, interval, typical }) {
    this.replaceChildren(document.querySelector("#interval-meter-template").content.cloneNode(true));
    const [low, high] = interval;
    const drawing = this.querySelector("svg");
    drawing.setAttribute(
      "aria-label",
      `${percent(estimate)} on a line from 0 % to 100 %, likely ${percentInterval(interval)}, typical ${percent(typical)}`,
    );
    place(drawing.querySelector(".meter-band"), { x: low, width: high - low });
    place(drawing.querySelector(".meter-point"), { cx: estimate });
    place(drawing.querySelector(".meter-typical"), { x1: typical, x2: typical });
    const word = drawing.querySelector(".meter-typical-word");
    word.classList.toggle("at-start", typical < NEAR_END);
    word.classList.toggle("at-end", typical > 1 - NEAR_END);
    place(word, { x: typical });
    this.querySelector(".meter-words").textContent = percentInterval(interval);
  }
}

function place(shape, lengths) {
  for (const [name, share] of Object.entries(lengths)) shape.setAttribute(name, `${(share * 100).toFixed(2)}%`);
}

customElements.define("interval-meter", IntervalMeter);
