"""What a person changes on a customer's page: values to try, the stored profile, the outcome, and the end of it."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.explained import await_levers
from tests.browser.steps import choose, described_by, field, summary, visible_text
from tests.browser.stored_customers import ODD_IDS, STORE_BUTTON, address, ask, resource, store
from tests.factories import a_core_customer, a_customer

pytestmark = pytest.mark.browser

CALLS = "Customer service calls"


def open_stored(page: Page, base_url: str, customer_id: str, **changes: object) -> None:
    store(base_url, a_customer(customerId=customer_id, **changes))
    page.goto(address(customer_id))
    expect(page.get_by_role("heading", name="Latest answer")).to_be_visible()
    await_levers(page)


def score(page: Page) -> dict[str, object]:
    """Ask about the changed values and give what was sent; asking stores nothing."""
    with page.expect_response("**/explain") as answer:
        page.get_by_role("button", name="Score with these values").click()
    answer.value.finished()
    return answer.value.request.post_data_json


def record(page: Page, what: str, date: str) -> None:
    page.get_by_text("Record what the customer did").click()
    choose(page, "Outcome", what)
    page.get_by_label("Date").fill(date)
    page.get_by_role("button", name="Record the outcome").click()


def changes(page: Page) -> Locator:
    return page.locator("#changes")


def test_changed_values_are_marked_and_can_be_put_back(page: Page, base_url: str) -> None:
    open_stored(page, base_url, "mark-1", totalDayCalls=1110)
    expect(changes(page)).to_have_text("No value is changed.")
    assert field(page, CALLS).input_value() == "1"
    field(page, CALLS).fill("5")
    field(page, "Day calls").fill("1,110")
    choose(page, "International plan", "Yes")
    page.get_by_label("State", exact=True).select_option("NY")
    expect(changes(page)).to_have_text("3 values are changed.")
    assert "Changed. Stored: 1 calls" in described_by(field(page, CALLS))
    assert page.locator(".stored-note").all_inner_texts() == [
        "Changed. Stored: KS - Kansas",
        "Changed. Stored: No",
        "Changed. Stored: 1 calls",
    ]
    page.get_by_role("button", name="Back to the stored profile").click()
    expect(page.locator(".stored-note")).to_have_count(0)
    assert field(page, CALLS).input_value() == "1"
    expect(page.get_by_role("button", name="Back to the stored profile")).to_be_hidden()


def test_trying_values_shows_both_answers_and_keeps_the_stored_profile(page: Page, base_url: str) -> None:
    open_stored(page, base_url, "try-1")
    before = ask(base_url, "GET", resource("try-1"))
    field(page, CALLS).fill("5")
    choose(page, "International plan", "Yes")
    sent = score(page)
    assert "customerId" not in sent
    assert (sent["customerServiceCalls"], sent["internationalPlan"]) == (5, "yes")
    comparison = page.locator("answer-comparison")
    expect(comparison.locator("caption")).to_be_focused()
    assert "the chance of leaving rises from" in visible_text(comparison)
    expect(page.locator("#changed-card").get_by_role("heading", name="With these values")).to_be_visible()
    expect(page.locator("#changed-card .reason").first).to_be_visible()
    expect(page.locator("#changed-card").get_by_text("A preview: nothing is stored.")).to_be_visible()
    expect(page.locator("#stored-card").get_by_role("heading", name="Latest answer")).to_be_visible()
    assert ask(base_url, "GET", resource("try-1")) == before
    expect(page.locator("prediction-table tbody tr")).to_have_count(1)

    field(page, CALLS).fill("4")
    expect(page.locator("#changed-card").get_by_text("The form has changed since this answer.")).to_be_visible()
    expect(page.get_by_role("button", name=STORE_BUTTON)).to_be_hidden()


def test_storing_the_tried_values_makes_them_the_profile(page: Page, base_url: str) -> None:
    open_stored(page, base_url, "store-1")
    field(page, CALLS).fill("5")
    score(page)
    page.get_by_role("button", name=STORE_BUTTON).click()
    expect(page.locator("#done-notice")).to_be_focused()
    expect(page.locator("#done-notice")).to_contain_text("The new profile is stored: ")
    expect(page.locator("prediction-table tbody tr")).to_have_count(2)
    expect(changes(page)).to_have_text("No value is changed.")
    assert ask(base_url, "GET", resource("store-1"))["profile"]["customerServiceCalls"] == 5
    assert field(page, CALLS).input_value() == "5"
    page.reload()
    expect(page.get_by_role("heading", name="Latest answer")).to_be_visible()
    expect(page.locator("#done-notice")).to_be_hidden()


def test_minutes_can_be_added_to_a_profile_without_them(page: Page, base_url: str) -> None:
    store(base_url, a_core_customer(customerId="try-2"))
    page.goto(address("try-2"))
    await_levers(page)
    assert field(page, "Day minutes").input_value() == ""
    for label in ("Day minutes", "Evening minutes", "Night minutes", "International minutes"):
        field(page, label).fill("100")
    score(page)
    expect(page.locator("#changed-card")).to_contain_text("telecom-usage")
    assert "Changed. Stored: not given" in described_by(field(page, "Day minutes"))


def test_wrong_values_are_named_in_the_words_of_the_form(page: Page, base_url: str, watch: Watch) -> None:
    watch.expect("status of 422")
    open_stored(page, base_url, "wrong-1")
    field(page, "Account length").fill("900")
    score(page)
    expect(summary(page)).to_be_focused()
    expect(summary(page).get_by_role("link")).to_have_text(["Account length must be between 0 and 600 months"])
    summary(page).get_by_role("link").click()
    expect(field(page, "Account length")).to_be_focused()
    assert field(page, "Account length").input_value() == "900"
    described = described_by(field(page, "Account length"))
    assert described.endswith("Changed. Stored: 128 months | Error: Account length must be between 0 and 600 months")


def test_an_outcome_is_recorded_and_can_be_corrected(page: Page, base_url: str) -> None:
    open_stored(page, base_url, "outcome-1")
    words = page.locator("#outcome-words")
    expect(words).to_have_text("Not known.")
    record(page, "Left", "2026-01-31")
    expect(words).to_have_text("Left on 31 Jan 2026.")
    expect(page.get_by_role("heading", name="Outcome", exact=True)).to_be_focused()
    assert ask(base_url, "GET", resource("outcome-1"))["outcome"] == {"outcome": "churned", "date": "2026-01-31"}
    page.reload()
    expect(words).to_have_text("Left on 31 Jan 2026.")
    record(page, "Stayed", "2026-02-28")
    expect(words).to_have_text("Stayed, known on 28 Feb 2026.")


def test_an_outcome_without_its_parts_is_named_beside_them(page: Page, base_url: str, watch: Watch) -> None:
    watch.expect("status of 422")
    open_stored(page, base_url, "outcome-2")
    page.get_by_text("Record what the customer did").click()
    with page.expect_response("**/outcome") as answer:
        page.get_by_role("button", name="Record the outcome").click()
    said = [error["message"] for error in answer.value.json()["errors"]]
    expect(summary(page)).to_be_focused()
    assert sorted(summary(page).get_by_role("link").all_inner_texts()) == sorted(said)
    assert len(said) == 2


def test_an_outcome_in_the_future_is_refused(page: Page, base_url: str, watch: Watch) -> None:
    watch.expect("status of 422")
    open_stored(page, base_url, "outcome-3")
    future = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    record(page, "Left", future)
    expect(summary(page).get_by_role("link")).to_have_count(1)
    expect(page.get_by_label("Date")).to_have_attribute("aria-invalid", "true")
    assert page.get_by_label("Date").input_value() == future
    summary(page).get_by_role("link").click()
    expect(page.get_by_label("Date")).to_be_focused()


@pytest.mark.parametrize("customer_id", ["erase-1", *ODD_IDS])
def test_erasing_asks_once_more_and_then_leads_to_the_list(page: Page, base_url: str, customer_id: str) -> None:
    open_stored(page, base_url, customer_id)
    page.get_by_role("button", name="Erase…").click()
    dialog = page.get_by_role("dialog", name=f"Erase customer {customer_id}?")
    expect(dialog.get_by_role("button", name="Keep the customer")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Erase…")).to_be_focused()
    assert ask(base_url, "GET", resource(customer_id))["id"] == customer_id

    page.get_by_role("button", name="Erase…").click()
    dialog.get_by_role("button", name="Erase this customer").click()
    expect(page.get_by_role("heading", name="Customers", exact=True)).to_be_visible()
    expect(page.locator("#done-notice")).to_have_text(f"Customer {customer_id} is erased.")
    found = ask(base_url, "GET", "/customers?outcome=all&limit=200")["customers"]
    assert customer_id not in [customer["id"] for customer in found]
    assert page.evaluate("() => sessionStorage.length") == 0


def test_an_erasure_that_has_to_wait_says_so(page: Page, base_url: str, watch: Watch) -> None:
    watch.expect("status of 409")
    open_stored(page, base_url, "erase-2")

    def wait(route: Route) -> None:
        if route.request.method != "DELETE":
            route.fallback()
            return
        problem = {"code": "erasure_waits_for_job", "detail": "A file with this customer is being scored."}
        route.fulfill(status=409, json=problem)

    page.route("**/customers/erase-2", wait)
    page.get_by_role("button", name="Erase…").click()
    page.get_by_role("button", name="Erase this customer").click()
    expect(page.locator("#erase-notice")).to_contain_text("A file with this customer is being scored.")
    expect(page.locator("#erase-notice")).to_contain_text("The customer is still stored.")
    page.unroute_all()
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("#done-notice")).to_have_text("Customer erase-2 is erased.")
