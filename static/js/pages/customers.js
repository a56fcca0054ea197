/** Wires the Customers page: the address says what is shown, every step changes the address, the list follows it. */
import { ApiError, ValidationProblem } from "../api.js";
import { customerAddress } from "../customer-address.js";
import { listCustomers, readCustomer } from "../customers-api.js";
import {
  exportAddress, filteredBy, firstPage, isFiltered, listSearch, nextPage, pageAddress, previousPage, rangeWords,
  readQuery, unfiltered,
} from "../customers-query.js";
import { FormQuestions, markTitle } from "../form-questions.js";
import { typedText } from "../format.js";
import { noticeOf } from "../notices.js";
import { tellNews } from "../news.js";
import { offer, offerSegments } from "./customers-segments.js";
import "../elements/customer-table.js";
import "../elements/status-notice.js";

const QUIET_MS = 400;
const EVERYONE = "?outcome=all&limit=1";

const form = document.querySelector("#filters");
const questions = new FormQuestions(form, document.querySelector("error-summary"));
const list = document.querySelector("#list");
const notice = document.querySelector("status-notice");
const table = document.querySelector("customer-table");
const range = document.querySelector("#range");
const parts = ["nobody", "no-match", "result"].map((id) => document.getElementById(id));

let asking = new AbortController();

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-step]");
  const wantsNewTab = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
  if (!link || wantsNewTab) return;
  event.preventDefault();
  go(link.getAttribute("href"), { focus: !link.closest("th") });
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = Object.fromEntries(questions.fields.map(({ name, value }) => [name, value]));
  go(pageAddress(filteredBy(readQuery(location.search), typed)));
});
document.querySelector("#q").addEventListener("keydown", openExactId);
notice.addEventListener("retry", () => show({ focus: true }));
addEventListener("popstate", () => show({ focus: false }));
show({ focus: false });
offerSegments();
tellNews(document.querySelector("#done-notice"));

function go(address, { focus = false } = {}) {
  history.pushState(null, "", address);
  show({ focus });
}

async function openExactId(event) {
  const id = typedText(event.target.value);
  if (event.key !== "Enter" || event.isComposing || !id) return;
  event.preventDefault();
  try {
    await readCustomer(id);
    location.assign(customerAddress(id));
  } catch {
    // No such customer, or no answer: the list says which.
    form.requestSubmit();
  }
}

async function show({ focus }) {
  const query = readQuery(location.search);
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  writeFilters(query);
  const slow = setTimeout(() => setBusy(true), QUIET_MS);
  try {
    const page = await listCustomers(listSearch(query), { signal });
    const everyone = page.customers.length ? page : await listCustomers(EVERYONE, { signal });
    questions.errors = [];
    notice.notice = null;
    showPage(query, page, everyone.customers.length === 0);
    if (focus) parts.find((part) => !part.hidden).querySelector("h2").focus();
  } catch (error) {
    if (!signal.aborted) showFailure(error);
  } finally {
    clearTimeout(slow);
    if (!signal.aborted) setBusy(false);
  }
}

function writeFilters(query) {
  offer(query.filters.segment);
  for (const field of questions.fields) field.value = query.filters[field.name];
  document.querySelector("#clear-filters").hidden = !isFiltered(query);
  document.querySelector("#clear-filters").href = pageAddress(unfiltered(query));
}

function setBusy(busy) {
  const shown = parts.find((part) => !part.hidden);
  list.setAttribute("aria-busy", String(busy));
  document.querySelector("#loading").hidden = !busy || Boolean(shown);
  document.querySelector("#live-region").textContent = busy
    ? "Loading the customers"
    : (shown?.querySelector("h2").textContent ?? "");
}

function showPage(query, { customers, next }, isNobodyThere) {
  const shown = customers.length ? "result" : isNobodyThere ? "nobody" : "no-match";
  for (const part of parts) part.hidden = part.id !== shown;
  if (shown === "no-match") explainNoMatch(query);
  if (shown !== "result") return;
  table.list = { customers, query };
  range.textContent = rangeWords(query, customers.length);
  document.querySelector("#export").href = exportAddress(query);
  step("#previous", previousPage(query));
  step("#next", next && nextPage(query, next));
  step("#first", query.page > 2 && firstPage(query));
}

function step(selector, query) {
  const link = document.querySelector(selector);
  link.hidden = !query;
  if (query) link.href = pageAddress(query);
}

function showFailure(error) {
  for (const part of parts) part.hidden = true;
  if (error instanceof ValidationProblem) {
    notice.notice = null;
    questions.errors = error.errors;
    document.querySelector("#clear-filters").hidden = false;
    return;
  }
  questions.errors = [];
  notice.notice = noticeOf(error);
  markTitle(true);
  if (!(error instanceof ApiError)) console.error(error);
}

function explainNoMatch(query) {
  const action = document.querySelector("#no-match-action");
  const isOnlyPresence = !isFiltered(query);
  document.querySelector("#no-match-reason").textContent = isOnlyPresence
    ? "Every customer stored here is known to have left."
    : "No stored customer fits all the filters above. An id is matched from its start, capitals count.";
  action.textContent = isOnlyPresence ? "Show customers who left" : "Clear filters";
  action.href = pageAddress(isOnlyPresence ? filteredBy(query, { ...query.filters, outcome: "all" }) : unfiltered(query));
}
