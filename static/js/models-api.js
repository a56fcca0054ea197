/** The service's models and how good they are, call by call. */
import { getJson } from "./api.js";

/** Read the names of the models, with the version that answers. */
export function listModels() {
  return getJson("/models");
}

/** Read a model's sealed versions, newest first. @param {string} model */
export function readVersions(model) {
  return getJson(`/models/${encodeURIComponent(model)}/versions`);
}

/** Read everything a version's page shows at first. @param {{model: string, version: string}} chosen */
export function readPerformance(chosen, options) {
  return getJson(pathOf(chosen, "/performance"), options);
}

/** Read who is called rightly and wrongly. @param {string} cutPoint as typed; empty for the one in use */
export function readConfusion(chosen, cutPoint, options) {
  return getJson(pathOf(chosen, "/confusion", { cut_point: cutPoint }), options);
}

/** Read what calling earns. @param {Record<string, string>} inputs by wire name; the service fills in the others */
export function readProfit(chosen, inputs, options) {
  return getJson(pathOf(chosen, "/profit", inputs), options);
}

/** The address of a file with the chosen cut-point and what it rests on. */
export function policyAddress(chosen, inputs, cutPoint) {
  return pathOf(chosen, "/policy.json", { ...inputs, cut_point: cutPoint });
}

/** The address of the model card to print. */
export function reportAddress(chosen) {
  return pathOf(chosen, "/report");
}

/** The address of the card for programs. */
export function cardAddress(chosen) {
  return pathOf(chosen);
}

function pathOf({ model, version }, part = "", parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "");
  const search = given.length ? `?${new URLSearchParams(given)}` : "";
  return `/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}${part}${search}`;
}
