/**
 * A file input that also takes a file dropped anywhere on the page while it is in sight.
 *
 * <file-drop> <input type="file">, .drop-words, .drop-chosen </file-drop>
 *
 * Property: `file`, the chosen File or null. The input stays the only state, so the keyboard and the drop agree.
 * Event: `file-chosen` when another file was chosen or dropped.
 */
import { fileSize } from "../batch-words.js";

export class FileDrop extends HTMLElement {
  #whileOnPage = null;

  connectedCallback() {
    this.#whileOnPage = new AbortController();
    const { signal } = this.#whileOnPage;
    this.#input.addEventListener("change", () => this.#chosen(), { signal });
    addEventListener("dragover", (event) => this.#over(event), { signal });
    addEventListener("drop", (event) => this.#drop(event), { signal });
    addEventListener("dragleave", ({ relatedTarget }) => this.toggleAttribute("data-over", relatedTarget !== null), { signal });
  }

  disconnectedCallback() {
    this.#whileOnPage.abort();
  }

  get file() {
    return this.#input.files[0] ?? null;
  }

  /** Forget the file. */
  clear() {
    this.#input.value = "";
    this.#chosen();
  }

  /** Open the browser's file dialog. */
  browse() {
    this.#input.focus();
    this.#input.click();
  }

  get #input() {
    return this.querySelector("input");
  }

  // Without this, a file dropped beside the zone would replace the page.
  #over(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.toggleAttribute("data-over", this.checkVisibility());
    event.dataTransfer.dropEffect = this.checkVisibility() ? "copy" : "none";
  }

  #drop(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.removeAttribute("data-over");
    if (!this.checkVisibility() || event.dataTransfer.files.length === 0) return;
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    this.#input.files = one.files;
    this.#chosen();
    this.#input.focus();
  }

  #chosen() {
    const words = this.querySelector(".drop-chosen");
    words.hidden = this.file === null;
    this.querySelector(".drop-words").hidden = this.file !== null;
    words.textContent = this.file ? `${this.file.name}, ${fileSize(this.file.size)}` : "";
    this.toggleAttribute("data-filled", this.file !== null);
    this.dispatchEvent(new CustomEvent("file-chosen"));
  }
}

customElements.define("file-drop", FileDrop);
