/**
 * Loads Apache ECharts, once and only where a chart is drawn. It lies in static/vendor/, where scripts/start and the
 * image's build put it; a checkout that never reached the network has none.
 */
const ADDRESS = "/static/vendor/echarts.js";
let library = null;

/** @returns {Promise<object | null>} the library, or null where it is not installed */
export function chartLibrary() {
  library ??= load();
  return library;
}

async function load() {
  allowEmptyHtml();
  try {
    return await import(ADDRESS);
  } catch {
    return null;
  }
}

/** The library empties its own box with `innerHTML = ""`; under Trusted Types that text and no other becomes HTML. */
function allowEmptyHtml() {
  globalThis.trustedTypes?.createPolicy("default", { createHTML: (text) => (text === "" ? "" : null) });
}
