/**
 * A table of figures; on a phone its rows become cards, and two columns stay a table in a chart.
 *
 * <value-table></value-table>
 *
 * Property: `table`, {name, columns: {label, isNumber}[], rows: {text, href?, note?}[][]}; `name` is what a screen reader
 * calls it, the first cell of a row names the row.
 */
export class ValueTable extends HTMLElement {
  set table({ name, columns, rows }) {
    this.replaceChildren(document.querySelector("#value-table-template").content.cloneNode(true));
    const table = this.querySelector("table");
    table.setAttribute("aria-label", name);
    table.classList.toggle("data-pairs", columns.length === 2);
    table.tHead.rows[0].append(...columns.map(headOf));
    table.tBodies[0].append(...rows.map((cells) => rowOf(cells, columns)));
  }
}

function headOf({ label, isNumber }) {
  const head = cellOf("th", "columnheader", isNumber);
  head.scope = "col";
  head.textContent = label;
  return head;
}

function rowOf(cells, columns) {
  const row = document.createElement("tr");
  row.setAttribute("role", "row");
  row.append(...cells.map((cell, place) => filled(cell, columns[place], place === 0)));
  return row;
}

function filled({ text, href, note }, { label, isNumber }, isName) {
  const cell = isName ? cellOf("th", "rowheader", isNumber) : cellOf("td", "cell", isNumber);
  if (isName) cell.scope = "row";
  else cell.dataset.label = label;
  cell.append(href ? linkTo(href, text) : text);
  if (note) cell.append(noteOf(note));
  return cell;
}

function cellOf(name, role, isNumber) {
  const cell = document.createElement(name);
  cell.setAttribute("role", role);
  cell.classList.toggle("number", isNumber);
  return cell;
}

function linkTo(href, text) {
  const link = document.createElement("a");
  link.className = "link-alone";
  link.href = href;
  link.textContent = text;
  return link;
}

function noteOf(text) {
  const note = document.createElement("span");
  note.className = "cell-note";
  note.textContent = text;
  return note;
}

customElements.define("value-table", ValueTable);
