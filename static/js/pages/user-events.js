/** Wires a user's stored events: the newest page first, earlier ones when a person asks. */
import { ApiError } from "../api.js";
import { moment } from "../calendar.js";
import { reasonOf } from "../notices.js";
import { durationWords, eventValue } from "../user-words.js";
import { readEvents } from "../users-api.js";
import "../elements/retry-note.js";
import "../elements/value-table.js";

const FOUND = "user id found from its session";

const table = document.querySelector("#events-table");
const note = document.querySelector("#events-note");
const button = document.querySelector("#earlier-button");

let [shownId, events, next] = ["", [], null];

button.addEventListener("click", showMore);
note.addEventListener("retry", showMore);

/** Show a user's events from the newest on. @param {string} id */
export async function showEvents(id) {
  [shownId, events, next] = [id, [], null];
  await showMore();
}

async function showMore() {
  try {
    const page = await readEvents(shownId, next);
    events = [...events, ...page.events];
    next = page.next;
    note.failure = null;
    draw();
  } catch (error) {
    note.failure = `The events could not be read. ${reasonOf(error)}`;
    if (!(error instanceof ApiError)) console.error(error);
  }
}

function draw() {
  const columns = COLUMNS.filter(({ of, isAlways }) => isAlways || events.some((event) => of(event) !== ""));
  table.table = {
    name: "Events, the newest first",
    columns: columns.map(({ label, isNumber = false }) => ({ label, isNumber })),
    rows: events.map((event) => columns.map(({ of, noteOf }) => ({ text: of(event), note: noteOf?.(event) }))),
  };
  // Hiding the button would drop the keyboard focus it holds.
  if (!next && document.activeElement === button) document.querySelector("#events-heading").focus();
  button.hidden = !next;
}

/** What no event of the page has gets no column. */
const COLUMNS = [
  { label: "When", of: ({ ts }) => moment(ts), isAlways: true },
  { label: "What", of: ({ kind }) => kind, isAlways: true, noteOf: ({ recovered }) => (recovered ? FOUND : "") },
  { label: "Item", of: ({ item_id: item }) => item ?? "" },
  { label: "Session", of: ({ session_id: session }) => session ?? "" },
  { label: "Lasted", of: ({ duration_seconds: seconds }) => durationWords(seconds), isNumber: true },
  { label: "Value", of: ({ value }) => eventValue(value), isNumber: true },
  { label: "Plan", of: ({ level }) => level ?? "" },
];
