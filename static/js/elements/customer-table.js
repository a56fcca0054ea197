/**
 * Customers in the order of one of their figures; every head of a sortable column is a link to that order.
 *
 * <customer-table></customer-table>
 *
 * Property: `list`, {customers, query}: the rows of GET /customers and what was asked (see customers-query.js).
 * On a narrow screen the rows become cards; the roles in the template keep them a table for a screen reader.
 */
import { day, moment } from "../calendar.js";
import { customerAddress } from "../customer-address.js";
import { pageAddress, sortedBy } from "../customers-query.js";
import { money, percent } from "../format.js";
import { outcomeWords } from "../outcome.js";
import "./tier-mark.js";

export class CustomerTable extends HTMLElement {
  set list({ customers, query }) {
    if (!this.firstElementChild) {
      this.append(document.querySelector("#customer-table-template").content.cloneNode(true));
    }
    for (const head of this.querySelectorAll("[data-sort]")) sortHead(head, query);
    this.querySelector("tbody").replaceChildren(...customers.map(row));
  }
}

function sortHead(head, query) {
  const isOrder = head.dataset.sort === query.sort;
  if (isOrder) head.setAttribute("aria-sort", query.order === "asc" ? "ascending" : "descending");
  else head.removeAttribute("aria-sort");
  head.querySelector("a").href = pageAddress(sortedBy(query, head.dataset.sort));
}

function row(customer) {
  // importNode, not cloneNode: the elements inside must be alive before they are given what they show.
  const line = document.importNode(document.querySelector("#customer-row-template").content, true).firstElementChild;
  const write = (slot, text) => (line.querySelector(`[data-slot=${slot}]`).textContent = text);
  write("id", customer.id);
  line.querySelector("a").href = customerAddress(customer.id);
  write("outcome", customer.outcome ? outcomeWords(customer.outcome) : "");
  line.querySelector("tier-mark").reading = { tier: customer.tier };
  write("segment", customer.segment?.persona ?? "None");
  write("probability", `${percent(customer.churn_probability)} likely`);
  write("clv", money(customer.estimated_clv));
  write("value-band", `${customer.value_band} value`);
  write("value-at-risk", money(customer.value_at_risk_usd));
  write("last-seen", day(customer.last_seen_at));
  const time = line.querySelector("time");
  time.dateTime = customer.last_seen_at;
  time.title = moment(customer.last_seen_at);
  return line;
}

customElements.define("customer-table", CustomerTable);
