/**
 * Asks once more before somebody is erased.
 *
 * <erase-dialog what="customer"></erase-dialog>
 *
 * Method: `ask(id)` opens it. Event: `erase-confirmed` when the person says so; closing it any other way keeps who it is.
 */
export class EraseDialog extends HTMLElement {
  ask(id) {
    if (!this.firstElementChild) this.#build();
    this.querySelector("h2").textContent = `Erase ${this.#what} ${id}?`;
    this.querySelector("dialog").showModal();
  }

  get #what() {
    return this.getAttribute("what");
  }

  #build() {
    this.append(document.querySelector(`#erase-${this.#what}-template`).content.cloneNode(true));
    const dialog = this.querySelector("dialog");
    this.querySelector("[data-act=keep]").addEventListener("click", () => dialog.close());
    this.querySelector("[data-act=erase]").addEventListener("click", () => {
      dialog.close();
      this.dispatchEvent(new CustomEvent("erase-confirmed"));
    });
  }
}

customElements.define("erase-dialog", EraseDialog);
