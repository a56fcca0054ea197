/**
 * One file's job: where it stands, how far it is, what came out, and what can be done now.
 *
 * <job-card></job-card>
 *
 * Property: `job`, a job of the API; setting it again keeps the keyboard where it is.
 * Property: `unreachable`, a sentence while nothing answers, or null. Event: `cancel-asked`.
 */
import { errorsAddress, resultsAddress } from "../batch-api.js";
import { count } from "../batch-words.js";
import { FileCard } from "../file-card.js";
import { isOver, portion, rejectedRows, remarks, wordsOf } from "../job-words.js";
import "./tier-mark.js";

export class JobCard extends FileCard {
  tell(job) {
    this.#tiers(job);
    this.#rejections(job);
    this.#remarks(job);
    this.#mapping(job);
    this.#actions(job);
  }

  #tiers({ tiers, rows_scored }) {
    const items = Object.entries(tiers).map(([tier, customers]) => {
      const mark = document.createElement("tier-mark");
      const item = element("li");
      item.append(mark, element("strong", count(customers)), element("span", portion(customers, rows_scored)));
      mark.reading = { tier, text: `${tier} risk` };
      return item;
    });
    this.slotNamed("tiers").replaceChildren(...items);
  }

  #rejections(job) {
    const rows = job.rejections.map(({ message, rows: number }) => {
      const row = element("tr");
      row.append(element("td", message), element("td", count(number)));
      return row;
    });
    this.write("rejected", rejectedRows(job));
    this.querySelector(".reason-table").hidden = rows.length === 0;
    this.querySelector(".reason-table tbody").replaceChildren(...rows);
    this.#link("errors", job.errors_ready && job.rows_rejected > 0, errorsAddress(job.id));
  }

  #remarks(job) {
    const items = remarks(job).map((sentence) => element("li", sentence));
    this.#part("remarks").hidden = items.length === 0;
    this.slotNamed("remarks").replaceChildren(...items);
  }

  #mapping({ mapping, ignored_columns, models }) {
    const pairs = [
      ...Object.entries(mapping).map(([field, column]) => [wordsOf(field), column]),
      ["Not used", ignored_columns.join(", ") || "none"],
      ["Models", models.join(", ") || "none yet"],
    ];
    this.slotNamed("mapping").replaceChildren(...pairs.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  }

  #actions(job) {
    const over = isOver(job);
    this.#link("results", over && job.results_ready, resultsAddress(job.id));
    this.slotNamed("customers").hidden = !over || job.rows_scored === 0;
    this.slotNamed("another").hidden = !over;
    this.querySelector("[data-action=cancel]").hidden = over;
  }

  #link(name, isThere, address) {
    this.slotNamed(name).hidden = !isThere;
    this.slotNamed(name).href = address;
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }
}

function element(tag, text = "") {
  return Object.assign(document.createElement(tag), { textContent: text });
}

customElements.define("job-card", JobCard);
