/** What calling earns, in words. Pure: an answer of GET .../profit in, texts out. */
import { valueWords } from "./chart-values.js";
import { money } from "./format.js";
import { cutPointWords, rangeWords } from "./model-figures.js";

/** The best cut-point, what it earns and whom it calls. @returns {{label: string, figure: string, note: string}[]} */
export function bestFigures({ best }) {
  return [
    { label: "Best cut-point", ...bestCutPoint(best) },
    {
      label: "Profit for 1,000 customers",
      figure: money(best.profit_usd_per_1000.value),
      note: [rangeWords(best.profit_usd_per_1000, money), takenOff(best)].filter(Boolean).join("; "),
    },
    { label: "Customers called", figure: valueWords(best.called_share, "share"), note: "" },
  ];
}

/** The ways to choose whom to call; the one that earns most says so. */
export function policyTable({ policies }) {
  const most = Math.max(...policies.map(({ profit_usd_per_1000: profit }) => profit.value));
  return {
    name: "What each way to choose whom to call earns",
    columns: [
      { label: "Policy", isNumber: false },
      { label: "Customers called", isNumber: true },
      { label: "Profit for 1,000 customers", isNumber: true },
    ],
    rows: policies.map(({ name, called_share: called, profit_usd_per_1000: profit }) => [
      { text: name, note: profit.value === most ? "earns most of these" : "" },
      { text: valueWords(called, "share") },
      { text: money(profit.value), note: rangeWords(profit, money) },
    ]),
  };
}

/** Say whether the save rate is a guess. */
export function saveRateSentence({ save_rate_is: is }) {
  return is === "measured"
    ? "The save rate was measured by a campaign with a control group."
    : "The save rate is assumed: no campaign with a control group has measured it yet.";
}

/** The profit chart with the chosen cut-point beside the best one. */
export function chartWithChoice(chart, cutPoint) {
  const words = cutPointWords(cutPoint);
  if (chart.marks.some(({ value }) => value === cutPoint)) return chart;
  return { ...chart, marks: [...chart.marks, { axis: "x", value: cutPoint, label: `chosen ${words}` }] };
}

/** Whether there is a best cut-point to try, and it is not the chosen one. */
export function canTryBest({ best }, cutPoint) {
  return best.cut_point !== null && best.cut_point !== cutPoint;
}

function bestCutPoint({ cut_point: cutPoint, cut_point_low: low, cut_point_high: high }) {
  if (cutPoint === null) return { figure: "None", note: "No cut-point pays" };
  return { figure: cutPointWords(cutPoint), note: `95 % interval: ${cutPointWords(low)} to ${cutPointWords(high)}` };
}

function takenOff({ cut_point: cutPoint, optimism_usd_per_1000: optimism }) {
  if (cutPoint === null) return "calling nobody";
  return `${money(optimism)} taken off because it was chosen on the same customers`;
}
