/** Pieces of a drawing, made without parsing text. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make one shape.
 * @param {string} name such as "line"
 * @param {Record<string, string | number>} attributes
 * @param {string} [text] what a <text> says
 * @returns {SVGElement}
 */
export function drawn(name, attributes, text = "") {
  const shape = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) shape.setAttribute(attribute, String(value));
  if (text) shape.textContent = text;
  return shape;
}

/** Write a part of the drawing's width or height, so that it fits any screen. @param {number} part between 0 and 1 */
export function share(part) {
  return `${(part * 100).toFixed(2)}%`;
}
