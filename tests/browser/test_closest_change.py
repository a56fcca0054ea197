"""The closest change that lowers the tier: told in words, applied to the levers, and never older than the values."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.explained import CALLS, FIND, OUTCOME, answered, begin, begin_risky, slider, what_if
from tests.browser.stored_customers import RISKY
from tests.factories import a_customer

pytestmark = pytest.mark.browser


def test_the_closest_change_is_told_in_words_and_can_be_applied(page: Page, base_url: str) -> None:
    begin_risky(page, base_url, "if-close")
    with page.expect_response("**/closest-change") as came:
        what_if(page).get_by_role("button", name=FIND).click()
    found = came.value.json()
    assert came.value.request.post_data_json == a_customer(**RISKY)
    suggestion = page.locator("change-suggestion")
    expect(suggestion.locator(".suggestion-message")).to_be_focused()
    expect(suggestion.get_by_role("listitem")).to_have_text([change["text"] for change in found["changes"]])
    for part in (found["message"], found["note"], f"{found['answer']['churn_risk']} risk"):
        expect(suggestion).to_contain_text(part)
    told = answered(page, lambda: suggestion.get_by_role("button", name="Apply these values").press("Enter"))
    for change in found["changes"]:
        assert told["sent"][change["field"]] == change["to"]
    assert told["answer"]["churn_risk"] == found["target_tier"]
    assert told["answer"]["churn_probability"] == found["answer"]["churn_probability"]
    expect(page.locator("what-if-outcome .tier")).to_have_text(f"{found['target_tier']} risk")
    expect(page.locator(OUTCOME)).to_be_focused()
    expect(suggestion.locator(".suggestion-message")).to_be_hidden()


def test_a_customer_in_the_lowest_tier_needs_no_change(page: Page) -> None:
    begin(page)
    with page.expect_response("**/closest-change") as came:
        what_if(page).get_by_role("button", name=FIND).click()
    assert came.value.json()["target_tier"] is None
    expect(page.locator("change-suggestion .suggestion-message")).to_have_text(came.value.json()["message"])
    expect(page.get_by_role("button", name="Apply these values")).to_be_hidden()


def test_a_suggestion_for_values_that_moved_on_is_taken_away(page: Page, base_url: str) -> None:
    begin_risky(page, base_url, "if-moved")
    what_if(page).get_by_role("button", name=FIND).click()
    expect(page.locator(".suggestion-message")).to_be_visible()
    slider(page, CALLS).press("ArrowRight")
    expect(page.locator(".suggestion-message")).to_be_hidden()


def test_a_search_that_fails_says_so_and_can_be_repeated(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    begin(page)
    page.route("**/closest-change", lambda route: route.abort("connectionrefused"))
    what_if(page).get_by_role("button", name=FIND).click()
    note = page.locator("change-suggestion retry-note")
    expect(note).to_contain_text("The search gave no answer. Nothing answers at this address.")
    page.unroute("**/closest-change")
    note.get_by_role("button", name="Retry").click()
    expect(page.locator(".suggestion-message")).to_be_visible()
    expect(note).to_be_hidden()
