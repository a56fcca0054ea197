/** Wires the Models page: which version is shown, and what it holds; the cut-point and the money have files of their own. */
import { ApiError } from "../api.js";
import { chartLibrary } from "../chart-library.js";
import { chosenVersion, readView, versionSentence, versionWords, viewAddress } from "../models-query.js";
import { cardAddress, listModels, readPerformance, readVersions, reportAddress } from "../models-api.js";
import { markTitle } from "../form-questions.js";
import { noticeOf } from "../notices.js";
import { showCutPoint } from "./models-cut.js";
import { showMoney } from "./models-money.js";
import { showPerformance } from "./models-show.js";
import { showSlices } from "./models-slices.js";
import "../elements/status-notice.js";

const QUIET_MS = 400;

const notice = document.querySelector("status-notice");
const liveRegion = document.querySelector("#live-region");
const choice = document.querySelector("#version");
const parts = ["model", "no-models", "no-version", "no-figures"].map((id) => document.querySelector(`#${id}`));

let versions = null;
let asked = 0;

notice.addEventListener("retry", load);
choice.addEventListener("change", () => {
  const [model, version] = JSON.parse(choice.value);
  const { money, slice } = readView(location.search);
  history.pushState(null, "", viewAddress({ model, version, cutPoint: "", slice, money }));
  load();
});
addEventListener("popstate", load);
// On its way while the figures are.
chartLibrary();
load();

async function load() {
  asked += 1;
  const turn = asked;
  const slow = setTimeout(() => setBusy(true), QUIET_MS);
  try {
    versions ??= await readAllVersions();
    const chosen = chosenVersion(readView(location.search), versions);
    offerVersions(chosen);
    const shown = chosen?.entry.has_performance ? await readShown(chosen, turn) : nothingOf(chosen);
    if (turn === asked) show(shown);
  } catch (error) {
    if (turn === asked) showFailure(error);
  } finally {
    clearTimeout(slow);
    if (turn === asked) setBusy(false);
  }
}

/** The versions of every model that has figures: segments, for one, have none. Without any, all of them. */
async function readAllVersions() {
  const { models } = await listModels();
  const lists = await Promise.all(models.map(({ name }) => readVersions(name)));
  const all = models.map(({ name }, place) => lists[place].versions.map((entry) => ({ model: name, entry })));
  const withFigures = all.filter((ofModel) => ofModel.some(({ entry }) => entry.has_performance));
  return (withFigures.length ? withFigures : all).flat();
}

async function readShown({ model, entry }, turn) {
  const chosen = { model, version: entry.version };
  const view = readView(location.search);
  // The three parts answer for themselves and need not wait for each other.
  const cut = showCutPoint(chosen, view);
  showMoney(chosen, view, cut);
  const performance = await readPerformance(chosen);
  if (turn === asked) {
    showPerformance(performance);
    showSlices(performance.slices, view);
  }
  return "model";
}

function nothingOf(chosen) {
  if (!versions.length) return "no-models";
  if (!chosen) return "no-version";
  document.querySelector("#no-figures-reason").textContent = chosen.entry.reason ?? "It was sealed without held-out customers, on whom every figure rests.";
  return "no-figures";
}

function offerVersions(chosen) {
  document.querySelector("#chooser").hidden = !versions.length;
  const options = versions.map((each) => {
    const value = JSON.stringify([each.model, each.entry.version]);
    return new Option(versionWords(each), value, false, each === chosen);
  });
  if (!chosen) options.unshift(new Option("Choose a version", "", false, true));
  choice.replaceChildren(...options);
  document.querySelector("#version-sentence").textContent = chosen ? versionSentence(chosen) : "";
  document.querySelector("#version-links").hidden = !chosen?.entry.has_performance;
  if (!chosen) return;
  const named = { model: chosen.model, version: chosen.entry.version };
  document.querySelector("#report").href = reportAddress(named);
  document.querySelector("#card").href = cardAddress(named);
}

function show(shown) {
  notice.notice = null;
  markTitle(false);
  for (const part of parts) part.hidden = part.id !== shown;
  liveRegion.textContent = shown === "model" ? "The figures are shown" : document.querySelector(`#${shown} h2`).textContent;
}

function setBusy(isBusy) {
  document.querySelector("#loading").hidden = !isBusy || !parts[0].hidden;
  parts[0].setAttribute("aria-busy", String(isBusy));
}

function showFailure(error) {
  for (const part of parts) part.hidden = true;
  versions = null;
  notice.notice = noticeOf(error);
  markTitle(true);
  if (!(error instanceof ApiError)) console.error(error);
}
