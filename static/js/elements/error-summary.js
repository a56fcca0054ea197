/**
 * What has to change before the form can be answered, on top of the page.
 *
 * <error-summary hidden></error-summary>
 *
 * Property: `errors`, a list of {field, message}; setting it shows the summary and moves the keyboard to it, an empty
 * list hides it. `field` is null for a sentence about the whole request: it is shown without a link.
 * Event: `field-chosen` with detail {field} when a person follows a link.
 */
export class ErrorSummary extends HTMLElement {
  set errors(errors) {
    this.replaceChildren();
    this.hidden = errors.length === 0;
    if (this.hidden) return;
    this.append(document.querySelector("#error-summary-template").content.cloneNode(true));
    this.querySelector("ul").append(...errors.map((error) => this.#item(error)));
    this.firstElementChild.focus();
  }

  #item({ field, message }) {
    const item = document.createElement("li");
    if (field === null) {
      item.textContent = message;
      return item;
    }
    const link = document.createElement("a");
    link.href = `#${field}`;
    link.textContent = message;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent("field-chosen", { detail: { field } }));
    });
    item.append(link);
    return item;
  }
}

customElements.define("error-summary", ErrorSummary);
