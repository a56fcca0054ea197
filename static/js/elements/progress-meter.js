/**
 * How far a piece of work is: a bar, the same in words, and how fast it goes.
 *
 * <progress-meter label="Rows done"></progress-meter>
 *
 * Property: `reading`, {part, words, pace}: `part` between 0 and 1, or null while the whole is not known.
 */
export class ProgressMeter extends HTMLElement {
  set reading({ part, words, pace = "" }) {
    if (!this.firstElementChild) this.append(document.querySelector("#progress-meter-template").content.cloneNode(true));
    const bar = this.querySelector("progress");
    bar.setAttribute("aria-label", this.getAttribute("label"));
    if (part === null) bar.removeAttribute("value");
    else bar.value = Math.round(part * bar.max);
    this.querySelector("[data-slot=done]").textContent = words;
    this.querySelector("[data-slot=pace]").textContent = pace;
  }
}

customElements.define("progress-meter", ProgressMeter);
