/** Asks again and again how something stands: often while somebody looks, seldom while nobody does or nobody answers. */

const WATCHED_MS = 1_000;
const HIDDEN_MS = 10_000;
const LONGEST_MS = 5_000;

/**
 * How long to wait before asking again.
 * @param {{isHidden: boolean, failures: number}} situation failures in a row
 * @returns {number} milliseconds
 */
export function pauseMs({ isHidden, failures }) {
  if (isHidden) return HIDDEN_MS;
  return Math.min(LONGEST_MS, WATCHED_MS * 2 ** failures);
}

/**
 * Ask at once, and again until it is over.
 * @param {() => Promise<"over" | "going" | "unreachable">} ask never rejects
 * @param {() => boolean} isHidden whether the page is out of sight
 * @returns {{now: () => void, stop: () => void}} `now` asks without waiting for the pause to end
 */
export function follow(ask, isHidden) {
  let [timer, failures, isAsking, isStopped] = [null, 0, false, false];

  async function once() {
    if (isAsking || isStopped) return;
    clearTimeout(timer);
    isAsking = true;
    const standing = await ask();
    isAsking = false;
    failures = standing === "unreachable" ? failures + 1 : 0;
    if (standing === "over") stop();
    if (!isStopped) timer = setTimeout(once, pauseMs({ isHidden: isHidden(), failures }));
  }

  function stop() {
    isStopped = true;
    clearTimeout(timer);
  }

  once();
  return { now: once, stop };
}
