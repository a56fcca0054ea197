/** What a drawing has to know of the page: the theme's colours, the font, the room there is, and whether to keep still. */

const COLOURS = ["ink", "ink-soft", "line", "line-control", "surface"];
const CHART_COLOURS = ["main", "rival-1", "rival-2", "rival-3", "rival-4", "rival-5", "reference", "cell-least", "cell-most"];
const PART_OF_TEXT = 0.8;

/**
 * @param {HTMLElement} area where the chart is drawn
 * @param {boolean} isRepeated whether it was drawn before: then it changes without moving
 */
export function penFor(area, isRepeated) {
  const style = getComputedStyle(area);
  const token = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    colours: Object.fromEntries([
      ...COLOURS.map((name) => [name, token(name)]),
      ...CHART_COLOURS.map((name) => [name, token(`chart-${name}`)]),
    ]),
    font: style.fontFamily,
    fontSize: Math.round(Number.parseFloat(getComputedStyle(document.documentElement).fontSize) * PART_OF_TEXT),
    width: area.clientWidth,
    height: area.clientHeight,
    isStill: isRepeated || matchMedia("(prefers-reduced-motion: reduce)").matches,
  };
}
