/**
 * The answer about one customer: score with direction and its interval, why, value, what to do, how sure, which model.
 *
 * <customer-card hidden></customer-card>
 *
 * Property: `answer`, {prediction, customerId, title}, where `prediction` is the answer of POST /predict; null hides the
 * card. With a `customerId` and no `title` of its own the card names the customer and leads to the customer's page.
 * Property: `why`, as reason-list.js takes it; event `retry` when failed reasons are wanted again. Property: `leads`, the ids of
 * the parts of the page with more about this answer. Property: `outdated`, true when the form no longer holds what was asked.
 */
import { customerAddress } from "../customer-address.js";
import { money, moneyInterval, percent } from "../format.js";
import { SEGMENTS_PAGE } from "../segments-query.js";
import "./interval-meter.js";
import "./reason-list.js";
import "./tier-mark.js";

const CONFIDENCE_MEANING = {
  "Very High": "How many customers with this score leave is known very well.",
  High: "How many customers with this score leave is known well.",
  Moderate: "How many customers with this score leave is only roughly known: add what you know.",
  Low: "Too few customers like this one were seen: what you know about this one may say more.",
};

export class CustomerCard extends HTMLElement {
  set answer(answer) {
    this.replaceChildren();
    this.hidden = answer === null;
    if (this.hidden) return;
    this.append(document.querySelector("#customer-card-template").content.cloneNode(true));
    const { prediction, customerId, title } = answer;
    this.#write("customer", title ?? (customerId ? `Customer ${customerId}` : "This customer"));
    this.#link(title ? "" : customerId);
    this.#score(prediction);
    this.#value(prediction);
    this.#write("recommendation", prediction.recommendation);
    this.#segment(prediction.segment ?? null);
    this.#write("confidence", prediction.confidence);
    this.#write("confidence-meaning", CONFIDENCE_MEANING[prediction.confidence] ?? "");
    this.#write("model", `${prediction.model.name}, version ${prediction.model.version}`);
    this.#write("model-note", prediction.model.note ?? "");
    this.#warnings(prediction.warnings);
    this.#write("prediction-id", prediction.prediction_id ?? "");
    this.querySelector("[data-part=stored]").hidden = prediction.prediction_id === null;
    this.querySelector("[data-part=not-stored]").hidden = prediction.prediction_id !== null;
    this.querySelector("reason-list").addEventListener("retry", () => this.dispatchEvent(new CustomEvent("retry")));
  }

  set why(why) {
    this.querySelector("[data-part=why]").hidden = why === null;
    this.querySelector("reason-list").why = why;
  }

  set leads(ids) {
    for (const link of this.querySelectorAll(".card-leads a")) link.hidden = !ids.includes(link.hash.slice(1));
  }

  set outdated(isOutdated) {
    const note = this.querySelector("[data-slot=outdated]");
    if (note) note.hidden = !isOutdated;
  }

  /** Put the keyboard on the answer and bring as much of it into view as fits. */
  focus() {
    this.scrollIntoView({ block: "nearest" });
    this.querySelector("h2").focus({ preventScroll: true });
  }

  #link(customerId) {
    const link = this.querySelector("[data-slot=customer-link]");
    link.parentElement.hidden = !customerId;
    if (customerId) link.href = customerAddress(customerId);
  }

  #score(prediction) {
    this.dataset.tier = prediction.churn_risk.toLowerCase();
    this.querySelector("tier-mark").reading = { tier: prediction.churn_risk, text: `${prediction.churn_risk} risk` };
    this.#write("probability", percent(prediction.churn_probability));
    this.#write("typical", `(typical: ${percent(prediction.typical_churn_rate)})`);
    this.querySelector("interval-meter").reading = {
      estimate: prediction.churn_probability,
      interval: prediction.probability_interval,
      typical: prediction.typical_churn_rate,
    };
  }

  #value(prediction) {
    this.#write("clv", money(prediction.estimated_clv));
    const [low, high] = prediction.clv_interval;
    const isExact = high - low < 1;
    this.#write("clv-interval", isExact ? "by formula, from the bill" : `likely ${moneyInterval([low, high])}`);
    this.#write("value-at-risk", money(prediction.value_at_risk_usd));
  }

  /** Answers from before there were segments have none. */
  #segment(segment) {
    this.querySelector("[data-part=segment]").hidden = segment === null;
    if (segment === null) return;
    this.#write("segment", segment.persona);
    this.querySelector("[data-slot=segment]").href = `${SEGMENTS_PAGE}?segment=${segment.id}`;
  }

  #warnings(warnings) {
    const items = warnings.map(({ message }) => {
      const item = document.createElement("li");
      item.textContent = message;
      return item;
    });
    this.querySelector("[data-slot=warnings]").append(...items);
    this.querySelector("[data-part=warnings]").hidden = items.length === 0;
  }

  #write(slot, text) {
    this.querySelector(`[data-slot=${slot}]`).textContent = text;
  }
}

customElements.define("customer-card", CustomerCard);
