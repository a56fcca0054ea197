/** The list of users at risk: the address says what is shown, every step changes the address, the list follows it. */
import { ApiError, ValidationProblem } from "../api.js";
import { FormQuestions } from "../form-questions.js";
import { userAddress } from "../user-address.js";
import { listUsers, readChurn } from "../users-api.js";
import {
  exportAddress, filteredBy, firstPage, isFiltered, listAddress, listSearch, nextPage, previousPage, rangeWords, readList,
  unfiltered,
} from "../users-query.js";
import { typedText } from "../format.js";
import { announce, entitle, show, showNotice } from "./batch-stage.js";
import { forgetStanding, showStanding } from "./users-standing.js";
import "../elements/user-table.js";

const QUIET_MS = 400;

const view = document.querySelector("#list-view");
const form = document.querySelector("#filters");
const questions = new FormQuestions(form, document.querySelector("error-summary"));
const parts = ["nobody", "no-match", "result"].map((id) => document.getElementById(id));
const found = document.querySelector("#found");

let asking = new AbortController();

/** Wire the filters and every link that leads to another part of the list. */
export function wireList() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-step]");
    const wantsNewTab = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
    if (!link || wantsNewTab) return;
    event.preventDefault();
    go(link.getAttribute("href"), { focus: !link.closest("tier-counts") });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = Object.fromEntries(questions.fields.map(({ name, value }) => [name, value]));
    go(listAddress(filteredBy(readList(location.search), typed)));
  });
  document.querySelector("#q").addEventListener("keydown", openExactId);
}

/** Stop asking: another view is shown. */
export function hideList() {
  asking.abort();
  forgetStanding();
}

/** Show the part of the list that the address names. @param {{focus: boolean}} options whether its heading takes the keyboard */
export async function showList({ focus }) {
  hideList();
  asking = new AbortController();
  const { signal } = asking;
  const query = readList(location.search);
  entitle("");
  show("list-view");
  writeFilters(query);
  const slow = setTimeout(() => setBusy(true), QUIET_MS);
  try {
    const list = await listUsers(listSearch(query), { signal });
    questions.errors = [];
    showPage(query, list);
    if (focus) shownPart().querySelector("h2").focus();
  } catch (error) {
    if (!signal.aborted) showFailure(error);
  } finally {
    clearTimeout(slow);
    if (!signal.aborted) setBusy(false);
  }
}

function go(address, { focus = false } = {}) {
  history.pushState(null, "", address);
  showList({ focus });
}

async function openExactId(event) {
  const id = typedText(event.target.value);
  if (event.key !== "Enter" || event.isComposing || !id) return;
  event.preventDefault();
  try {
    await readChurn(id);
    location.assign(userAddress(id));
  } catch {
    // No such user, or no answer: the list says which.
    form.requestSubmit();
  }
}

function writeFilters(query) {
  for (const field of questions.fields) field.value = query.filters[field.name];
  document.querySelector("#clear-filters").hidden = !isFiltered(query);
  document.querySelector("#clear-filters").href = listAddress(unfiltered(query));
}

function setBusy(busy) {
  view.setAttribute("aria-busy", String(busy));
  document.querySelector("#loading").hidden = !busy || Boolean(shownPart());
  announce(busy ? "Loading the users" : (shownPart()?.querySelector("h2").textContent ?? ""));
}

function showPage(query, list) {
  const { users, next, users_known: known } = list;
  showPart(users.length ? "result" : known ? "no-match" : "nobody");
  found.hidden = known === 0;
  if (known) showStanding(query, list);
  explainNoMatch(query);
  document.querySelector("user-table").users = users;
  document.querySelector("#range").textContent = rangeWords(query, users.length);
  document.querySelector("#export").href = exportAddress(query);
  step("#previous", previousPage(query));
  step("#next", next && nextPage(query, next));
  step("#first", query.page > 2 && firstPage(query));
}

function explainNoMatch(query) {
  const action = document.querySelector("#no-match-action");
  const isOnlyStanding = !isFiltered(query);
  document.querySelector("#no-match-reason").textContent = isOnlyStanding
    ? "Every user of the log has cancelled, or has been silent for a long time."
    : `No user of the log fits all the filters above.${query.filters.q && " An id is matched from its start, capitals count."}`;
  action.textContent = isOnlyStanding ? "Show the silent ones" : "Clear filters";
  action.href = listAddress(isOnlyStanding ? filteredBy(query, { standing: "inactive" }) : unfiltered(query));
}

function shownPart() {
  return parts.find((part) => !part.hidden);
}

function showPart(id) {
  for (const part of parts) part.hidden = part.id !== id;
}

function step(selector, query) {
  const link = document.querySelector(selector);
  link.hidden = !query;
  if (query) link.href = listAddress(query);
}

function showFailure(error) {
  showPart("");
  const isRefused = error instanceof ValidationProblem;
  found.hidden = !isRefused;
  // Also where the form holds nothing to clear: what was refused may stand in the address alone.
  document.querySelector("#clear-filters").hidden = !isRefused;
  if (isRefused) questions.errors = error.errors;
  else showNotice(error, { again: () => showList({ focus: true }) });
  if (!(error instanceof ApiError)) console.error(error);
}
