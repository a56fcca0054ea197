/**
 * Users of an event log, the most likely to leave first.
 *
 * <user-table></user-table>
 *
 * Property: `users`, the rows of GET /users. On a narrow screen the rows become cards; the roles in the template keep
 * them a table for a screen reader.
 */
import { day, moment } from "../calendar.js";
import { quantity } from "../format.js";
import { userAddress } from "../user-address.js";
import { chanceWords, quietWords, rowNote } from "../user-words.js";
import "./tier-mark.js";

export class UserTable extends HTMLElement {
  set users(users) {
    if (!this.firstElementChild) this.append(document.querySelector("#user-table-template").content.cloneNode(true));
    this.querySelector("tbody").replaceChildren(...users.map(row));
  }
}

function row(user) {
  // importNode, not cloneNode: the elements inside must be alive before they are given what they show.
  const line = document.importNode(document.querySelector("#user-row-template").content, true).firstElementChild;
  const write = (slot, text) => (line.querySelector(`[data-slot=${slot}]`).textContent = text);
  write("id", user.user_id);
  line.querySelector("a").href = userAddress(user.user_id);
  const mark = line.querySelector("tier-mark");
  mark.hidden = user.tier === null;
  if (user.tier !== null) mark.reading = { tier: user.tier };
  write("chance", chanceWords(user));
  write("standing", rowNote(user));
  write("quiet", quietWords(user.days_inactive));
  write("events", quantity(user.events));
  write("last", day(user.last_event_at));
  const time = line.querySelector("time");
  time.dateTime = user.last_event_at;
  time.title = moment(user.last_event_at);
  return line;
}

customElements.define("user-table", UserTable);
