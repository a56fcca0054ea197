/** The parts of the Segments page that show every segment: personas, money, sizes, and how they were found. */
import { ago, moment } from "../calendar.js";
import { customersWords } from "../portfolio-words.js";
import { isLearnedOnly, methodSentence, unassignedSentence } from "../segment-words.js";
import "../elements/data-chart.js";
import "../elements/persona-card.js";

const personas = document.querySelector(".persona-list");

/** @param {object} answer of GET /segments @param {number} now milliseconds since 1970 */
export function showPersonas(answer, now) {
  const isLearned = isLearnedOnly(answer);
  write("message", answer.message);
  slot("rules").hidden = answer.method !== "rules";
  slot("learned").hidden = !isLearned;
  slot("source").hidden = isLearned || !answer.updated_at;
  write("scored", customersWords(answer.scored_customers));
  showTime(answer.updated_at, now);
  write("unassigned", unassignedSentence(answer));
  slot("unassigned").hidden = !unassignedSentence(answer);
  personas.replaceChildren(...answer.segments.map((segment) => card({ segment, isLearned, isRule: answer.method === "rules" })));
}

/**
 * Tell each persona where what sets it apart is shown, if that is known.
 * @param {object} answer of GET /segments @param {(id: number) => string} addressOf
 */
export function pointPersonas(answer, addressOf) {
  for (const persona of personas.querySelectorAll("persona-card")) {
    const id = persona.segmentId;
    persona.apartAddress = chartOf(answer, `differences-${id}`) ? addressOf(id) : null;
  }
}

/** @param {object} risk answer of GET /value-at-risk */
export function showRisk({ total, chart }) {
  const isEmpty = total.customers === 0;
  document.querySelector("#no-value-at-risk").hidden = !isEmpty;
  const notes = [...chart.notes, "A cell opens the list of its customers."];
  draw(document.querySelector("#value-at-risk data-chart"), isEmpty ? undefined : { ...chart, notes });
}

/** @param {object} answer of GET /segments */
export function showSize(answer) {
  draw(document.querySelector("#size data-chart"), chartOf(answer, "size-and-churn"));
}

/** @param {object} answer of GET /segments */
export function showFound(answer) {
  write("method", methodSentence(answer));
  slot("method").hidden = !methodSentence(answer);
  write("finding", answer.finding);
  slot("limits").replaceChildren(...answer.limits.map(item));
  slot("limited").hidden = answer.limits.length === 0;
  const curves = [...document.querySelectorAll("#found data-chart")];
  for (const curve of curves) draw(curve, without(answer.finding, chartOf(answer, curve.dataset.chart)));
  document.querySelector("#found details").hidden = curves.every(({ hidden }) => hidden);
}

/** Find a chart of the answer by its id. @returns {object | undefined} */
export function chartOf({ charts }, id) {
  return charts.find((chart) => chart.id === id);
}

/** Draw a chart, or hide its place when there is none. @param {HTMLElement} place @param {object} [chart] */
export function draw(place, chart) {
  place.hidden = !chart;
  if (chart) place.chart = chart;
}

/** The finding stands above the curves already. */
function without(finding, chart) {
  return chart && { ...chart, notes: chart.notes.filter((note) => note !== finding) };
}

function card(persona) {
  const entry = document.createElement("li");
  const element = document.createElement("persona-card");
  element.persona = persona;
  entry.append(element);
  return entry;
}

function item(sentence) {
  const element = document.createElement("li");
  element.textContent = sentence.replaceAll(" %", "\u00a0%");
  return element;
}

function showTime(iso, now) {
  if (!iso) return;
  const time = slot("source").querySelector("time");
  time.textContent = ago(iso, now);
  time.dateTime = iso;
  time.title = moment(iso);
}

function slot(name) {
  return document.querySelector(`#segments [data-slot=${name}]`);
}

function write(name, text) {
  slot(name).textContent = text;
}
