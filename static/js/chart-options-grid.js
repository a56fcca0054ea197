/** Radars and heatmaps: the option of ECharts for them. Pure. */
import { hintBox, labelOf, nameAxis, grid } from "./chart-axes.js";
import { looksOf } from "./chart-looks.js";
import { tickWords, valueWords } from "./chart-values.js";

const LONGEST_LINE = { narrow: 10, wide: 18 };
const MOST_FOR_NAMES_PX = { narrow: 92, wide: 150 };
// About the width of a letter by the font's size.
const LETTER = 0.58;
const ROOM_ABOVE_PX = 44;
const NARROW_PX = 420;

export function radarOption({ x, y, series }, pen) {
  const looks = looksOf(series);
  const size = pen.width < NARROW_PX ? "narrow" : "wide";
  return {
    radar: {
      indicator: x.categories.map((name) => ({ name: broken(name, LONGEST_LINE[size]), min: y.min ?? 0, max: y.max ?? 1 })),
      radius: Math.min(pen.width / 2 - namesRoom(x.categories, LONGEST_LINE[size], size, pen), pen.height / 2 - ROOM_ABOVE_PX),
      splitNumber: 4,
      axisName: { ...labelOf(pen), color: pen.colours.ink, fontSize: pen.fontSize - (size === "narrow" ? 2 : 0), lineHeight: pen.fontSize * 1.15 },
      axisLabel: { show: false },
      axisLine: { lineStyle: { color: pen.colours.line } },
      splitLine: { lineStyle: { color: pen.colours.line } },
      splitArea: { show: false },
    },
    tooltip: { ...hintBox(pen), trigger: "item", formatter: ({ name, value }) => radarHint(name, value, x, y) },
    series: series.map(({ name, points }, place) => ({
      type: "radar",
      name,
      symbol: looks[place].symbol,
      symbolSize: 7,
      data: [{ name, value: inOrder(points, x.categories.length) }],
      lineStyle: { color: pen.colours[looks[place].look], width: looks[place].width, type: looks[place].dash.length ? looks[place].dash : "solid" },
      itemStyle: { color: pen.colours[looks[place].look] },
      areaStyle: { color: pen.colours[looks[place].look], opacity: looks[place].look === "main" ? 0.12 : 0 },
    })),
  };
}

/** Cells are shaded from the least to the most, and each has its figure written in it. */
export function heatmapOption({ x, y, series }, pen) {
  const [{ name, points }] = series;
  const values = points.map(([, , value]) => value);
  const axis = (categories, sides) => ({ ...nameAxis(categories, pen), ...sides, axisLine: { show: false }, axisLabel: { ...labelOf(pen), color: pen.colours.ink, interval: 0 } });
  return {
    grid: grid({ right: 0, top: 0, bottom: 4 }),
    xAxis: axis(x.categories, {}),
    yAxis: axis(y.categories, { inverse: true }),
    visualMap: {
      show: false,
      min: Math.min(0, ...values),
      max: Math.max(...values, Number.MIN_VALUE),
      inRange: { color: [pen.colours["cell-least"], pen.colours["cell-most"]] },
    },
    tooltip: {
      ...hintBox(pen),
      trigger: "item",
      formatter: ({ value }) => `${y.categories[value[1]]}, ${x.categories[value[0]]}\n${name}: ${valueWords(value[2], y.unit)}`,
    },
    series: [
      {
        type: "heatmap",
        name,
        data: points,
        label: { show: true, color: pen.colours.ink, fontFamily: pen.font, fontSize: pen.fontSize + 1, formatter: ({ value }) => valueWords(value[2], y.unit) },
        itemStyle: { borderColor: pen.colours.surface, borderWidth: 3, borderRadius: 6 },
        emphasis: { itemStyle: { borderColor: pen.colours.ink, borderWidth: 2 } },
      },
    ],
  };
}

function radarHint(name, values, x, y) {
  return [name, ...x.categories.map((axis, place) => `${axis}: ${tickWords(values[place], y.unit)}`)].join("\n");
}

function inOrder(points, size) {
  const found = new Map(points);
  return Array.from({ length: size }, (_, place) => found.get(place) ?? null);
}

/** What the longest line of a name takes beside the figure. */
function namesRoom(names, longest, size, pen) {
  const letters = Math.max(...names.flatMap((name) => broken(name, longest).split("\n")).map((line) => line.length));
  const fontSize = pen.fontSize - (size === "narrow" ? 2 : 0);
  return Math.min(MOST_FOR_NAMES_PX[size], letters * fontSize * LETTER + 18);
}

/** A long name in lines, so that it fits beside the figure. */
function broken(name, longest) {
  const lines = [""];
  for (const word of name.split(" ")) {
    if (lines.at(-1) && lines.at(-1).length + word.length >= longest) lines.push(word);
    else lines.push(`${lines.pop()} ${word}`.trim());
  }
  return lines.join("\n");
}
