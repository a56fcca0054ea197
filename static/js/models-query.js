/**
 * What the Models page shows, written in its address: version, cut-point, the field that parts the customers, and what a
 * person assumed about money. Pure: text in, text out. The service judges the values; nothing is dropped here.
 */
export const MODELS_PAGE = "/models.html";

/** What is assumed about money, by wire name. */
export const MONEY_INPUTS = ["contact_cost", "offer_cost", "save_rate", "save_rate_low", "save_rate_high", "value_share"];

/**
 * Read an address.
 * @param {string} search the part from the question mark on
 * @returns {{model: string, version: string, cutPoint: string, slice: string, money: Record<string, string>}} an empty
 *   text where the address says nothing
 */
export function readView(search) {
  const given = new URLSearchParams(search);
  const money = MONEY_INPUTS.filter((name) => given.has(name)).map((name) => [name, given.get(name)]);
  return {
    model: given.get("model") ?? "",
    version: given.get("version") ?? "",
    cutPoint: given.get("cut_point") ?? "",
    slice: given.get("slice") ?? "",
    money: Object.fromEntries(money),
  };
}

/** The address of a view; what is empty is left out. */
export function viewAddress({ model, version, cutPoint, slice, money }) {
  const all = { model, version, cut_point: cutPoint, slice, ...money };
  const parameters = new URLSearchParams(Object.entries(all).filter(([, value]) => value !== ""));
  return parameters.size ? `${MODELS_PAGE}?${parameters}` : MODELS_PAGE;
}

/**
 * Choose what to show of the versions there are: the one the address names, else one that answers and has figures,
 * the sharpest of them.
 * @param {{model: string, version: string}} view
 * @param {{model: string, entry: object}[]} versions newest first within a model
 * @returns {{model: string, entry: object} | null} null when the address names none of them, or there are none
 */
export function chosenVersion(view, versions) {
  const ofModel = versions.filter(({ model }) => !view.model || model === view.model);
  if (view.version) return ofModel.find(({ entry }) => entry.version === view.version) ?? null;
  const sharpness = ({ entry }) => (entry.has_performance ? 2 : 0) + (entry.is_champion ? 1 : 0) + (entry.roc_auc?.value ?? 0);
  return ofModel.toSorted((one, other) => sharpness(other) - sharpness(one))[0] ?? null;
}

/** Name a version in a list: "telecom-usage, version 2 (answers now)". */
export function versionWords({ model, entry }) {
  const remark = entry.is_champion ? " (answers now)" : "";
  return `${model}, version ${entry.version}${remark}`;
}

/** Say what a version is and what it has learned from. */
export function versionSentence({ entry }) {
  const answers = entry.is_champion ? "This version answers now." : "This version does not answer at the moment.";
  if (entry.reason) return entry.reason;
  if (!entry.trained_on) return answers;
  return `${answers} It was trained on ${entry.trained_on.rows.toLocaleString("en-US")} customers of ${entry.trained_on.file}.`;
}
