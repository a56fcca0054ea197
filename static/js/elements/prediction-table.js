/**
 * A customer's predictions, newest first: what the line over it shows, in words and figures. From two predictions on,
 * two of them are chosen to be compared.
 *
 * <prediction-table></prediction-table>
 *
 * Property: `predictions`, the rows of GET /customers/{id}/predictions. Property: `compared`, {before, after}, two
 * prediction ids. Event: `predictions-compared` when a person chose another one.
 */
import { moment } from "../calendar.js";
import { money, percent } from "../format.js";
import "./tier-mark.js";

export class PredictionTable extends HTMLElement {
  set predictions(predictions) {
    if (!this.firstElementChild) this.#build();
    const chosen = this.compared;
    this.querySelector("tbody").replaceChildren(...predictions.map(row));
    // One prediction has nothing to be compared with.
    this.toggleAttribute("data-single", predictions.length < 2);
    this.compared = chosen;
  }

  get compared() {
    const chosen = (end) => this.querySelector(`input[name=${end}]:checked`)?.value ?? null;
    return { before: chosen("before"), after: chosen("after") };
  }

  set compared(compared) {
    for (const end of ["before", "after"]) {
      for (const radio of this.querySelectorAll(`input[name=${end}]`)) radio.checked = radio.value === compared[end];
    }
  }

  #build() {
    this.append(document.querySelector("#prediction-table-template").content.cloneNode(true));
    this.addEventListener("change", () => this.dispatchEvent(new CustomEvent("predictions-compared")));
  }
}

function row({ predicted_at: at, prediction }) {
  const line = document.importNode(document.querySelector("#prediction-row-template").content, true).firstElementChild;
  const write = (slot, text) => (line.querySelector(`[data-slot=${slot}]`).textContent = text);
  write("when", moment(at));
  line.querySelector("time").dateTime = at;
  line.querySelector("tier-mark").reading = { tier: prediction.churn_risk };
  write("probability", `${percent(prediction.churn_probability)} likely`);
  write("clv", money(prediction.estimated_clv));
  write("model", `${prediction.model.name}, version ${prediction.model.version}`);
  write("warnings", prediction.warnings.map(({ message }) => message).join("; ") || "None");
  for (const radio of line.querySelectorAll("input")) {
    radio.value = prediction.prediction_id;
    radio.setAttribute("aria-label", `${radio.closest("label").textContent.trim()}: ${moment(at)}`);
  }
  return line;
}

customElements.define("prediction-table", PredictionTable);
