/** The pages of a list with a cursor, as its address tells them: where a person is, and the way back. Pure. */

export const ROWS = 50;

// Each page passed adds its cursor; an address has to stay shorter than what servers and chat programs take.
const LONGEST_TRAIL = 20;

/** The part of a query that stands for the first page. */
export const FIRST_PAGE = { trail: [], page: 1 };

/**
 * Read where an address stands.
 * @param {URLSearchParams} given
 * @returns {{trail: string[], page: number}} `trail` are the cursors of the pages after the first, the last one is shown
 */
export function readTrail(given) {
  const trail = given.getAll("cursor");
  const page = Math.max(Number.parseInt(given.get("page") ?? "", 10) || 0, trail.length + 1);
  return { trail, page: trail.length ? page : 1 };
}

/** Add to an address where it stands. */
export function writeTrail(parameters, { trail, page }) {
  for (const cursor of trail) parameters.append("cursor", cursor);
  if (page > 1) parameters.append("page", String(page));
}

/** Add to a request which page is wanted. */
export function writePage(parameters, { trail }) {
  if (trail.length) parameters.append("cursor", trail.at(-1));
  parameters.append("limit", String(ROWS));
}

export function nextPage(query, cursor) {
  return { ...query, trail: [...query.trail, cursor].slice(-LONGEST_TRAIL), page: query.page + 1 };
}

/** The page before, or null on the first page and where the address no longer remembers it. */
export function previousPage(query) {
  const isForgotten = query.trail.length === 1 && query.page > 2;
  if (!query.trail.length || isForgotten) return null;
  return { ...query, trail: query.trail.slice(0, -1), page: query.page - 1 };
}

export function firstPage(query) {
  return { ...query, ...FIRST_PAGE };
}

/** Say which rows of the order are shown: "Customers 51 to 100". @param {string} noun "Customer" */
export function rangeOf(noun, query, shown) {
  const first = (query.page - 1) * ROWS + 1;
  if (shown === 1) return `${noun} ${first.toLocaleString("en-US")}`;
  return `${noun}s ${first.toLocaleString("en-US")} to ${(first + shown - 1).toLocaleString("en-US")}`;
}

/** A path with its query, or alone. @param {string} path @param {URLSearchParams} parameters */
export function withSearch(path, parameters) {
  return parameters.size ? `${path}?${parameters}` : path;
}
