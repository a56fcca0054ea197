/**
 * A customer's predictions, newest first: what the line over it shows, in words and figures.
 *
 * <prediction-table></prediction-table>
 *
 * Property: `predictions`, the rows of GET /customers/{id}/predictions.
 */
import { moment } from "../calendar.js";
import { money, percent } from "../format.js";
import "./tier-mark.js";

export class PredictionTable extends HTMLElement {
  set predictions(predictions) {
    if (!this.firstElementChild) {
      this.append(document.querySelector("#prediction-table-template").content.cloneNode(true));
    }
    this.querySelector("tbody").replaceChildren(...predictions.map(row));
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
  return line;
}

customElements.define("prediction-table", PredictionTable);
