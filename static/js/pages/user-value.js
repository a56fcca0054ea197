/** What a user is expected to buy; nothing where the log knows of no purchase. */
import { percent } from "../format.js";
import { spendLabel, valueRows } from "../user-words.js";
import "../elements/value-table.js";

/** @param {object | null} value of GET /users/{id}/churn */
export function showValue(value) {
  const panel = document.querySelector("#value");
  panel.hidden = value === null;
  if (panel.hidden) return;
  panel.querySelector("#alive").textContent = `${percent(value.probability_alive)} likely to buy again at all.`;
  const rows = valueRows(value).map(({ name, purchases, spend }) => [name, purchases, spend].map((text) => ({ text })));
  const columns = ["Span", "Purchases", spendLabel(value.currency)].map((label, place) => ({ label, isNumber: place > 0 }));
  panel.querySelector("value-table").table = { name: "Expected purchases and spend", columns, rows };
  panel.querySelector("#value-note").textContent = value.note ?? "";
}
