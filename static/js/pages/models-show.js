/** Fills the Models page with what a version holds: figures, charts and tables that no control changes. */
import { clvFigures, cutPointWords, decisionFigures, heldOutSentence, rankingFigures } from "../model-figures.js";
import { comparisonTable, importanceTable, thresholdNote, thresholdTable } from "../model-tables.js";
import "../elements/data-chart.js";
import "../elements/figure-list.js";
import "../elements/value-table.js";

/** @param {object} performance the answer of GET .../performance */
export function showPerformance(performance) {
  const { figures, comparison, importance, clv } = performance;
  write("#held-out", heldOutSentence(performance));
  write("#decision-heading", `Decided at the cut-point in use, ${cutPointWords(figures.cut_point)}`);
  document.querySelector("#ranking-figures").figures = rankingFigures(figures).filter(Boolean);
  document.querySelector("#decision-figures").figures = decisionFigures(figures).filter(Boolean);
  showCharts(performance.charts);
  document.querySelector("#threshold-table").table = thresholdTable(performance.thresholds, figures.cut_point);
  write("#threshold-note", `${thresholdNote(figures)} ${performance.thresholds.note ?? ""}`.trim());
  write("#comparison-message", comparison.message);
  write("#comparison-note", comparison.note);
  document.querySelector("#comparison-table").table = comparisonTable(comparison);
  document.querySelector("#importance-table").table = importanceTable(importance);
  document.querySelector("#importance-notes").replaceChildren(...importance.notes.map((note) => made("p", note)));
  document.querySelector("#clv-figures").figures = clvFigures(clv.figures);
  write("#clv-note", clv.note);
  document.querySelector("#limits-list").replaceChildren(...performance.limits.map((limit) => made("li", limit)));
}

/** Each chart has its place on the page; a place whose chart the version has not is hidden. */
function showCharts(charts) {
  const byId = new Map(charts.map((chart) => [chart.id, chart]));
  for (const place of document.querySelectorAll("data-chart[data-chart-id]")) {
    const chart = byId.get(place.dataset.chartId);
    place.closest(".fact-panel, .chart-place").hidden = !chart;
    if (chart) place.chart = chart;
  }
}

function write(selector, text) {
  document.querySelector(selector).textContent = text;
}

function made(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
