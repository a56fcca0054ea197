/** How the series of a chart differ: by hue and by dash, the same in the drawing and in its legend. Pure. */

/** Dashes of the rivals in their order, in pixels; as many as there are hues in tokens.css. */
const DASHES = [[8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [14, 4]];
const REFERENCE_DASHES = [[4, 4], [1, 3], [12, 3]];
const SYMBOLS = ["circle", "rect", "triangle", "diamond", "pin", "arrow"];

/**
 * Give each series its look.
 * @param {{role: string, place?: number}[]} series `place` keeps a series' look where others come and go: 0 is the
 *   main look, 1 the first rival's and so on
 * @returns {{look: string, dash: number[], width: number, symbol: string}[]} `look` names the colour: "main",
 *   "reference" or "rival-1" and so on
 */
export function looksOf(series) {
  let [rivals, references] = [0, 0];
  let hasMain = false;
  return series.map(({ role, place }) => {
    if (role === "reference") {
      references += 1;
      return { look: "reference", dash: REFERENCE_DASHES[(references - 1) % REFERENCE_DASHES.length], width: 1.5, symbol: "none" };
    }
    if (place !== undefined) return lookAt(place);
    if (role === "band" || (role === "main" && !hasMain)) {
      hasMain ||= role === "main";
      return lookAt(0);
    }
    rivals += 1;
    return lookAt(rivals);
  });
}

function lookAt(place) {
  if (place === 0) return { look: "main", dash: [], width: 2.5, symbol: SYMBOLS[0] };
  const rival = (place - 1) % DASHES.length;
  return { look: `rival-${rival + 1}`, dash: DASHES[rival], width: 2, symbol: SYMBOLS[rival + 1] };
}
