import assert from "node:assert/strict";
import { test } from "node:test";

import { comparing, readView, viewAddress } from "../../static/js/segments-query.js";

const IDS = [3, 0, 2, 1];
const searchOf = (view) => new URL(viewAddress(view, IDS), "http://x").search;
const PLAIN = readView("", IDS);

test("an address without a query shows the first segment and compares the first three", () => {
  assert.deepEqual(PLAIN, { segment: 3, compared: [3, 0, 2], isUnknown: false });
  assert.equal(viewAddress(PLAIN, IDS), "/segments.html");
});

test("an address gives back the view it was made from", () => {
  for (const compared of [[], [1], [3, 1], [3, 0, 2, 1], [3, 0, 2]]) {
    const view = { segment: 0, compared, isUnknown: false };
    assert.deepEqual(readView(searchOf(view), IDS), view);
  }
  assert.equal(searchOf({ segment: 0, compared: [] }), "?segment=0&compare=");
});

test("a segment that is not there is said, and the first stands in for it", () => {
  assert.deepEqual(readView("?segment=9&compare=9&compare=1", IDS), { segment: 3, compared: [1], isUnknown: true });
  for (const odd of ["", "x", "00", "0.0", "-1", "1e0"]) assert.equal(readView(`?segment=${odd}`, IDS).isUnknown, true, odd);
});

test("boxes are ticked and cleared one at a time, and the order stays that of the page", () => {
  const more = comparing(PLAIN, 1, true, IDS);
  assert.deepEqual(more.compared, [3, 0, 2, 1]);
  assert.deepEqual(comparing(more, 0, false, IDS).compared, [3, 2, 1]);
  assert.deepEqual(comparing(comparing(more, 0, false, IDS), 0, true, IDS).compared, [3, 0, 2, 1]);
  assert.deepEqual(comparing(PLAIN, 3, true, IDS).compared, PLAIN.compared);
});

test("with one segment that one is shown and compared", () => {
  assert.deepEqual(readView("", [0]), { segment: 0, compared: [0], isUnknown: false });
});
