/** The same numbers as a chart, as rows of a table. Pure: the JSON of a chart in, texts out. */
import { intervalWords, signedWords, valueWords } from "./chart-values.js";

/** About as many rows as a person reads; a line's other points are left out, and the table says so. */
export const MOST_ROWS = 25;
const FEWEST_OF_A_SERIES = 5;

const TABLES = { line: lineTable, scatter: lineTable, bars: barTable, radar: barTable, waterfall: waterfallTable, heatmap: heatmapTable };

/**
 * Write a chart as a table.
 * @param {object} chart as the service sends it
 * @returns {{columns: {label: string, isNumber: boolean}[], rows: {text: string, href?: string}[][], note: string}}
 *   the first cell of a row names it
 */
export function chartTable(chart) {
  return TABLES[chart.kind](chart);
}

/** Leave out points evenly; the first and the last stay. */
export function thinned(points, most = MOST_ROWS) {
  if (points.length <= most) return points;
  const step = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, place) => points[Math.round(place * step)]);
}

/** Lines that share their places stand side by side; lines that do not, as every ROC curve, below each other. */
function lineTable(chart) {
  const series = chart.series.filter(({ points, band }) => points.length || band?.length);
  const places = series.map(placesOf);
  const isShared = places.every((each) => each.length === places[0].length && each.every((x, at) => x === places[0][at]));
  return isShared && chart.kind === "line" ? sideBySide(chart, series, places[0] ?? []) : belowEachOther(chart, series);
}

function sideBySide({ x, y }, series, places) {
  // Places that have names, such as weeks, are few and each is looked for.
  const shown = x.categories ? places : thinned(places);
  const lookUps = series.map((each) => new Map(placesOf(each).map((place, at) => [place, cellOf(each, at, y.unit)])));
  return {
    columns: [column(x.label, !x.categories), ...series.map(({ name }) => column(series.length > 1 ? name : y.label))],
    rows: shown.map((place) => [{ text: placeWords(place, x) }, ...lookUps.map((lookUp) => ({ text: lookUp.get(place) }))]),
    note: noteOf(shown.length, places.length),
  };
}

function belowEachOther({ x, y }, series) {
  const most = Math.max(FEWEST_OF_A_SERIES, Math.floor(MOST_ROWS / series.length));
  const all = series.reduce((sum, each) => sum + placesOf(each).length, 0);
  const rows = series.flatMap((each) => {
    const places = placesOf(each).map((place, at) => [{ text: each.name }, { text: placeWords(place, x) }, { text: cellOf(each, at, y.unit) }]);
    return thinned(places, most);
  });
  if (series.length > 1) return { columns: [column("Series", false), column(x.label), column(y.label)], rows, note: noteOf(rows.length, all) };
  return { columns: [column(x.label), column(y.label)], rows: rows.map(([, ...cells]) => cells), note: noteOf(rows.length, all) };
}

function barTable({ x, y, series }) {
  const lookUps = series.map((each) => new Map(placesOf(each).map((place, at) => [place, cellOf(each, at, y.unit)])));
  return {
    columns: [column(x.label, false), ...series.map(({ name }) => column(series.length > 1 ? name : y.label))],
    rows: x.categories.map((name, place) => [{ text: name }, ...lookUps.map((lookUp) => ({ text: lookUp.get(place) ?? "" }))]),
    note: "",
  };
}

function waterfallTable({ x, y, series, marks }) {
  const [base, total] = marks.map(({ label, value }) => [{ text: label }, { text: valueWords(value, y.unit) }]);
  const steps = series[0].points.map(([place, value]) => [{ text: x.categories[place] }, { text: signedWords(value, y.unit) }]);
  return { columns: [column(x.label, false), column(y.label)], rows: [base, ...steps, total].filter(Boolean), note: "" };
}

function heatmapTable({ x, y, series, links }) {
  const cells = new Map(series[0].points.map(([across, down, value], at) => [`${across} ${down}`, { value, href: links?.[at] }]));
  const cell = (across, down) => {
    const found = cells.get(`${across} ${down}`);
    return found ? { text: valueWords(found.value, y.unit), ...(found.href && { href: found.href }) } : { text: "" };
  };
  return {
    columns: [column(y.label, false), ...x.categories.map((name) => column(name))],
    rows: y.categories.map((name, down) => [{ text: name }, ...x.categories.map((_, across) => cell(across, down))]),
    note: "",
  };
}

function placesOf({ points, band }) {
  return (points.length ? points : (band ?? [])).map(([place]) => place);
}

function cellOf({ points, band }, at, unit) {
  const place = (points[at] ?? band[at])[0];
  const range = band?.find(([x]) => x === place);
  const interval = range ? intervalWords(range[1], range[2], unit) : "";
  if (!points.length) return interval;
  const value = valueWords(points[at][1], unit);
  return interval ? `${value} (${interval})` : value;
}

function placeWords(place, { unit, categories }) {
  return categories?.[place] ?? valueWords(place, unit);
}

function column(label, isNumber = true) {
  return { label, isNumber };
}

function noteOf(shown, all) {
  return shown < all ? `${shown} of the ${all} points that are drawn, evenly spread.` : "";
}
