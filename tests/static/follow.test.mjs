import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { follow, pauseMs } from "../../static/js/follow.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Answers in turn; the last one is repeated. */
function asking(...standings) {
  return mock.fn(() => Promise.resolve(standings.length > 1 ? standings.shift() : standings[0]));
}

async function pass(milliseconds) {
  mock.timers.tick(milliseconds);
  await settled();
}

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test("the pause grows with failures in a row, has an end, and is long while nobody looks", () => {
  const pauses = [0, 1, 2, 3, 4, 50].map((failures) => pauseMs({ isHidden: false, failures }));
  assert.deepEqual(pauses, [1000, 2000, 4000, 5000, 5000, 5000]);
  assert.equal(pauseMs({ isHidden: true, failures: 0 }), 10000);
});

test("it asks at once, about once a second, and no more when it is over", async () => {
  const ask = asking("going", "going", "over");
  follow(ask, () => false);
  await settled();
  assert.equal(ask.mock.callCount(), 1);
  await pass(999);
  assert.equal(ask.mock.callCount(), 1);
  await pass(1);
  await pass(1000);
  assert.equal(ask.mock.callCount(), 3);
  await pass(60_000);
  assert.equal(ask.mock.callCount(), 3);
});

test("after failures it goes on, and is quick again once something answers", async () => {
  const ask = asking("unreachable", "unreachable", "going");
  follow(ask, () => false);
  await settled();
  await pass(1999);
  assert.equal(ask.mock.callCount(), 1);
  await pass(1);
  await pass(4000);
  assert.equal(ask.mock.callCount(), 3);
  await pass(1000);
  assert.equal(ask.mock.callCount(), 4);
});

test("being looked at again asks at once, and never twice at the same time", async () => {
  const ask = asking("going");
  const following = follow(ask, () => true);
  following.now();
  assert.equal(ask.mock.callCount(), 1);
  await settled();
  following.now();
  await settled();
  assert.equal(ask.mock.callCount(), 2);
  await pass(10_000);
  assert.equal(ask.mock.callCount(), 3);
});

test("what was stopped stays stopped, even with an answer on its way", async () => {
  const ask = asking("going");
  const following = follow(ask, () => false);
  following.stop();
  await settled();
  await pass(60_000);
  following.now();
  assert.equal(ask.mock.callCount(), 1);
});
