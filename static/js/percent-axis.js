/** The upright axis from 0 % to 100 % that charts of shares and chances have in common. */
import { drawn, share } from "./svg.js";

/** @returns {SVGElement[]} three rules, each with its figure beside it */
export function percentAxis() {
  return [0, 1 / 2, 1].flatMap((value) => [
    drawn("line", { class: "chart-rule", x1: 0, x2: "100%", y1: share(1 - value), y2: share(1 - value) }),
    drawn("text", { class: "chart-tick", x: 0, y: share(1 - value), dx: -8, dy: "0.35em" }, `${value * 100}\u00a0%`),
  ]);
}

/**
 * Write a tier's word beside the chart, level with its part of the axis.
 * @param {string} tier @param {string} word @param {number} height between 0 and 1
 */
export function tierLabel(tier, word, height) {
  const at = { class: "chart-tier-word", "data-tier": tier, x: "100%", y: share(1 - height), dx: 10, dy: "0.35em" };
  return drawn("text", at, word);
}
