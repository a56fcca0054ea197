/**
 * Two answers about one customer side by side: the stored one, and the one with changed values.
 *
 * <answer-comparison hidden></answer-comparison>
 *
 * Property: `answers`, {stored, changed}, two answers of POST /predict; null hides the comparison.
 */
import { comparisonSentence } from "../comparison-sentence.js";
import { money, percent } from "../format.js";
import "./tier-mark.js";

export class AnswerComparison extends HTMLElement {
  set answers(answers) {
    this.replaceChildren();
    this.hidden = answers === null;
    if (this.hidden) return;
    this.append(document.querySelector("#answer-comparison-template").content.cloneNode(true));
    this.querySelector("caption").textContent = comparisonSentence(answers);
    const marks = this.querySelectorAll("tier-mark");
    Object.entries(answers).forEach(([which, answer]) => this.#write(which, answer));
    marks[0].reading = { tier: answers.stored.churn_risk };
    marks[1].reading = { tier: answers.changed.churn_risk };
  }

  /** Put the keyboard on the sentence that compares. */
  focus() {
    this.scrollIntoView({ block: "nearest" });
    this.querySelector("caption").focus({ preventScroll: true });
  }

  #write(which, answer) {
    const figures = {
      probability: `${percent(answer.churn_probability)} likely`,
      clv: money(answer.estimated_clv),
      "value-at-risk": money(answer.value_at_risk_usd),
    };
    for (const [slot, text] of Object.entries(figures)) this.querySelector(`[data-slot=${which}-${slot}]`).textContent = text;
  }
}

customElements.define("answer-comparison", AnswerComparison);
