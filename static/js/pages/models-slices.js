/** The same figures for parts of the customers: by state, by area code or by plan, whichever a person chooses. */
import { hiddenSentence, sliceTable } from "../model-tables.js";
import { remember } from "./models-view.js";
import "../elements/value-table.js";

const choice = document.querySelector("#slice");
let shown = null;

choice.addEventListener("change", () => {
  remember({ slice: choice.value });
  showChosen();
});

/** @param {object} slices of a version's performance @param {{slice: string}} view */
export function showSlices(slices, view) {
  shown = slices;
  const names = slices.dimensions.map(({ name }) => name);
  const options = slices.dimensions.map(({ name, label }) => new Option(label, name, false, name === view.slice));
  choice.replaceChildren(...options);
  // The largest parts first: plans part the customers in two, states in fifty.
  if (!names.includes(view.slice)) choice.value = slices.dimensions.toSorted((one, other) => one.rows.length - other.rows.length)[0]?.name ?? "";
  document.querySelector("#slices-note").textContent = slices.note;
  showChosen();
}

function showChosen() {
  const dimension = shown.dimensions.find(({ name }) => name === choice.value);
  document.querySelector("#slices-message").textContent = dimension?.message ?? "";
  document.querySelector("#slices-hidden").textContent = dimension ? hiddenSentence(dimension, shown) : "";
  const table = document.querySelector("#slice-table");
  table.hidden = !dimension?.rows.length;
  if (dimension) table.table = sliceTable(dimension);
}
