/** The axes, marks and hints that the kinds of charts have in common, as parts of an ECharts option. Pure. */
import { tickWords, valueWords } from "./chart-values.js";

const NEARLY_ALL = 0.7;
const MARK_ROW_PX = 17;
const EDGE = 1 / 3;
// About the width of a letter by the font's size, and of the plot by that of its box.
const LETTER = 0.6;
const PLOT_PART = 0.8;

/** An axis of numbers: from zero unless the chart says otherwise, a share up to 100 % when it comes near. */
export function valueAxis({ unit, min, max }, highest, pen) {
  const isPart = unit === "share" || unit === "probability";
  const end = max ?? (isPart && highest > NEARLY_ALL && highest <= 1 ? 1 : null);
  return {
    type: "value",
    ...(min !== null && { min }),
    ...(end !== null && { max: end }),
    ...(unit === "count" && { minInterval: 1 }),
    axisLabel: { ...labelOf(pen), formatter: (value) => tickWords(value, unit), hideOverlap: true },
    axisLine: { show: true, lineStyle: { color: pen.colours["line-control"] } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: pen.colours.line } },
  };
}

/** An axis of names. */
export function nameAxis(categories, pen) {
  return {
    type: "category",
    data: categories,
    axisLabel: labelOf(pen),
    axisLine: { lineStyle: { color: pen.colours["line-control"] } },
    axisTick: { show: false },
    splitLine: { show: false },
  };
}

export function labelOf(pen) {
  return { color: pen.colours["ink-soft"], fontFamily: pen.font, fontSize: pen.fontSize };
}

/** The plot fills its box: what the axes write lies inside. */
export function grid(sides) {
  return { left: 0, right: 12, top: 12, bottom: 3, outerBoundsMode: "same", outerBoundsContain: "all", ...sides };
}

/**
 * Values that stand out, as lines with their words.
 * @param {{axis: string, value: number, label: string}[]} marks
 * @param {{across: string, highest: number}} plot which of the chart's axes runs across, and how far
 */
export function markLine(marks, plot, pen) {
  const ranks = placedMarks(marks, plot, pen);
  return {
    silent: true,
    symbol: "none",
    animation: false,
    lineStyle: { color: pen.colours.ink, type: "solid", width: 1.5 },
    data: marks.map((mark) => {
      const words = { formatter: mark.label, color: pen.colours.ink, fontFamily: pen.font, fontSize: pen.fontSize };
      const rank = ranks.get(mark);
      if (!rank) return { yAxis: mark.value, label: { ...words, position: "insideEndTop" } };
      const distance = [rank.isLeft ? -6 : 6, 4 + rank.row * MARK_ROW_PX];
      return { xAxis: mark.value, label: { ...words, position: "end", align: rank.isLeft ? "right" : "left", distance } };
    }),
  };
}

/** How much room the words of upright marks need above the plot. */
export function roomForMarks(marks, plot, pen) {
  const rows = [...placedMarks(marks, plot, pen).values()].map(({ row }) => row + 1);
  return MARK_ROW_PX * Math.max(0, ...rows);
}

/** The words of upright marks turn away from each other, and at an edge inwards; close ones on one side get rows. */
function placedMarks(marks, { across, highest }, pen) {
  const upright = marks.filter(({ axis }) => axis === across).sort((one, other) => one.value - other.value);
  const last = [null, null];
  return new Map(upright.map((mark, place) => {
    const part = highest ? mark.value / highest : 0;
    const turnsLeft = upright.length === 1 ? part > EDGE : place < upright.length / 2;
    const isLeft = (turnsLeft && part > EDGE) || part > 1 - EDGE;
    const before = last[Number(isLeft)];
    const nearby = ((isLeft ? mark : before?.mark)?.label.length * pen.fontSize * LETTER) / (pen.width * PLOT_PART);
    const row = before && part - before.part < nearby ? before.row + 1 : 0;
    last[Number(isLeft)] = { mark, part, row };
    return [mark, { isLeft, row }];
  }));
}

/** What a pointer reads: canvas text in a box of the theme's colours, never HTML. */
export function hintBox(pen) {
  return {
    renderMode: "richText",
    confine: true,
    backgroundColor: pen.colours.surface,
    borderColor: pen.colours["line-control"],
    textStyle: { color: pen.colours.ink, fontFamily: pen.font, fontSize: pen.fontSize },
  };
}

/** The words at one place: what it is, and one line for each series that has a value there. */
export function hint(shownAt, { x, y }) {
  const points = shownAt.filter(({ seriesType, value }) => seriesType !== "custom" && value !== undefined);
  if (!points.length) return "";
  const [place] = points[0].value;
  const lines = points.map(({ seriesName, value }) => `${seriesName}: ${valueWords(value[1], y.unit)}`);
  return [`${x.label}: ${x.categories?.[place] ?? valueWords(place, x.unit)}`, ...new Set(lines)].join("\n");
}
