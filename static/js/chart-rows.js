/** Charts whose rows lie below each other: how names and steps keep to the room there is. Pure. */
import { nameAxis } from "./chart-axes.js";

/** What a value behind the end of a bar needs. */
export const ROOM_FOR_A_VALUE_PX = 62;

const NARROW_PX = 420;
const WIDEST_NAMES_PX = 220;
const PART_FOR_NAMES = 0.38;
// A letter's width as a part of the font's size: the axis keeps this room for a name, so it must not be too little.
const LETTER = 0.62;

/** Few steps, for the values stand beside the bars; bars just below zero get a little room, not a whole step. */
export function rowSteps({ min, axisLabel }, [least, most], { width }) {
  const isHardlyBelow = min === undefined && least < 0 && -least < most / 10;
  return {
    splitNumber: width < NARROW_PX ? 2 : 5,
    ...(isHardlyBelow && { min: 2 * least, axisLabel: { ...axisLabel, showMinLabel: false } }),
  };
}

/** Names down the side break into lines before they take the bars' room. */
export function listedNames(names, pen) {
  const longest = Math.max(...names.map((name) => name.length)) * pen.fontSize * LETTER;
  const width = Math.min(WIDEST_NAMES_PX, pen.width * PART_FOR_NAMES, longest);
  const axis = nameAxis(names, pen);
  return { ...axis, inverse: true, axisLabel: { ...axis.axisLabel, color: pen.colours.ink, interval: 0, width, overflow: "break", lineHeight: pen.fontSize * 1.15 } };
}
