/** The parts of the Segments page that show the chosen segments: what sets one apart, and some compared. */
import { chartCsv } from "../chart-csv.js";
import { chartOf, draw } from "./segments-overview.js";
import "../elements/form-field.js";
import "../elements/segment-choices.js";

const apart = document.querySelector("#apart");
const compared = document.querySelector("#compare");
const select = apart.querySelector("select");

/** Offer every segment to choose from. @param {{id: number, persona: string}[]} segments */
export function offerSegments(segments) {
  select.replaceChildren(...segments.map(({ id, persona }) => new Option(persona, String(id))));
}

/** @param {object} answer of GET /segments @param {{segment: number, isUnknown: boolean}} view */
export function showApart(answer, { segment, isUnknown }) {
  const chart = chartOf(answer, `differences-${segment}`);
  select.value = String(segment);
  document.querySelector("#unknown-segment").hidden = !isUnknown;
  apart.hidden = !chart;
  drawWithCsv(apart, chart);
}

/** @param {object} answer of GET /segments @param {{compared: number[]}} view */
export function showCompared({ charts, segments }, view) {
  const profiles = chartOf({ charts }, "profiles");
  compared.hidden = !profiles;
  if (!profiles) return;
  const choices = segments.map(({ id, persona }) => ({ id, persona, isCompared: view.compared.includes(id) }));
  compared.querySelector("segment-choices").choices = choices;
  const chosen = choices.filter(({ isCompared }) => isCompared).map(({ persona }) => persona);
  document.querySelector("#none-compared").hidden = chosen.length > 0;
  // Each keeps the look it has among all of them, whatever else is drawn.
  const series = profiles.series
    .map((entry, place) => ({ ...entry, place }))
    .filter(({ name, role }) => chosen.includes(name) || role === "reference");
  drawWithCsv(compared, chosen.length ? { ...profiles, series } : undefined);
}

function drawWithCsv(section, chart) {
  const link = section.querySelector("a[download]");
  draw(section.querySelector("data-chart"), chart);
  if (link.href) URL.revokeObjectURL(link.href);
  link.hidden = !chart;
  if (chart) link.href = URL.createObjectURL(new Blob([chartCsv(chart)], { type: "text/csv" }));
  link.download = `${chart?.id}.csv`;
}
