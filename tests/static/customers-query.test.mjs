import assert from "node:assert/strict";
import { test } from "node:test";

import { customerAddress, customerIdIn } from "../../static/js/customer-address.js";
import {
  exportAddress,
  filteredBy,
  firstPage,
  isFiltered,
  listSearch,
  narrowed,
  nextPage,
  pageAddress,
  previousPage,
  rangeWords,
  readQuery,
  sortedBy,
  unfiltered,
} from "../../static/js/customers-query.js";

const searchOf = (query) => new URL(pageAddress(query), "http://x").search;
const PLAIN = readQuery("");

test("an address without a query shows everyone who is there, most value at risk first", () => {
  assert.equal(pageAddress(PLAIN), "/customers.html");
  assert.equal(listSearch(PLAIN), "?limit=50");
  assert.equal(exportAddress(PLAIN), "/customers.csv");
  assert.equal(isFiltered(PLAIN), false);
});

test("an address gives back the query it was made from", () => {
  const typed = { tier: "High", segment: "0", value_band: "standard", q: "A&B/?#%", min_clv: "1000", outcome: "all" };
  const query = nextPage(sortedBy(filteredBy(PLAIN, typed), "clv"), "c=1&d");
  assert.deepEqual(readQuery(searchOf(query)), query);
});

test("typed filters are cleaned as on every form and start at the first page", () => {
  const query = filteredBy(nextPage(PLAIN, "c1"), { tier: "", q: "  C-1 ", min_clv: " 1,500 ", outcome: "current" });
  assert.equal(listSearch(query), "?q=C-1&min_clv=1500&limit=50");
  assert.equal(isFiltered(query), true);
  assert.deepEqual(unfiltered(query), PLAIN);
});

test("a segment and a value band narrow the list, its pages and its export", () => {
  const query = readQuery("?segment=0&value_band=high");
  assert.equal(isFiltered(query), true);
  assert.equal(listSearch(query), "?segment=0&value_band=high&limit=50");
  assert.equal(exportAddress(query), "/customers.csv?segment=0&value_band=high");
  assert.equal(searchOf(nextPage(query, "c1")), "?segment=0&value_band=high&cursor=c1&page=2");
  assert.deepEqual(unfiltered(query), PLAIN);
});

test("an address can be narrowed further", () => {
  assert.equal(narrowed("/customers.html?segment=2", { tier: "High" }), "/customers.html?tier=High&segment=2");
  assert.equal(narrowed("/customers.html", { tier: "Low" }), "/customers.html?tier=Low");
  assert.equal(narrowed("/customers.html?tier=Low&cursor=c&page=2", { tier: "High" }), "/customers.html?tier=High");
});

test("text that is no number goes to the service as typed", () => {
  const query = filteredBy(PLAIN, { tier: "", q: "", min_clv: "much", outcome: "current" });
  assert.equal(listSearch(query), "?min_clv=much&limit=50");
});

test("a column sorts its largest first and turns round", () => {
  const byValue = sortedBy(nextPage(PLAIN, "c1"), "clv");
  assert.equal(searchOf(byValue), "?sort=clv");
  assert.equal(searchOf(sortedBy(byValue, "clv")), "?sort=clv&order=asc");
  assert.equal(searchOf(sortedBy(sortedBy(byValue, "clv"), "clv")), "?sort=clv");
  assert.equal(searchOf(sortedBy(PLAIN, "value_at_risk")), "?order=asc");
});

test("pages are walked forth and back", () => {
  const third = nextPage(nextPage(PLAIN, "c1"), "c2");
  assert.equal(searchOf(third), "?cursor=c1&cursor=c2&page=3");
  assert.equal(listSearch(third), "?cursor=c2&limit=50");
  assert.equal(searchOf(previousPage(third)), "?cursor=c1&page=2");
  assert.deepEqual(previousPage(previousPage(third)), PLAIN);
  assert.equal(previousPage(PLAIN), null);
  assert.deepEqual(firstPage(third), PLAIN);
});

test("an address stays short after many pages and does not pretend to know the forgotten ones", () => {
  let query = PLAIN;
  for (let page = 2; page <= 30; page += 1) query = nextPage(query, `c${page}`);
  assert.equal(query.page, 30);
  assert.equal(query.trail.length, 20);
  let steps = 0;
  while (previousPage(query)) {
    query = previousPage(query);
    steps += 1;
  }
  assert.equal(steps, 19);
  assert.equal(query.page, 11);
  assert.equal(readQuery(searchOf(query)).page, 11);
});

test("a page number alone is not believed", () => {
  assert.equal(readQuery("?page=7").page, 1);
  assert.equal(readQuery("?cursor=c1&page=x").page, 2);
});

test("the shown customers are counted without counting all", () => {
  assert.equal(rangeWords(PLAIN, 50), "Customers 1 to 50");
  assert.equal(rangeWords(nextPage(PLAIN, "c1"), 1), "Customer 51");
  assert.equal(rangeWords({ ...PLAIN, page: 41 }, 50), "Customers 2,001 to 2,050");
});

test("any id survives the way through an address", () => {
  for (const id of ["C-1", "a/b?c#d%e&f", `<img src=x onerror="alert('1')">`, "100%25", "+", "ünï/çødé", ".."]) {
    const address = new URL(customerAddress(id), "http://x");
    assert.equal(address.pathname, "/customer.html");
    assert.equal(customerIdIn(address.search), id);
  }
  assert.equal(customerIdIn(""), "");
});
