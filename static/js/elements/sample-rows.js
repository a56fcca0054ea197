/**
 * The first rows of a file as they stand there, in a box that scrolls by itself.
 *
 * <sample-rows></sample-rows>
 *
 * Property: `preview`, the answer of POST /batch/preview.
 */
export class SampleRows extends HTMLElement {
  set preview({ columns, sample_rows }) {
    this.replaceChildren(document.querySelector("#sample-rows-template").content.cloneNode(true));
    this.querySelector("thead tr").append(...columns.map(({ name }) => cell("th", name)));
    this.querySelector("tbody").append(
      ...sample_rows.map((values) => {
        const row = document.createElement("tr");
        row.append(...values.map((value) => cell("td", value)));
        return row;
      }),
    );
  }
}

function cell(tag, text) {
  const element = document.createElement(tag);
  if (tag === "th") element.scope = "col";
  element.textContent = text;
  return element;
}

customElements.define("sample-rows", SampleRows);
