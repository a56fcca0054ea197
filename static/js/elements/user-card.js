/**
 * The answer about one user: how likely to leave within how many days, why, what to do, which model said so.
 *
 * <user-card hidden></user-card>
 *
 * Property: `answer`, {answer, title}, where `answer` is that of GET /users/{id}/churn or POST /users/score; null hides the
 * card. Property: `outdated`, true when the form no longer holds what was asked.
 */
import { dated, parted } from "../user-words.js";
import "./interval-meter.js";
import "./reason-list.js";
import "./tier-mark.js";

/** More than these would push what to do out of sight; the others open on demand. */
const MOST_WARNINGS = 4;
const NO_REASON = "No single value stands out: together they make the chance what it is.";

export class UserCard extends HTMLElement {
  set answer(shown) {
    this.replaceChildren();
    this.hidden = shown === null;
    if (this.hidden) return;
    this.append(document.querySelector("#user-card-template").content.cloneNode(true));
    const { answer, title } = shown;
    this.#write("title", title);
    this.#score(answer);
    this.querySelector("reason-list").why = { reasons: answer.reasons, message: NO_REASON };
    this.#write("recommendation", answer.recommendation);
    this.#write("model", `${answer.model.name}, version ${answer.model.version}`);
    this.#write("model-note", answer.model.note ?? "");
    this.#write("trained-on", dated(answer.model.trained_on ?? ""));
    this.#warnings(answer.warnings);
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

  #score(answer) {
    this.dataset.tier = answer.tier.toLowerCase();
    this.querySelector("tier-mark").reading = { tier: answer.tier, text: `${answer.tier} risk` };
    const { figure, rest } = parted(answer.message);
    this.#write("figure", figure);
    this.#write("rest", rest);
    this.querySelector("interval-meter").reading = {
      estimate: answer.churn_probability,
      interval: answer.probability_interval,
      typical: answer.typical_churn_rate,
    };
  }

  #warnings(warnings) {
    const items = warnings.map(({ message }) => Object.assign(document.createElement("li"), { textContent: message }));
    this.querySelector("[data-part=warnings]").hidden = items.length === 0;
    const more = this.querySelector("[data-part=more-warnings]");
    more.hidden = items.length <= MOST_WARNINGS;
    if (!more.hidden) {
      const rest = items.splice(MOST_WARNINGS - 1);
      more.querySelector("summary").textContent = `${rest.length} more`;
      more.querySelector("ul").append(...rest);
    }
    this.querySelector("[data-slot=warnings]").append(...items);
  }

  #write(slot, text) {
    this.querySelector(`[data-slot=${slot}]`).textContent = text;
  }
}

customElements.define("user-card", UserCard);
