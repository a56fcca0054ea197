/** Ranked bars and upright columns: the option of ECharts for them. Pure. */
import { grid, hint, hintBox, labelOf, markLine, nameAxis, roomForMarks, valueAxis } from "./chart-axes.js";
import { looksOf } from "./chart-looks.js";
import { ROOM_FOR_A_VALUE_PX, listedNames, rowSteps } from "./chart-rows.js";
import { valueWords } from "./chart-values.js";

const WHISKER_PX = 4;

/** Names lie down the side, the first on top; bins of a number stand side by side. */
export function barsOption(chart, pen) {
  const isRanked = chart.x.unit === "words";
  const looks = looksOf(chart.series);
  const values = chart.series.flatMap(({ points, band }) => [...points.map(([, value]) => value), ...(band ?? []).flatMap(([, ...ends]) => ends)]);
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  const series = chart.series.flatMap((each, place) => [
    bars(each, looks[place], { isRanked, unit: chart.y.unit }, pen),
    ...(each.band?.length ? [whiskers(each, { isRanked, unit: chart.y.unit, place, count: chart.series.length }, pen)] : []),
  ]);
  const plot = { across: isRanked ? "y" : "x", highest: isRanked ? most : chart.x.categories.length };
  if (chart.marks.length) series[0].markLine = markLine(chart.marks, plot, pen);
  const above = 6 + roomForMarks(chart.marks, plot, pen);
  const names = isRanked ? listedNames(chart.x.categories, pen) : nameAxis(chart.x.categories, pen);
  const numbers = valueAxis(chart.y, most, pen);
  return {
    grid: grid({ top: above, ...(isRanked && { right: ROOM_FOR_A_VALUE_PX }) }),
    xAxis: isRanked ? { ...numbers, ...rowSteps(numbers, [least, most], pen) } : names,
    yAxis: isRanked ? names : numbers,
    tooltip: { ...hintBox(pen), trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { opacity: 0.12 } }, formatter: (shownAt) => hint(turned(shownAt, isRanked), chart) },
    series,
  };
}

function bars({ name, points, band }, { look }, { isRanked, unit }, pen) {
  const colour = pen.colours[look];
  const isOutlined = look !== "main";
  const text = { show: isRanked && !band?.length, color: pen.colours.ink, fontFamily: pen.font, fontSize: pen.fontSize };
  return {
    name,
    type: "bar",
    data: points.map(([place, value]) => ({
      value: isRanked ? [value, place] : [place, value],
      label: { ...text, position: "right", formatter: () => valueWords(value, unit) },
    })),
    ...roomOf(isRanked),
    itemStyle: isOutlined ? { color: pen.colours.surface, borderColor: colour, borderWidth: 2 } : { color: colour },
    emphasis: { disabled: true },
  };
}

function roomOf(isRanked) {
  return isRanked ? { barMaxWidth: 18, barCategoryGap: "30%" } : { barMaxWidth: 60, barCategoryGap: "12%" };
}

/** The interval of each bar, with its words behind it. */
function whiskers({ name, points, band }, { isRanked, unit, place: ownPlace, count }, pen) {
  const values = new Map(points);
  const at = (api, place, value) => {
    const [x, y] = api.coord(isRanked ? [value, place] : [place, value]);
    // Bars of several series stand beside each other, each off the middle of its place.
    const aside = api.barLayout({ ...roomOf(isRanked), count })[ownPlace].offsetCenter;
    return isRanked ? [x, y + aside] : [x + aside, y];
  };
  const line = (from, to) => ({ type: "line", shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }, style: { stroke: pen.colours.ink, lineWidth: 1.5 } });
  const [dx, dy] = isRanked ? [0, WHISKER_PX] : [WHISKER_PX, 0];
  const cap = ([x, y]) => line([x - dx, y - dy], [x + dx, y + dy]);
  return {
    name,
    type: "custom",
    data: band.map(([place, low, high]) => (isRanked ? [low, place, high] : [place, low, high])),
    encode: isRanked ? { x: [0, 2], y: 1 } : { x: 0, y: [1, 2] },
    silent: true,
    z: 5,
    renderItem: ({ dataIndex }, api) => {
      const [place, low, high] = band[dataIndex];
      const [from, to] = [at(api, place, low), at(api, place, high)];
      const words = { text: valueWords(values.get(place), unit), x: Math.max(to[0], at(api, place, 0)[0]) + 6, y: to[1], ...labelOf(pen) };
      const text = { type: "text", style: { ...words, fill: pen.colours.ink, font: `${pen.fontSize}px ${pen.font}`, verticalAlign: "middle" } };
      return { type: "group", children: [line(from, to), cap(from), cap(to), ...(isRanked && values.has(place) ? [text] : [])] };
    },
  };
}

/** Ranked bars hold [value, place]; the hint reads [place, value]. */
function turned(shownAt, isRanked) {
  return isRanked ? shownAt.map((each) => ({ ...each, value: each.value?.toReversed() })) : shownAt;
}
