/**
 * What the Users page shows, written in its address: the list, the four numbers, a new log, or one loaded log.
 * Pure: text in, text out. The service judges the values; nothing is dropped here.
 */
import { typedText } from "./format.js";
import { FIRST_PAGE, rangeOf, readTrail, withSearch, writePage, writeTrail } from "./list-pages.js";

export { firstPage, nextPage, previousPage } from "./list-pages.js";

export const USERS_PAGE = "/users.html";
/** The views a person can choose, in the order of the page; the first one needs no word in the address. */
export const VIEWS = ["list", "score", "load"];

const WHO_STAYED = { tier: "", q: "", standing: "active" };

/**
 * Read which view an address shows.
 * @param {string} search the part from the question mark on
 * @returns {{view: "list" | "score" | "load" | "job", job: string | null, given: Record<string, string>}} `given` are
 *   the other values of the address, such as the numbers of the form
 */
export function readView(search) {
  const { view, job = null, ...given } = Object.fromEntries(new URLSearchParams(search));
  if (job !== null) return { view: "job", job, given };
  return { view: VIEWS.includes(view) ? view : VIEWS[0], job, given };
}

/** The address of a view. @param {string} view @param {Record<string, string | number>} [values] to be kept in it */
export function viewAddress(view, values = {}) {
  const parameters = new URLSearchParams(view === VIEWS[0] ? values : { view, ...values });
  return withSearch(USERS_PAGE, parameters);
}

/** The address of a loaded log. @param {string} id its job's */
export function logAddress(id) {
  return withSearch(USERS_PAGE, new URLSearchParams({ job: id }));
}

/**
 * Read what the list shows.
 * @param {string} search
 * @returns {{filters: {tier: string, q: string, standing: string}, trail: string[], page: number}}
 */
export function readList(search) {
  const given = new URLSearchParams(search);
  const filters = Object.fromEntries(Object.entries(WHO_STAYED).map(([name, or]) => [name, given.get(name) ?? or]));
  return { filters, ...readTrail(given) };
}

/** The address of the page that shows a list. */
export function listAddress(query) {
  const parameters = chosen(query);
  writeTrail(parameters, query);
  return withSearch(USERS_PAGE, parameters);
}

/** The query of GET /users, with its question mark. */
export function listSearch(query) {
  const parameters = chosen(query);
  writePage(parameters, query);
  return withSearch("", parameters);
}

/** The address of the file with everyone the filters let through. */
export function exportAddress(query) {
  return withSearch("/users.csv", chosen(query));
}

/** The first page under new filters. */
export function filteredBy(query, typed) {
  const given = { ...WHO_STAYED, ...typed };
  return { ...query, filters: { ...given, q: typedText(given.q) }, ...FIRST_PAGE };
}

/** The first page with everyone who is still there. */
export function unfiltered(query) {
  return filteredBy(query, WHO_STAYED);
}

export function isFiltered({ filters }) {
  return Object.entries(WHO_STAYED).some(([name, value]) => filters[name] !== value);
}

/** Say which users of the order are shown: "Users 51 to 100". */
export function rangeWords(query, shown) {
  return rangeOf("User", query, shown);
}

function chosen({ filters }) {
  return new URLSearchParams(Object.entries(filters).filter(([name, value]) => value !== WHO_STAYED[name]));
}
