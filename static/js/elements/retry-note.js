/**
 * A part of a page that could not be loaded, said in a sentence beside the parts that stand. It leaves the keyboard
 * where it is.
 *
 * <retry-note hidden></retry-note>
 *
 * Property: `failure`, a sentence; null hides the note. Event: `retry` when a person wants to ask again.
 */
export class RetryNote extends HTMLElement {
  set failure(sentence) {
    this.hidden = sentence === null;
    if (this.hidden) {
      this.replaceChildren();
      return;
    }
    // The button stays the same one, so that it keeps the keyboard when asking again fails again.
    if (!this.firstElementChild) this.#build();
    this.querySelector("[data-slot=failure]").textContent = sentence;
  }

  #build() {
    this.append(document.querySelector("#retry-note-template").content.cloneNode(true));
    this.querySelector("button").addEventListener("click", () => this.dispatchEvent(new CustomEvent("retry")));
  }
}

customElements.define("retry-note", RetryNote);
