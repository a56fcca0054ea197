/**
 * Asks once more before a customer is erased.
 *
 * <erase-dialog></erase-dialog>
 *
 * Method: `ask(customerId)` opens it. Event: `erase-confirmed` when the person says so; closing it any other way keeps
 * the customer.
 */
export class EraseDialog extends HTMLElement {
  ask(customerId) {
    if (!this.firstElementChild) this.#build();
    this.querySelector("h2").textContent = `Erase customer ${customerId}?`;
    this.querySelector("dialog").showModal();
  }

  #build() {
    this.append(document.querySelector("#erase-dialog-template").content.cloneNode(true));
    const dialog = this.querySelector("dialog");
    this.querySelector("[data-act=keep]").addEventListener("click", () => dialog.close());
    this.querySelector("[data-act=erase]").addEventListener("click", () => {
      dialog.close();
      this.dispatchEvent(new CustomEvent("erase-confirmed"));
    });
  }
}

customElements.define("erase-dialog", EraseDialog);
