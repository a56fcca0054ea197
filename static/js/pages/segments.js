/** Wires the Segments page: it asks once, and the address says whose differences are shown and what is compared. */
import { ApiError } from "../api.js";
import { noticeOf } from "../notices.js";
import { readSegments, readValueAtRisk } from "../segments-api.js";
import { ranked } from "../segment-words.js";
import { comparing, readView, viewAddress } from "../segments-query.js";
import { chartOf, pointPersonas, showFound, showPersonas, showRisk, showSize } from "./segments-overview.js";
import { offerSegments, showApart, showCompared } from "./segments-view.js";
import "../elements/status-notice.js";

const QUIET_MS = 400;

const notice = document.querySelector("status-notice");
const liveRegion = document.querySelector("#live-region");
const content = document.querySelector("#segments");
const nothing = document.querySelector("#no-segments");

let answer = null;

notice.addEventListener("retry", () => load({ focus: true }));
document.querySelector("#segment").addEventListener("change", ({ target }) => {
  go({ ...view(), segment: Number(target.value) });
  liveRegion.textContent = chartOf(answer, `differences-${target.value}`).title;
});
document.querySelector("segment-choices").addEventListener("compared", ({ detail }) => {
  go(comparing(view(), detail.id, detail.isCompared, ids()));
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-step]");
  const wantsNewTab = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
  if (!link || wantsNewTab) return;
  event.preventDefault();
  history.pushState(null, "", link.getAttribute("href"));
  showView();
  document.querySelector("#apart-heading").focus();
});
addEventListener("popstate", () => answer?.segments.length && showView());
load({ focus: false });

async function load({ focus }) {
  const slow = setTimeout(() => setBusy(true), QUIET_MS);
  try {
    const [segments, risk] = await Promise.all([readSegments(), readValueAtRisk()]);
    answer = { ...segments, segments: ranked(segments) };
    notice.notice = null;
    nothing.hidden = answer.segments.length > 0;
    content.hidden = !nothing.hidden;
    nothing.querySelector("[data-slot=nothing]").textContent = `${answer.message} ${answer.finding}`;
    if (nothing.hidden) showAll(risk);
    // The part the address names was not there yet when the browser looked for it.
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
    document.title = document.title.replace(/^Error: /, "");
    if (focus) (nothing.hidden ? content : nothing).querySelector("h2").focus();
  } catch (error) {
    showFailure(error);
  } finally {
    clearTimeout(slow);
    setBusy(false);
  }
}

function showAll(risk) {
  showPersonas(answer, Date.now());
  showRisk(risk);
  showSize(answer);
  showFound(answer);
  offerSegments(answer.segments);
  showView();
}

function showView() {
  pointPersonas(answer, (id) => `${viewAddress({ ...view(), segment: id }, ids())}#apart`);
  showApart(answer, view());
  showCompared(answer, view());
}

function go(chosen) {
  // Replaced, not pushed: choosing is no step a person would want to walk back through one by one.
  history.replaceState(null, "", viewAddress(chosen, ids()));
  showView();
}

function ids() {
  return answer.segments.map(({ id }) => id);
}

function view() {
  return readView(location.search, ids());
}

function setBusy(isBusy) {
  document.querySelector("#loading").hidden = !isBusy;
  liveRegion.textContent = isBusy ? "Loading the segments" : "";
}

function showFailure(error) {
  content.hidden = nothing.hidden = true;
  notice.notice = noticeOf(error);
  document.title = `Error: ${document.title.replace(/^Error: /, "")}`;
  if (!(error instanceof ApiError)) console.error(error);
}
