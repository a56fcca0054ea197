/**
 * A chart with its message on top and the same numbers as a table below.
 *
 * <data-chart></data-chart>
 *
 * Property: `chart`, the JSON of a chart as the service sends it; setting it again redraws in place, and a table that a
 * person opened stays open. Where the library is not installed the table is open and a sentence says why.
 */
import { chartLibrary } from "../chart-library.js";
import { looksOf } from "../chart-looks.js";
import { heightOf, nameOf, optionOf } from "../chart-options.js";
import { penFor } from "../chart-pen.js";
import { chartTable } from "../chart-table.js";
import { drawn } from "../svg.js";
import "./value-table.js";

const darkness = matchMedia("(prefers-color-scheme: dark)");
// Charts are drawn one after the other with a breath between, so that a page of ten answers a person meanwhile.
let queue = Promise.resolve();

export class DataChart extends HTMLElement {
  #chart = null;
  #drawing = null;
  #isWaiting = false;
  #resizes = new ResizeObserver(() => this.#drawSoon());
  #redraw = () => this.#drawSoon();

  set chart(chart) {
    if (!this.#chart) this.replaceChildren(document.querySelector("#data-chart-template").content.cloneNode(true));
    this.#chart = chart;
    this.#write("name", chart.name);
    this.#write("title", chart.title);
    this.#write("table-name", `: ${chart.name}`);
    this.#write("up", chart.kind === "line" || chart.kind === "scatter" || isUpright(chart) ? chart.y.label : "");
    this.#write("across", acrossOf(chart));
    this.#part("notes").replaceChildren(...chart.notes.map(paragraph));
    this.#part("legend").replaceChildren(...legendOf(chart));
    const { note, ...table } = chartTable(chart);
    this.#write("thinned", note);
    this.querySelector("value-table").table = { ...table, name: chart.name };
    this.#area.setAttribute("aria-label", nameOf(chart));
    this.#area.style.blockSize = `${heightOf(chart)}px`;
    this.#resizes.observe(this.#area);
    this.#drawSoon();
  }

  connectedCallback() {
    darkness.addEventListener("change", this.#redraw);
    if (this.#chart) this.#drawSoon();
  }

  disconnectedCallback() {
    darkness.removeEventListener("change", this.#redraw);
    this.#drawing?.dispose();
    this.#drawing = null;
  }

  get #area() {
    return this.querySelector(".data-chart-drawing");
  }

  #part(slot) {
    return this.querySelector(`[data-slot=${slot}]`);
  }

  #write(slot, text) {
    this.#part(slot).textContent = text;
  }

  #drawSoon() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    queue = queue.then(async () => {
      const library = await chartLibrary();
      await new Promise((resolve) => setTimeout(resolve));
      this.#isWaiting = false;
      if (!library) this.#showTable();
      else if (this.isConnected && this.#area.clientWidth) this.#draw(library);
    }).catch((error) => console.error(error));
  }

  #draw(library) {
    const isStill = this.#drawing !== null;
    this.#drawing ??= this.#started(library);
    this.#drawing.resize();
    this.#drawing.setOption(optionOf(this.#chart, penFor(this.#area, isStill)), { notMerge: true });
  }

  #started(library) {
    const drawing = library.init(this.#area, null, { renderer: "canvas" });
    drawing.on("click", ({ dataIndex }) => {
      const href = this.#chart.links?.[dataIndex];
      if (href) location.assign(href);
    });
    return drawing;
  }

  #showTable() {
    this.#area.hidden = true;
    for (const slot of ["legend", "up", "across"]) this.#part(slot).hidden = true;
    this.querySelector(".data-chart-missing").hidden = false;
    this.querySelector("details").open = true;
  }
}

function isUpright({ kind, x }) {
  return kind === "bars" && x.unit !== "words";
}

/** What the axis along the bottom counts; names and figures in cells need no such word. */
function acrossOf(chart) {
  if (chart.kind === "radar" || chart.kind === "heatmap") return "";
  const isLying = chart.kind === "waterfall" || (chart.kind === "bars" && !isUpright(chart));
  return isLying ? chart.y.label : chart.x.label;
}

function legendOf({ kind, series }) {
  if (series.length < 2) return [];
  const looks = looksOf(series);
  return series.map(({ name }, place) => {
    const item = document.createElement("li");
    const { look, dash, width } = looks[place];
    const swatch = drawn("svg", { class: "data-chart-swatch", viewBox: "0 0 32 12", "data-look": look, "aria-hidden": "true" });
    const line = { x1: 0, x2: 32, y1: 6, y2: 6, "stroke-width": width, "stroke-dasharray": dash.join(" ") };
    if (kind === "bars") swatch.append(drawn("rect", { x: 9, y: 1, width: 14, height: 10, "stroke-width": 2 }));
    else if (kind === "scatter" && look !== "reference") swatch.append(drawn("circle", { cx: 16, cy: 6, r: 4 }));
    else swatch.append(drawn("line", line));
    item.append(swatch, name);
    return item;
  });
}

function paragraph(text) {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}

customElements.define("data-chart", DataChart);
