/** Where one user's page is. Pure: no DOM, no network. */

const PAGE = "/user.html";

/**
 * Give the address of a user's page.
 * @param {string} id any user id; it may hold / ? # % & and the like
 * @param {string} [asOf] a date, to see the answer of that day
 * @returns {string}
 */
export function userAddress(id, asOf = "") {
  return `${PAGE}?${new URLSearchParams({ id, ...(asOf && { as_of: asOf }) })}`;
}

/**
 * Read which user a page's address names, and as of when.
 * @param {string} search the part from the question mark on
 * @returns {{id: string, asOf: string}} empty where the address says nothing
 */
export function readUserAddress(search) {
  const given = new URLSearchParams(search);
  return { id: given.get("id") ?? "", asOf: given.get("as_of") ?? "" };
}
