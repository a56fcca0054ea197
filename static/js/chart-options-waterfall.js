/** Waterfalls: the option of ECharts for them. Pure. */
import { grid, hintBox, valueAxis } from "./chart-axes.js";
import { ROOM_FOR_A_VALUE_PX, listedNames, rowSteps } from "./chart-rows.js";
import { signedWords, valueWords } from "./chart-values.js";

/** From the base over each step to the total; the chart's marks are these two. */
export function waterfallOption(chart, pen) {
  const { x, y, series, marks } = chart;
  const [base, total] = marks;
  const steps = [];
  let reached = base.value;
  for (const [place, change] of series[0].points) {
    steps.push({ name: x.categories[place], from: reached, to: reached + change, words: signedWords(change, y.unit) });
    reached += change;
  }
  const whole = (mark) => ({ name: mark.label, from: Math.min(0, mark.value), to: Math.max(0, mark.value), words: valueWords(mark.value, y.unit), isWhole: true });
  const rows = [whole(base), ...steps, whole(total)];
  const ends = rows.flatMap(({ from, to }) => [from, to]);
  return {
    grid: grid({ right: ROOM_FOR_A_VALUE_PX, top: 4 }),
    xAxis: { ...valueAxis(y, Math.max(...ends), pen), ...rowSteps({}, [0, 0], pen) },
    yAxis: listedNames(rows.map(({ name }) => name), pen),
    tooltip: { ...hintBox(pen), trigger: "item", formatter: ({ dataIndex }) => `${rows[dataIndex].name}: ${rows[dataIndex].words}` },
    series: [
      {
        type: "custom",
        name: series[0].name,
        data: rows.map(({ from, to }, place) => [place, from, to]),
        encode: { x: [1, 2], y: 0 },
        renderItem: (at, api) => step(rows[at.dataIndex], api, pen),
      },
    ],
  };
}

function step({ to, from, words, isWhole }, api, pen) {
  const [start, end] = [api.coord([from, api.value(0)]), api.coord([to, api.value(0)])];
  const height = api.size([0, 1])[1];
  const [left, right] = [Math.min(start[0], end[0]), Math.max(start[0], end[0])];
  const [isDown, thick] = [to < from, Math.min(20, height * 0.66)];
  const colour = pen.colours[isWhole ? "reference" : isDown ? "main" : "rival-1"];
  const fill = isDown && !isWhole ? { fill: pen.colours.surface, stroke: colour, lineWidth: 2 } : { fill: colour };
  const inset = isDown && !isWhole ? 1 : 0;
  const bar = { x: left + inset, y: start[1] - thick / 2 + inset, width: Math.max(1, right - left - 2 * inset), height: thick - 2 * inset };
  const text = { text: words, x: right + 6, y: start[1], fill: pen.colours.ink, font: `${pen.fontSize}px ${pen.font}`, align: "left", verticalAlign: "middle" };
  const rule = { x1: end[0], x2: end[0], y1: start[1] + thick / 2, y2: start[1] + height - thick / 2 };
  return {
    type: "group",
    children: [
      { type: "rect", shape: bar, style: fill },
      { type: "text", style: text },
      ...(isWhole && api.value(0) > 0 ? [] : [{ type: "line", shape: rule, style: { stroke: pen.colours["line-control"] } }]),
    ],
  };
}
