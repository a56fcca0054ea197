/**
 * One loaded log: how far it is, what became of its rows, whose its events are, and what can be done now.
 *
 * <log-card></log-card>
 *
 * Property: `job`, a job of the API whose kind is "events"; setting it again keeps the keyboard where it is.
 * Property: `unreachable`, a sentence while nothing answers, or null. Event: `cancel-asked`.
 */
import { errorsAddress } from "../batch-api.js";
import { count } from "../batch-words.js";
import { FileCard } from "../file-card.js";
import { isOver } from "../job-words.js";
import { identitySentence, rejectedSentence, rowFates, usersSentence } from "../log-words.js";

export class LogCard extends FileCard {
  tell(job) {
    this.#rows("fates", rowFates(job).map(({ name, rows, part }) => [name, rows, part]));
    this.#identity(job.events);
    this.#rejections(job);
    this.#actions(job);
  }

  #identity(events) {
    this.write("identity", identitySentence(events));
    this.#rows("unidentified", events.unidentified.map(({ message, events: number }) => [message, count(number)]));
    this.#rows("unknown-kinds", events.unknown_kinds.map(({ kind, events: number }) => [kind, count(number)]));
    this.querySelector("[data-part=unknown-kinds]").hidden = events.unknown_kinds.length === 0;
    this.write("users", usersSentence(events));
  }

  #rejections(job) {
    this.write("rejected", rejectedSentence(job));
    this.#rows("rejections", job.rejections.map(({ message, rows }) => [message, count(rows)]));
    const link = this.slotNamed("errors");
    link.hidden = !job.errors_ready || job.rows_rejected === 0;
    link.href = errorsAddress(job.id);
  }

  #actions(job) {
    const over = isOver(job);
    this.slotNamed("at-risk").hidden = !over || job.events.accepted + job.events.duplicates === 0;
    this.slotNamed("another").hidden = !over;
    this.querySelector("[data-action=cancel]").hidden = over;
  }

  /** Fill a table; without a row it is not there. */
  #rows(slot, rows) {
    const table = this.slotNamed(slot);
    table.hidden = rows.length === 0;
    table.tBodies[0].replaceChildren(...rows.map(line));
  }
}

function line(texts) {
  const row = document.createElement("tr");
  row.append(...texts.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  return row;
}

customElements.define("log-card", LogCard);
