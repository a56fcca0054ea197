/** The chart of an explanation: a waterfall from the starting value to the customer's. Pure: no DOM. */
import { clvSumWords, sumWords, valueWords } from "./explanation-words.js";

const BRACKETS = "The typical value is in brackets.";

/**
 * Lay out what each value adds to the forest's score.
 * @param {object} explanation the part of POST /explain
 * @returns {object} a chart for <data-chart>
 */
export function scoreChart(explanation) {
  const steps = explanation.contributions;
  return waterfall({
    id: "score-contributions",
    name: "What each value adds to the score",
    title: explanation.message,
    measure: { label: "Step on the forest\u2019s scale", unit: "number" },
    steps: steps.map((step) => [nameOf(step), step.contribution]),
    marks: [
      ["Starting score", explanation.base],
      ["This customer", explanation.forest_score],
    ],
    notes: [sumWords(explanation), "The steps tell what the model reads, not what causes a customer to leave."],
  });
}

/**
 * Lay out what each value adds to the lifetime value.
 * @param {object} clv the part of POST /explain
 * @returns {object} a chart for <data-chart>
 */
export function clvChart(clv) {
  return waterfall({
    id: "clv-contributions",
    name: "What each value adds to the lifetime value",
    title: clv.message,
    measure: { label: "Step of the lifetime value", unit: "usd" },
    steps: clv.contributions.map((step) => [nameOf(step), step.contribution_usd]),
    marks: [
      ["Starting value", clv.base_usd],
      ["This customer", clv.linear_clv_usd],
    ],
    notes: [clvSumWords(clv)],
  });
}

function waterfall({ id, name, title, measure, steps, marks, notes }) {
  const axis = (label, unit, categories) => ({ label, unit, min: null, max: null, categories });
  return {
    id,
    kind: "waterfall",
    name,
    title,
    x: axis("Value (typical value)", "words", steps.map(([words]) => words)),
    y: axis(measure.label, measure.unit, null),
    series: [{ name: "Step", role: "main", points: steps.map(([, step], place) => [place, step]), band: null }],
    marks: marks.map(([label, value]) => ({ axis: "y", value, label })),
    links: null,
    notes: [BRACKETS, ...notes],
  };
}

function nameOf({ label, value, typical }) {
  return `${label}: ${valueWords(value)} (${valueWords(typical)})`;
}
