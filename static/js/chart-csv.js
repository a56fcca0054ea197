/** The numbers of a chart as a CSV file, as exact as the service sent them. Pure. */

/**
 * Write a chart that has one place for each category: bars or a radar.
 * @param {{x: {label: string, categories: string[]}, series: {name: string, points: number[][]}[]}} chart
 * @returns {string} one line a category, one column a series
 */
export function chartCsv({ x, series }) {
  const values = series.map(({ points }) => new Map(points.map(([place, value]) => [place, value])));
  const head = [x.label, ...series.map(({ name }) => name)];
  const lines = x.categories.map((name, place) => [name, ...values.map((known) => known.get(place) ?? "")]);
  return [head, ...lines].map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

function cell(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
