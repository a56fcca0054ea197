/**
 * What the list of customers shows, written in the page's address: filters, order and the pages a person came through.
 * Pure: text in, text out. The service judges the values; nothing is dropped here.
 */
import { typedNumber, typedText } from "./format.js";
import { FIRST_PAGE, rangeOf, readTrail, withSearch, writePage, writeTrail } from "./list-pages.js";

export { ROWS, firstPage, nextPage, previousPage } from "./list-pages.js";

export const LIST_PAGE = "/customers.html";

const EVERYONE_PRESENT = { tier: "", segment: "", value_band: "", q: "", min_clv: "", outcome: "current" };
const RISKIEST_MONEY_FIRST = { sort: "value_at_risk", order: "desc" };

/**
 * Read an address.
 * @param {string} search the part from the question mark on
 * @returns {{filters: object, sort: string, order: string, trail: string[], page: number}}
 */
export function readQuery(search) {
  const given = new URLSearchParams(search);
  const read = (defaults) => Object.fromEntries(Object.entries(defaults).map(([name, or]) => [name, given.get(name) ?? or]));
  return { filters: read(EVERYONE_PRESENT), ...read(RISKIEST_MONEY_FIRST), ...readTrail(given) };
}

/** The address of the page that shows a query. */
export function pageAddress(query) {
  const parameters = changed(query);
  writeTrail(parameters, query);
  return withSearch(LIST_PAGE, parameters);
}

/** The query of GET /customers, with its question mark. */
export function listSearch(query) {
  const parameters = changed(query);
  writePage(parameters, query);
  return withSearch("", parameters);
}

/** The address of the file with everything the filters let through. */
export function exportAddress(query) {
  return withSearch("/customers.csv", changed(query));
}

/** The first page under new filters; spaces and thousands separators are cleaned as on every form. */
export function filteredBy(query, typed) {
  const given = { ...EVERYONE_PRESENT, ...typed };
  const filters = { ...given, q: typedText(given.q), min_clv: String(typedNumber(given.min_clv)) };
  return { ...query, filters, ...FIRST_PAGE };
}

/** The address of a list with a further filter. @param {string} address @param {Record<string, string>} filters */
export function narrowed(address, filters) {
  const query = readQuery(new URL(address, "http://list").search);
  return pageAddress(filteredBy(query, { ...query.filters, ...filters }));
}

/** The first page without any filter, in the same order. */
export function unfiltered(query) {
  return { ...query, filters: EVERYONE_PRESENT, ...FIRST_PAGE };
}

/** The first page in the order of a column: its largest first, and turned round when it already was the order. */
export function sortedBy(query, sort) {
  const order = query.sort === sort && query.order === "desc" ? "asc" : "desc";
  return { ...query, sort, order, ...FIRST_PAGE };
}

export function isFiltered({ filters }) {
  return Object.entries(EVERYONE_PRESENT).some(([name, value]) => filters[name] !== value);
}

/** Say which customers of the order are shown: "Customers 51 to 100". */
export function rangeWords(query, shown) {
  return rangeOf("Customer", query, shown);
}

function changed({ filters, sort, order }) {
  const defaults = { ...EVERYONE_PRESENT, ...RISKIEST_MONEY_FIRST };
  const given = Object.entries({ ...filters, sort, order });
  return new URLSearchParams(given.filter(([name, value]) => value !== defaults[name]));
}
