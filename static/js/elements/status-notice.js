/**
 * Why there is no answer although the form may be right, and the next step.
 *
 * <status-notice hidden></status-notice>
 *
 * Property: `notice`, {title, sentences: string[]}; setting it shows the notice and moves the keyboard to it, null
 * hides it. Event: `retry` when a person wants to ask again.
 */
export class StatusNotice extends HTMLElement {
  set notice(notice) {
    this.replaceChildren();
    this.hidden = notice === null;
    if (this.hidden) return;
    this.append(document.querySelector("#status-notice-template").content.cloneNode(true));
    this.querySelector(".notice-title").textContent = notice.title;
    for (const sentence of notice.sentences) {
      const paragraph = document.createElement("p");
      paragraph.textContent = sentence;
      this.querySelector(".notice-sentences").append(paragraph);
    }
    this.querySelector("button").addEventListener("click", () => this.dispatchEvent(new CustomEvent("retry")));
    this.scrollIntoView({ block: "nearest" });
    this.querySelector("h2").focus({ preventScroll: true });
  }
}

customElements.define("status-notice", StatusNotice);
