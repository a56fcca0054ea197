/**
 * The reasons behind a score: what raises the chance of leaving and what lowers it, each with the typical value.
 *
 * <reason-list hidden></reason-list>
 *
 * Property: `why`, one of {isWaiting: true}, {failure: sentence}, or the `explanation` of POST /explain; null hides the
 * list. Event: `retry` when a person wants a failed explanation asked for again.
 */
import "./retry-note.js";

const WORDS = { up: "Raises the chance", down: "Lowers the chance" };

export class ReasonList extends HTMLElement {
  set why(why) {
    this.hidden = why === null;
    if (this.hidden) return;
    if (!this.firstElementChild) this.#build();
    const hadFocus = this.contains(document.activeElement);
    this.#tellState(why);
    this.#tellReasons(why);
    if (hadFocus && why.reasons) this.firstElementChild.focus({ preventScroll: true });
  }

  #tellState({ isWaiting = false, failure = null }) {
    this.querySelector(".reasons-waiting").hidden = !isWaiting;
    const note = this.querySelector("retry-note");
    // While a failed question is asked again its button keeps the keyboard.
    if (!isWaiting || note.hidden) note.failure = failure;
  }

  #tellReasons({ reasons = null, message = "" }) {
    this.querySelector("ul").replaceChildren(...(reasons ?? []).map(item));
    const none = this.querySelector("[data-slot=message]");
    none.hidden = reasons === null || reasons.length > 0;
    none.textContent = none.hidden ? "" : message;
  }

  #build() {
    this.append(document.querySelector("#reason-list-template").content.cloneNode(true));
    this.querySelector("retry-note").addEventListener("retry", () => this.dispatchEvent(new CustomEvent("retry")));
  }
}

function item({ direction, text }) {
  const line = document.importNode(document.querySelector("#reason-template").content, true).firstElementChild;
  line.dataset.direction = direction;
  for (const symbol of line.querySelectorAll("[data-symbol]")) {
    symbol.toggleAttribute("hidden", symbol.dataset.symbol !== direction);
  }
  line.querySelector("[data-slot=direction]").textContent = WORDS[direction];
  line.querySelector("[data-slot=text]").textContent = text;
  return line;
}

customElements.define("reason-list", ReasonList);
