/** What stands above the list of users: how many there are in each tier, as of when, and whether scores are on their way. */
import { follow } from "../follow.js";
import { listUsers } from "../users-api.js";
import { filteredBy, listAddress } from "../users-query.js";
import { standingWords } from "../user-words.js";
import { announce } from "./batch-stage.js";
import "../elements/tier-counts.js";

const COUNTS_ONLY = "?limit=1";

const standing = document.querySelector("#standing-words");
const waiting = document.querySelector("#waiting");
const caution = document.querySelector("#caution");
const again = document.querySelector("#again");

let following = null;

/** Stop looking whether the scores have come. */
export function forgetStanding() {
  following?.stop();
  following = null;
}

/**
 * Tell how the log stands, and look again while users wait for their score.
 * @param {object} query what the list shows @param {object} list the answer of GET /users
 */
export function showStanding(query, list) {
  forgetStanding();
  again.hidden = true;
  again.href = listAddress(query);
  tell(query, list);
  if (list.pending && list.horizon_days !== null) followScores(query);
}

function followScores(query) {
  following = follow(async () => {
    try {
      const list = await listUsers(COUNTS_ONLY);
      if (following === null) return "over";
      tell(query, list);
      if (list.pending) return "going";
      // The order may be another one now; rows never move under a person's hands.
      waiting.hidden = again.hidden = false;
      waiting.firstElementChild.textContent = "Every user is scored with the newest events.";
      announce("Every user is scored with the newest events");
      return "over";
    } catch {
      return "unreachable";
    }
  }, () => document.hidden);
}

function tell(query, list) {
  const words = standingWords(list);
  standing.textContent = words.standing;
  waiting.firstElementChild.textContent = words.waiting;
  waiting.hidden = words.waiting === "";
  caution.textContent = list.caution ?? "";
  caution.hidden = !list.caution;
  document.querySelector("tier-counts").counts = {
    tiers: list.tiers,
    chosen: query.filters.tier,
    // The count is of all users to keep, so the link leads to just these.
    addressOf: (tier) => listAddress(filteredBy(query, { tier })),
  };
}
