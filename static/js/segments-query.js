/**
 * What the Segments page shows, written in its address: whose differences, and which segments are compared.
 * Pure: text in, text out.
 */

export const SEGMENTS_PAGE = "/segments.html";

const COMPARED_AT_FIRST = 3;

/**
 * Read an address. What it does not say, or says of a segment that is not there, is the first of the order.
 * @param {string} search the part from the question mark on
 * @param {number[]} ids the segments in the order of the page, at least one
 * @returns {{segment: number, compared: number[], isUnknown: boolean}} `isUnknown`: the address names a segment that is
 *   not there
 */
export function readView(search, ids) {
  const given = new URLSearchParams(search);
  const asked = given.get("segment");
  const segment = ids.find((id) => String(id) === asked);
  const compared = new Set(given.getAll("compare"));
  return {
    segment: segment ?? ids[0],
    compared: compared.size ? ids.filter((id) => compared.has(String(id))) : ids.slice(0, COMPARED_AT_FIRST),
    isUnknown: asked !== null && segment === undefined,
  };
}

/** The address of a view; what is shown anyway is left out. @param {object} view @param {number[]} ids as above */
export function viewAddress({ segment, compared }, ids) {
  const parameters = new URLSearchParams();
  if (segment !== ids[0]) parameters.append("segment", String(segment));
  const isAsAtFirst = String(compared) === String(ids.slice(0, COMPARED_AT_FIRST));
  // An empty one says that nothing is compared.
  if (!isAsAtFirst) for (const id of compared.length ? compared : [""]) parameters.append("compare", String(id));
  return parameters.size ? `${SEGMENTS_PAGE}?${parameters}` : SEGMENTS_PAGE;
}

/** Put a segment among the compared ones, or take it out; the order stays that of the page. */
export function comparing(view, id, isCompared, ids) {
  const wanted = new Set(view.compared);
  if (isCompared) wanted.add(id);
  else wanted.delete(id);
  return { ...view, compared: ids.filter((known) => wanted.has(known)) };
}
