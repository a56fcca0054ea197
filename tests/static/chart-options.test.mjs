import assert from "node:assert/strict";
import { test } from "node:test";

import { markLine, roomForMarks } from "../../static/js/chart-axes.js";
import { looksOf } from "../../static/js/chart-looks.js";
import { heightOf, nameOf, optionOf } from "../../static/js/chart-options.js";
import { axis, chartOf, heatmap, pen, series, waterfall } from "./charts.mjs";

const share = (changes) => axis("Share", "share", changes);
const roc = chartOf("line", {
  x: share({ min: 0, max: 1 }),
  y: share(),
  series: [series("Model", [[0, 0], [1, 1]], { band: [[0, 0, 0.25], [1, 0.75, 1]] }), series("Other", [[0, 0], [1, 1]], { role: "rival" }), series("Chance", [[0, 0], [1, 1]], { role: "reference" })],
  marks: [{ axis: "x", value: 0.25, label: "cut-point" }],
});
const ranked = chartOf("bars", { x: axis("Field", "words", { categories: ["Calls", "Plan"] }), y: share(), series: [series("SHAP", [[0, 0.5], [1, 0.25]])] });
const radar = chartOf("radar", { x: axis("Measure", "words", { categories: ["Day minutes", "Night"] }), y: share(), series: [series("A", [[1, 0.9], [0, 0.4]])] });

test("every kind names itself, keeps its hints off the DOM and can stand still", () => {
  for (const chart of [roc, { ...roc, kind: "scatter" }, ranked, waterfall, radar, heatmap]) {
    const option = optionOf(chart, pen);
    assert.equal(option.aria.label.description, nameOf(chart), chart.kind);
    assert.equal(option.tooltip.renderMode, "richText", chart.kind);
    assert.equal(option.animation, false, chart.kind);
    assert.equal(optionOf(chart, { ...pen, isStill: false }).animation, true, chart.kind);
    assert.ok(heightOf(chart) > 100, chart.kind);
  }
});

test("lines differ by hue and by dash, and the model's own is solid", () => {
  const looks = looksOf([{ role: "main" }, ...Array(5).fill({ role: "rival" }), { role: "reference" }, { role: "reference" }]);
  assert.deepEqual(looks[0].dash, []);
  assert.equal(new Set(looks.map(({ dash }) => String(dash))).size, looks.length);
  assert.equal(new Set(looks.slice(0, 6).map(({ look }) => look)).size, 6);
});

test("a second main series is told from the first, and a place keeps a look where others come and go", () => {
  assert.deepEqual(looksOf([{ role: "main" }, { role: "main" }]).map(({ look }) => look), ["main", "rival-1"]);
  assert.deepEqual(looksOf([{ role: "rival", place: 2 }, { role: "main", place: 0 }]).map(({ look }) => look), ["rival-2", "main"]);
});

test("an axis starts at zero unless the chart says otherwise", () => {
  const option = optionOf(roc, pen);
  assert.deepEqual([option.xAxis.min, option.xAxis.max], [0, 1]);
  assert.equal(option.yAxis.scale, undefined);
  assert.equal(option.yAxis.max, 1, "a share that comes near the whole shows the whole");
  const from = optionOf(chartOf("line", { x: axis("k", "count", { min: 2, max: 10 }), series: [series("S", [[2, 0.25]])] }), pen);
  assert.deepEqual([from.xAxis.min, from.xAxis.max, from.xAxis.minInterval], [2, 10, 1]);
});

test("a band is one shape that counts for the axes, behind its line", () => {
  const [band, line] = optionOf(roc, pen).series;
  assert.equal(band.type, "custom");
  assert.deepEqual(band.encode, { x: 0, y: [1, 2] });
  assert.ok(band.z < line.z);
  const shape = band.renderItem({ dataIndex: 0 }, { coord: (point) => point });
  assert.deepEqual(shape.shape.points, [[0, 0], [1, 0.75], [1, 1], [0, 0.25]]);
  assert.equal(band.renderItem({ dataIndex: 1 }, { coord: (point) => point }), null);
});

test("words of marks turn away from each other and never lie upon each other", () => {
  const marks = [0.25, 0.3, 0.9].map((value) => ({ axis: "x", value, label: `at ${value}` }));
  const plot = { across: "x", highest: 1 };
  const placed = markLine(marks, plot, pen).data.map(({ xAxis, label }) => [xAxis, label.align, label.distance[1]]);
  assert.deepEqual(placed.map(([, align]) => align), ["left", "left", "right"]);
  assert.ok(placed[0][2] !== placed[1][2], "two on one side, close together");
  assert.ok(roomForMarks(marks, plot, pen) > roomForMarks(marks.slice(0, 1), plot, pen));
  assert.deepEqual(markLine([{ axis: "y", value: 0, label: "nobody" }], plot, pen).data[0].yAxis, 0);
});

test("named bars lie in rows, the first on top, with their values; bins stand", () => {
  const lying = optionOf(ranked, pen);
  assert.deepEqual([lying.yAxis.data, lying.yAxis.inverse, lying.xAxis.type], [["Calls", "Plan"], true, "value"]);
  assert.deepEqual(lying.series[0].data.map(({ value }) => value), [[0.5, 0], [0.25, 1]]);
  assert.equal(lying.series[0].data[0].label.formatter().replaceAll("\u00a0", " "), "50.0 %");
  const standing = optionOf({ ...ranked, x: axis("Probability", "probability", { categories: ["0 to 0.5", "0.5 to 1"] }) }, pen);
  assert.deepEqual([standing.xAxis.type, standing.yAxis.type], ["category", "value"]);
  assert.deepEqual(standing.series[0].data.map(({ value }) => value), [[0, 0.5], [1, 0.25]]);
});

test("bars hardly below zero get a little room, not a step of the axis", () => {
  const with_ = (least) => optionOf({ ...ranked, series: [series("SHAP", [[0, 0.9], [1, least]])] }, pen).xAxis.min;
  assert.deepEqual([with_(-0.01), with_(-0.5)], [-0.02, undefined]);
});

test("a waterfall's steps begin where the one before ended", () => {
  const option = optionOf(waterfall, pen);
  assert.deepEqual(option.yAxis.data, ["Typical customer", "Service calls", "Voice mail plan", "This customer"]);
  assert.deepEqual(option.series[0].data, [[0, 0, 0.25], [1, 0.25, 0.75], [2, 0.75, 0.625], [3, 0, 0.625]]);
});

test("up and down differ by more than their hue", () => {
  const { series: [{ renderItem }] } = optionOf(waterfall, pen);
  const api = (row) => ({ value: () => row, coord: ([x]) => [x * 100, row * 30], size: () => [1, 30] });
  const [up, down] = [1, 2].map((row) => renderItem({ dataIndex: row }, api(row)).children);
  assert.ok(up[0].style.fill && !up[0].style.stroke);
  assert.ok(down[0].style.stroke, "a step down is an outline");
  assert.deepEqual([up[1].style.text, down[1].style.text], ["+0.50", "-0.125"]);
});

test("a radar has its values in the order of its axes, a heatmap its figures in its cells", () => {
  assert.deepEqual(optionOf(radar, pen).series[0].data[0].value, [0.4, 0.9]);
  const { series: [cells] } = optionOf(heatmap, pen);
  assert.equal(cells.label.formatter({ value: [1, 1, 51000] }), "$51,000");
  assert.deepEqual(cells.data, heatmap.series[0].points);
});

test("a pointer reads the same words as the table", () => {
  const words = optionOf(roc, pen).tooltip.formatter([{ seriesName: "Model", seriesType: "line", value: [0.5, 0.25] }]);
  assert.equal(words.replaceAll("\u00a0", " "), "Share: 50.0 %\nModel: 25.0 %");
  assert.equal(optionOf(roc, pen).tooltip.formatter([{ seriesName: "Model", seriesType: "custom", value: [0, 0, 1] }]), "");
  const row = optionOf(ranked, pen).tooltip.formatter([{ seriesName: "SHAP", seriesType: "bar", value: [0.5, 1] }]);
  assert.equal(row.replaceAll("\u00a0", " "), "Field: Plan\nSHAP: 50.0 %");
});
