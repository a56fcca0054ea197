/** Lines and clouds of points: the option of ECharts for them. Pure. */
import { grid, hint, hintBox, markLine, nameAxis, roomForMarks, valueAxis } from "./chart-axes.js";
import { looksOf } from "./chart-looks.js";
import { valueWords } from "./chart-values.js";

export function lineOption(chart, pen) {
  const { x, y, marks } = chart;
  const highest = [highestOf(chart, 0), highestOf(chart, 1)];
  const looks = looksOf(chart.series);
  const series = chart.series.flatMap((each, place) => [
    ...(each.band?.length ? [band(each, pen.colours[looks[place].look])] : []),
    ...(each.points.length ? [drawnSeries(chart.kind, each, looks[place], pen)] : []),
  ]);
  const plot = { across: "x", highest: x.max ?? highest[0] };
  if (marks.length && series.length) series.at(-1).markLine = markLine(marks, plot, pen);
  return {
    grid: grid({ top: 10 + roomForMarks(marks, plot, pen), right: 20 }),
    xAxis: x.categories ? nameAxis(x.categories, pen) : { ...valueAxis(x, highest[0], pen), splitLine: { show: false } },
    yAxis: valueAxis(y, highest[1], pen),
    tooltip: chart.kind === "scatter" ? pointHint(chart, pen) : lineHint(chart, pen),
    series,
  };
}

function drawnSeries(kind, { name, role, points }, { look, dash, width, symbol }, pen) {
  const colour = pen.colours[look];
  if (kind === "scatter" && role !== "reference") {
    return { name, type: "scatter", data: points, symbol, symbolSize: 6, itemStyle: { color: colour, opacity: 0.5 } };
  }
  return {
    name,
    type: "line",
    data: points,
    showSymbol: points.length === 1,
    symbol,
    symbolSize: 6,
    lineStyle: { color: colour, width, type: dash.length ? dash : "solid" },
    itemStyle: { color: colour },
    emphasis: { disabled: true },
    z: role === "main" ? 4 : 3,
  };
}

/** The interval around a line, as one shape; every point of it counts for the length of the axes. */
function band({ name, band: ranges }, colour) {
  const outline = [...ranges.map(([x, low]) => [x, low]), ...ranges.toReversed().map(([x, , high]) => [x, high])];
  return {
    name,
    type: "custom",
    data: ranges,
    encode: { x: 0, y: [1, 2] },
    clip: true,
    silent: true,
    tooltip: { show: false },
    z: 1,
    renderItem: (at, api) =>
      at.dataIndex === 0
        ? { type: "polygon", shape: { points: outline.map((point) => api.coord(point)) }, style: { fill: colour, opacity: 0.16 } }
        : null,
  };
}

function lineHint(chart, pen) {
  return {
    ...hintBox(pen),
    trigger: "axis",
    axisPointer: { type: "line", snap: true, label: { show: false }, lineStyle: { color: pen.colours["line-control"] } },
    formatter: (shownAt) => hint(shownAt, chart),
  };
}

function pointHint({ x, y }, pen) {
  const words = ([across, up]) => `${x.label}: ${valueWords(across, x.unit)}\n${y.label}: ${valueWords(up, y.unit)}`;
  return { ...hintBox(pen), trigger: "item", formatter: ({ value }) => words(value) };
}

function highestOf({ series }, axis) {
  const values = series.flatMap(({ points, band: ranges }) => [
    ...points.map((point) => point[axis]),
    ...(ranges ?? []).map((range) => range[axis === 0 ? 0 : 2]),
  ]);
  return values.reduce((most, value) => Math.max(most, value), 0);
}
