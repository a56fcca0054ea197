/**
 * The values a company can move, each on a slider with a box or a switch, and what they would give.
 *
 * <what-if-panel></what-if-panel>
 *
 * Property: `start`, {profile, fields}: the values to start from by wire name, and the `fields` of the model's card;
 * null takes the controls away. Property: `outcome`, see what-if-outcome.js. Property: `errors`, a list of {field, message}.
 * Property: `failure`, a sentence or null. `profile`: the values as they stand. Method: `move(values)`.
 * Events: `values-moved` with detail {isTyped}, `values-taken` with detail {profile}, `retry`, and those of the
 * change-suggestion inside.
 */
import "./change-suggestion.js";
import "./lever-field.js";
import "./retry-note.js";
import "./what-if-outcome.js";

const PLAN = "voiceMailPlan";
const MESSAGES = "numberOfVmailMessages";
const MARKED = "Correct the marked value to see what it gives.";

export class WhatIfPanel extends HTMLElement {
  #start = null;
  #levers = new Map();

  set start(start) {
    this.replaceChildren();
    this.#start = start;
    this.#levers = new Map();
    if (start === null) return;
    this.append(document.importNode(document.querySelector("#what-if-template").content, true));
    this.#build(start);
    this.#showMessages();
    this.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
    this.addEventListener("lever-moved", this.#hear);
    this.addEventListener("change-applied", this.#apply);
    this.querySelector("[data-act=reset]").addEventListener("click", () => this.move(this.#start.profile));
    this.querySelector("[data-act=take]").addEventListener("click", () => this.#tell("values-taken", { profile: this.profile }));
    this.querySelector("[data-part=failure]").addEventListener("retry", () => this.#tell("retry"));
    this.#markMoved();
  }

  get profile() {
    const { profile } = this.#start;
    const moved = [...this.#levers.values()].filter((lever) => lever.isMoved).map(({ name, value }) => [name, value]);
    const tried = { ...profile, ...Object.fromEntries(moved) };
    // A plan that is taken away takes its messages along.
    if (this.#levers.get(PLAN).isMoved && tried[PLAN] === "no") tried[MESSAGES] = 0;
    return tried;
  }

  get isMoved() {
    return [...this.#levers.values()].some((lever) => lever.isMoved);
  }

  /** Set some values at once and ask about them. @param {Record<string, number | string>} values by wire name */
  move(values) {
    for (const [name, lever] of this.#levers) if (name in values) lever.value = values[name];
    this.#moved({ isTyped: false });
  }

  set outcome(outcome) {
    this.querySelector("what-if-outcome").outcome = outcome;
  }

  set isBehind(isBehind) {
    this.querySelector("what-if-outcome").isBehind = isBehind;
  }

  set failure(sentence) {
    this.querySelector("[data-part=failure]").failure = sentence;
  }

  /** Sentences beside the values they are about; any sentence takes the outcome away until the next answer. */
  set errors(errors) {
    const byField = new Map(errors.toReversed().map(({ field, message }) => [field, message]));
    for (const [name, lever] of this.#levers) lever.error = byField.get(name) ?? null;
    const elsewhere = errors.filter(({ field }) => !this.#levers.has(field)).map(({ message }) => message);
    const list = this.querySelector("[data-slot=problems]");
    list.hidden = errors.length === 0;
    list.textContent = elsewhere.length ? elsewhere.join(" ") : MARKED;
  }

  #hear = ({ detail }) => this.#moved(detail);

  #apply = ({ detail }) => {
    this.move(Object.fromEntries(detail.changes.map(({ field, to }) => [field, to])));
    this.querySelector("what-if-outcome").focus();
  };

  #build({ profile, fields }) {
    const byAlias = new Map(Object.values(fields).map((field) => [field.alias, field]));
    for (const lever of this.querySelectorAll("lever-field")) {
      const field = byAlias.get(lever.name);
      const start = profile[lever.name];
      if (field === undefined || start === undefined) {
        lever.remove();
        continue;
      }
      const { label, unit, kind, training_range: range } = field;
      lever.lever = { label, unit, kind, range, start };
      this.#levers.set(lever.name, lever);
    }
    const minutes = this.querySelector("[data-part=minutes]");
    minutes.querySelector("[data-part=no-minutes]").hidden = minutes.querySelector("lever-field") !== null;
  }

  #moved(detail) {
    this.#showMessages();
    this.#markMoved();
    this.#tell("values-moved", detail);
  }

  #showMessages() {
    const plan = this.#levers.get(PLAN);
    this.#levers.get(MESSAGES).hidden = plan.value === "no" && (plan.isMoved || !this.#start.profile[MESSAGES]);
  }

  #markMoved() {
    for (const act of ["reset", "take"]) {
      const button = this.querySelector(`[data-act=${act}]`);
      if (!this.isMoved && document.activeElement === button) this.querySelector("h3").focus({ preventScroll: true });
      button.hidden = !this.isMoved;
    }
  }

  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}

customElements.define("what-if-panel", WhatIfPanel);
