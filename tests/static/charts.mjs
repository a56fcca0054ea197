/** Charts as the service sends them, for tests. */

export const pen = {
  colours: Object.fromEntries(
    ["ink", "ink-soft", "line", "line-control", "surface", "main", "rival-1", "rival-2", "rival-3", "rival-4", "rival-5", "reference", "cell-least", "cell-most"].map(
      (name) => [name, `colour of ${name}`],
    ),
  ),
  font: "sans",
  fontSize: 13,
  width: 600,
  height: 300,
  isStill: true,
};

export const axis = (label, unit, changes = {}) => ({ label, unit, min: null, max: null, categories: null, ...changes });
export const series = (name, points, changes = {}) => ({ name, role: "main", points, band: null, ...changes });

export function chartOf(kind, changes) {
  const chart = { id: "one", kind, name: "One", title: "One chart.", x: axis("Across", "number"), y: axis("Up", "number"), series: [], marks: [], links: null, notes: [] };
  return { ...chart, ...changes };
}

export const waterfall = chartOf("waterfall", {
  x: axis("Field", "words", { categories: ["Service calls", "Voice mail plan"] }),
  y: axis("Forest score", "number"),
  series: [series("Contribution", [[0, 0.5], [1, -0.125]])],
  marks: [{ axis: "y", value: 0.25, label: "Typical customer" }, { axis: "y", value: 0.625, label: "This customer" }],
});

export const heatmap = chartOf("heatmap", {
  x: axis("Tier", "words", { categories: ["Low", "High"] }),
  y: axis("Value band", "usd", { categories: ["standard", "high"] }),
  series: [series("Value at risk", [[0, 0, 10], [1, 0, 2000], [0, 1, 0], [1, 1, 51000]])],
  links: ["/a", "/b", "/c", "/d"],
});
