/**
 * What is known about a customer, line by line.
 *
 * <profile-list></profile-list>
 *
 * Property: `entries`, a list of {label, words}.
 */
export class ProfileList extends HTMLElement {
  set entries(entries) {
    this.replaceChildren(document.querySelector("#profile-list-template").content.cloneNode(true));
    this.querySelector("dl").append(...entries.map(entry));
  }
}

function entry({ label, words }) {
  const pair = document.createElement("div");
  const [term, description] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = label;
  description.textContent = words;
  pair.append(term, description);
  return pair;
}

customElements.define("profile-list", ProfileList);
