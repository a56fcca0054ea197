import assert from "node:assert/strict";
import { test } from "node:test";

import { readUserAddress, userAddress } from "../../static/js/user-address.js";
import {
  exportAddress,
  filteredBy,
  firstPage,
  isFiltered,
  listAddress,
  listSearch,
  logAddress,
  nextPage,
  previousPage,
  rangeWords,
  readList,
  readView,
  unfiltered,
  viewAddress,
} from "../../static/js/users-query.js";

const PLAIN = readList("");
const searchOf = (address) => new URL(address, "http://x").search;

test("an address without a query shows the users to keep, and asks for one page of them", () => {
  assert.equal(readView("").view, "list");
  assert.equal(listAddress(PLAIN), "/users.html");
  assert.equal(listSearch(PLAIN), "?limit=50");
  assert.equal(exportAddress(PLAIN), "/users.csv");
  assert.equal(isFiltered(PLAIN), false);
});

test("an address gives back the list it was made from", () => {
  const query = nextPage(filteredBy(PLAIN, { tier: "High", q: " A&B/?#% ", standing: "inactive" }), "c=1&d");
  assert.equal(query.filters.q, "A&B/?#%");
  assert.deepEqual(readList(searchOf(listAddress(query))), query);
  assert.equal(readView(searchOf(listAddress(query))).view, "list");
});

test("filters narrow the request and its export, and start at the first page", () => {
  const query = filteredBy(nextPage(PLAIN, "c1"), { tier: "Low", q: "u-" });
  assert.equal(listSearch(query), "?tier=Low&q=u-&limit=50");
  assert.equal(exportAddress(query), "/users.csv?tier=Low&q=u-");
  assert.equal(isFiltered(query), true);
  assert.deepEqual(unfiltered(query), PLAIN);
});

test("pages are walked forth and back", () => {
  const third = nextPage(nextPage(PLAIN, "c1"), "c2");
  assert.equal(listAddress(third), "/users.html?cursor=c1&cursor=c2&page=3");
  assert.equal(listSearch(third), "?cursor=c2&limit=50");
  assert.deepEqual(previousPage(previousPage(third)), PLAIN);
  assert.deepEqual(firstPage(third), PLAIN);
  assert.equal(rangeWords(third, 12), "Users 101 to 112");
  assert.equal(rangeWords(PLAIN, 1), "User 1");
});

test("each view has an address that leads back to it", () => {
  for (const view of ["list", "score", "load"]) assert.equal(readView(searchOf(viewAddress(view))).view, view);
  assert.equal(readView("?view=nothing-known").view, "list");
  assert.deepEqual(readView(searchOf(logAddress("a/b&c"))), { view: "job", job: "a/b&c", given: {} });
});

test("the numbers of the form stand in its address, also those that are no numbers", () => {
  const numbers = { session_count: 4, purchases: "many & more" };
  const { view, given } = readView(searchOf(viewAddress("score", numbers)));
  assert.equal(view, "score");
  assert.deepEqual(given, { session_count: "4", purchases: "many & more" });
});

test("any user id survives the way through an address, with or without a day", () => {
  for (const id of ["101", "a/b?c#d%e&f", `<img src=x onerror="alert('1')">`, "100%25", "+", "ünï/çødé", ".."]) {
    assert.deepEqual(readUserAddress(searchOf(userAddress(id))), { id, asOf: "" });
    assert.deepEqual(readUserAddress(searchOf(userAddress(id, "2026-11-01"))), { id, asOf: "2026-11-01" });
  }
  assert.deepEqual(readUserAddress(""), { id: "", asOf: "" });
  assert.equal(userAddress("7"), "/user.html?id=7");
});
