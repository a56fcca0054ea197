/** Wires the portfolio panel of the Analyse page: it loads after the form and never stands in its way. */
import { ApiError } from "../api.js";
import { readStats, readStatsHistory } from "../customers-api.js";
import "../elements/portfolio-panel.js";

const panel = document.querySelector("portfolio-panel");

panel.addEventListener("retry", loadPortfolio);

/** Load the portfolio and show it; a failure is a quiet sentence in the panel. */
export async function loadPortfolio() {
  try {
    const [stats, { days }] = await Promise.all([readStats(), readStatsHistory()]);
    panel.portfolio = { stats, days, now: Date.now() };
  } catch (error) {
    panel.failure = error instanceof ApiError ? error.message : "Its figures could not be read.";
    if (!(error instanceof ApiError)) console.error(error);
  }
}
