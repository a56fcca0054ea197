/** Fills the segment filter of the Customers page: its choices are the personas the service knows. */
import { readSegments } from "../segments-api.js";

const select = document.querySelector("#segment");

/**
 * Offer every persona. Without an answer the filter keeps what the address names, by its number; without any segment there
 * is nothing to choose, and segments that are rules are chosen by tier and value band.
 */
export async function offerSegments() {
  const { method, segments } = await readSegments().catch(() => ({ segments: [] }));
  if (method !== "rules") for (const { id, persona } of segments) offer(String(id)).textContent = persona;
  select.closest("form-field").hidden = select.length === 1;
}

/**
 * Make sure that a segment can be chosen, before its persona is known or although nobody knows it.
 * @param {string} id
 * @returns {HTMLOptionElement}
 */
export function offer(id) {
  const known = [...select.options].find(({ value }) => value === id);
  if (known) return known;
  select.add(new Option(`Segment ${id}`, id));
  return select.options[select.length - 1];
}
