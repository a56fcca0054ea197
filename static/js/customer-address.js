/** Where one customer's page is. Pure: no DOM, no network. */

const PAGE = "/customer.html";

/**
 * Give the address of a customer's page.
 * @param {string} id any customer id; it may hold / ? # % & and the like
 * @returns {string}
 */
export function customerAddress(id) {
  return `${PAGE}?id=${encodeURIComponent(id)}`;
}

/**
 * Read the customer id out of a page's address.
 * @param {string} search the part from the question mark on
 * @returns {string} empty when the address names no customer
 */
export function customerIdIn(search) {
  return new URLSearchParams(search).get("id") ?? "";
}
