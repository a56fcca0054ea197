import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_ROWS, chartTable, thinned } from "../../static/js/chart-table.js";
import { axis, chartOf, heatmap, series, waterfall } from "./charts.mjs";

const plain = (text) => text.replaceAll("\u00a0", " ");
const texts = ({ rows }) => rows.map((row) => row.map(({ text }) => plain(text)));
const heads = ({ columns }) => columns.map(({ label }) => label);

test("points are left out evenly, and the first and the last stay", () => {
  const points = Array.from({ length: 101 }, (_, place) => place);
  const kept = thinned(points);
  assert.equal(kept.length, MOST_ROWS);
  assert.deepEqual([kept[0], kept.at(-1)], [0, 100]);
  const steps = kept.slice(1).map((place, at) => place - kept[at]);
  assert.ok(Math.max(...steps) - Math.min(...steps) <= 1);
  assert.deepEqual(thinned([1, 2, 3]), [1, 2, 3]);
});

test("lines that share their places stand side by side, with their intervals", () => {
  const table = chartTable(
    chartOf("line", {
      x: axis("Cut-point", "number"),
      y: axis("Profit", "usd"),
      series: [series("Profit", [[0, 5], [1, 7]], { band: [[0, 4, 6], [1, 6, 9]] }), series("Nobody", [[0, 0], [1, 0]], { role: "reference" })],
    }),
  );
  assert.deepEqual(heads(table), ["Cut-point", "Profit", "Nobody"]);
  assert.deepEqual(texts(table), [["0", "$5 ($4 to $6)", "$0"], ["1", "$7 ($6 to $9)", "$0"]]);
  assert.equal(table.note, "");
});

test("a line over named places has a row for each of them, and names stand at the start", () => {
  const weeks = Array.from({ length: 26 }, (_, place) => `Week ${place}`);
  const points = weeks.map((_, place) => [place, 0.1]);
  const table = chartTable(chartOf("line", { x: axis("Week", "words", { categories: weeks }), series: [series("Risk", points)] }));
  assert.deepEqual(table.rows.map(([name]) => name.text), weeks);
  assert.deepEqual([table.columns.map(({ isNumber }) => isNumber), table.note], [[false, true], ""]);
});

test("lines of other places stand below each other, each with a fair part of the rows", () => {
  const long = Array.from({ length: 101 }, (_, place) => [place / 100, place / 100]);
  const table = chartTable(chartOf("line", { series: [series("Model", long), series("Guessing", [[0, 0], [1, 1]])] }));
  assert.deepEqual(heads(table), ["Series", "Across", "Up"]);
  assert.deepEqual(texts(table).at(-1), ["Guessing", "1", "1"]);
  assert.ok(table.rows.length <= MOST_ROWS);
  assert.deepEqual(texts(table)[0], ["Model", "0", "0"]);
  assert.equal(table.note, `${table.rows.length} of the 103 points that are drawn, evenly spread.`);
});

test("a line alone needs no column for its name", () => {
  assert.deepEqual(heads(chartTable(chartOf("line", { series: [series("One", [[0, 1]])] }))), ["Across", "Up"]);
});

test("a band without a line is a series of intervals", () => {
  const table = chartTable(chartOf("line", { series: [series("Range", [], { role: "band", band: [[0, 1, 2]] })] }));
  assert.deepEqual(texts(table), [["0", "1 to 2"]]);
});

test("a cloud of many points is thinned", () => {
  const points = Array.from({ length: 300 }, (_, place) => [place, place]);
  const table = chartTable(chartOf("scatter", { series: [series("Customers", points)] }));
  assert.equal(table.rows.length, MOST_ROWS);
  assert.match(table.note, /^25 of the 300/);
});

test("bars are named, and one that a series lacks is an empty cell", () => {
  const table = chartTable(
    chartOf("bars", {
      x: axis("Field", "words", { categories: ["Calls", "Plan"] }),
      y: axis("Part", "share"),
      series: [series("SHAP", [[0, 0.5], [1, 0.25]]), series("Permutation", [[1, -0.008]], { role: "rival" })],
    }),
  );
  assert.deepEqual(heads(table), ["Field", "SHAP", "Permutation"]);
  assert.deepEqual(texts(table), [["Calls", "50.0 %", ""], ["Plan", "25.0 %", "-0.8 %"]]);
});

test("a waterfall goes from the base over signed steps to the total", () => {
  assert.deepEqual(texts(chartTable(waterfall)), [
    ["Typical customer", "0.25"],
    ["Service calls", "+0.50"],
    ["Voice mail plan", "-0.125"],
    ["This customer", "0.625"],
  ]);
});

test("a radar has a row for each axis", () => {
  const table = chartTable(chartOf("radar", { x: axis("Measure", "words", { categories: ["Day", "Night"] }), y: axis("Place", "share"), series: [series("A", [[1, 0.9], [0, 0.1]])] }));
  assert.deepEqual(texts(table), [["Day", "10.0 %"], ["Night", "90.0 %"]]);
});

test("cells of a heatmap lead where the drawing leads", () => {
  const table = chartTable(heatmap);
  assert.deepEqual(heads(table), ["Value band", "Low", "High"]);
  assert.deepEqual(texts(table), [["standard", "$10", "$2,000"], ["high", "$0", "$51,000"]]);
  assert.deepEqual(table.rows.flatMap((row) => row.slice(1).map(({ href }) => href)), ["/a", "/b", "/c", "/d"]);
  assert.ok(chartTable({ ...heatmap, links: null }).rows.every((row) => row.every(({ href }) => href === undefined)));
});
