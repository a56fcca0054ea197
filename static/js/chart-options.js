/**
 * Turns the JSON of a chart into an option of Apache ECharts. Pure.
 *
 * The drawing is told `pen`: the colours of the theme by name, the font, how wide it is and whether it may move.
 */
import { barsOption } from "./chart-options-bars.js";
import { heatmapOption, radarOption } from "./chart-options-grid.js";
import { lineOption } from "./chart-options-line.js";
import { waterfallOption } from "./chart-options-waterfall.js";

const OPTIONS = {
  line: lineOption,
  scatter: lineOption,
  bars: barsOption,
  waterfall: waterfallOption,
  radar: radarOption,
  heatmap: heatmapOption,
};
const ROW_PX = { bars: 24, waterfall: 30, heatmap: 72 };
const AXIS_PX = 56;
const PLOT_PX = 300;
const RADAR_PX = 340;

/**
 * @param {object} chart as the service sends it
 * @param {{colours: Record<string, string>, font: string, fontSize: number, width: number, height: number, isStill: boolean}} pen
 * @returns {object} for `setOption`
 */
export function optionOf(chart, pen) {
  return {
    animation: !pen.isStill,
    animationDuration: 300,
    textStyle: { fontFamily: pen.font, fontSize: pen.fontSize, color: pen.colours.ink },
    aria: { enabled: true, label: { description: nameOf(chart) } },
    ...OPTIONS[chart.kind](chart, pen),
  };
}

/** What a screen reader says instead of the drawing. */
export function nameOf({ name, title }) {
  return `${name}. ${title}`;
}

/** How high a chart stands: rows need room each, everything else is a plot. */
export function heightOf({ kind, x, y, series }) {
  if (kind === "bars" && x.unit === "words") return AXIS_PX + x.categories.length * (ROW_PX.bars * series.length + 8);
  if (kind === "waterfall") return AXIS_PX + (x.categories.length + 2) * ROW_PX.waterfall;
  if (kind === "heatmap") return AXIS_PX + y.categories.length * ROW_PX.heatmap;
  return kind === "radar" ? RADAR_PX : PLOT_PX;
}
