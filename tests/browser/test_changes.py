"""Why did it move: two predictions of a customer, what the customer changed and what the model changed."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.steps import visible_text
from tests.browser.stored_customers import address, ask, resource, store, store_history
from tests.browser.test_access import DESKTOP, PHONE, focus_ring_px
from tests.factories import a_core_customer, a_customer

pytestmark = pytest.mark.browser

CHANGES = "**/changes?*"
MINUS = "\u2212"
SINGLE = "There is one prediction so far."


def moved(page: Page) -> Locator:
    """The part of the history that says why."""
    return page.get_by_role("group", name="Why did it move?")


def story(page: Page) -> Locator:
    return page.locator("change-story")


def open_history(page: Page, base_url: str, customer_id: str) -> dict[str, Any]:
    """Store three predictions, open the page and give what the service says about the two latest."""
    store_history(base_url, customer_id)
    with page.expect_response(CHANGES) as came:
        page.goto(address(customer_id))
    expect(story(page)).to_be_visible()
    changes: dict[str, Any] = came.value.json()
    return changes


def points(change: float) -> str:
    """A difference of probabilities as the page writes it."""
    text = f"{abs(change * 100):.1f} points"
    return text if text == "0.0 points" else f"{'+' if change > 0 else MINUS}{text}"


def choose(page: Page, end: str, row: int) -> None:
    """Choose a prediction of the table as one end of the comparison."""
    page.locator("prediction-table tbody tr").nth(row).get_by_role("radio", name=end).check()


def test_the_two_latest_predictions_are_compared_at_first(page: Page, base_url: str) -> None:
    changes = open_history(page, base_url, "moved-1")
    stored = ask(base_url, "GET", f"{resource('moved-1')}/predictions")["predictions"]
    ids = [row["prediction"]["prediction_id"] for row in stored]
    assert (changes["before"]["prediction_id"], changes["after"]["prediction_id"]) == (ids[1], ids[0])
    told = story(page)
    expect(told.locator(".change-message")).to_have_text(changes["message"])
    expect(told.locator(".change-reasons li")).to_have_text(changes["reasons"])
    rows = page.locator("prediction-table tbody tr")
    expect(rows.nth(0).get_by_role("radio", name="after")).to_be_checked()
    expect(rows.nth(1).get_by_role("radio", name="before")).to_be_checked()


def test_the_move_is_split_into_customer_and_model(page: Page, base_url: str) -> None:
    changes = open_history(page, base_url, "moved-2")
    rows = story(page).locator("[data-slot=parts]").get_by_role("row")
    parts = [changes["customer_changed"], changes["model_changed"], changes]
    names = ["The customer changed", "The model changed", "Together"]
    for row, name, part in zip(rows.all(), names, parts, strict=True):
        assert visible_text(row).startswith(f"{name} {points(part['probability_change'])} ")
    for scale in ("score_change", "probability_change"):
        assert parts[0][scale] + parts[1][scale] == pytest.approx(parts[2][scale], abs=1e-9)


def test_value_by_value_names_what_was_before_and_after(page: Page, base_url: str) -> None:
    changes = open_history(page, base_url, "moved-3")
    story(page).get_by_text("Value by value").click()
    rows = story(page).locator("[data-slot=values]").get_by_role("row")
    told = {visible_text(row) for row in rows.all()}
    calls = next(
        step for step in changes["customer_changed"]["contributions"] if step["field"] == "customerServiceCalls"
    )
    wanted = f"Customer service calls {calls['before']:g} calls {calls['after']:g} calls {calls['contribution']:+.2f}"
    assert any(row.startswith(wanted) for row in told), told
    assert any(row.startswith("International plan no yes ") for row in told)


def test_any_two_predictions_can_be_chosen_in_the_table(page: Page, base_url: str) -> None:
    first = open_history(page, base_url, "moved-4")
    with page.expect_response(CHANGES) as came:
        choose(page, "before", 2)
    changes = came.value.json()
    assert changes["before"]["prediction_id"] != first["before"]["prediction_id"]
    assert changes["after"]["prediction_id"] == first["after"]["prediction_id"]
    expect(story(page).locator(".change-message")).to_have_text(changes["message"])
    parts = story(page).locator("[data-slot=parts]").get_by_role("row")
    expect(parts.last).to_contain_text(points(changes["probability_change"]).replace(" points", ""))


def test_the_wrong_way_round_is_said_and_put_right_by_choosing_again(page: Page, base_url: str) -> None:
    open_history(page, base_url, "moved-5")
    choose(page, "before", 0)
    expect(moved(page)).to_contain_text("Choose a later prediction as “after” than as “before”.")
    expect(story(page)).to_be_hidden()
    choose(page, "before", 1)
    expect(story(page)).to_be_visible()
    expect(page.locator("#changes-hint")).to_be_hidden()


def test_one_prediction_teaches_what_will_be_here(page: Page, base_url: str) -> None:
    store(base_url, a_customer(customerId="moved-6"))
    page.goto(address("moved-6"))
    expect(moved(page)).to_contain_text(SINGLE)
    expect(story(page)).to_be_hidden()
    expect(page.get_by_role("radio", name="before")).to_have_count(0)


def test_predictions_with_and_without_minutes_can_be_compared(page: Page, base_url: str) -> None:
    store(base_url, a_core_customer(customerId="moved-7"))
    store(base_url, a_customer(customerId="moved-7", customerServiceCalls=5))
    with page.expect_response(CHANGES) as came:
        page.goto(address("moved-7"))
    assert came.value.status == 200
    expect(story(page).locator(".change-message")).to_have_text(came.value.json()["message"])
    parts = story(page).locator("[data-slot=parts]").get_by_role("row")
    expect(parts.nth(1)).to_contain_text("The minutes became known")


def test_the_choice_stays_when_earlier_predictions_are_shown(page: Page, base_url: str) -> None:
    store(base_url, *(a_customer(customerId="moved-8", totalDayCalls=calls) for calls in range(55)))
    page.goto(address("moved-8"))
    expect(story(page)).to_be_visible()
    with page.expect_response(CHANGES):
        choose(page, "before", 40)
    page.get_by_role("button", name="Show earlier predictions").click()
    expect(page.locator("prediction-table tbody tr")).to_have_count(55)
    expect(page.locator("prediction-table tbody tr").nth(40).get_by_role("radio", name="before")).to_be_checked()


def test_a_version_that_is_gone_is_named_and_asked_for_again(page: Page, base_url: str, watch: Watch) -> None:
    watch.expect("status of 404")
    store_history(base_url, "moved-9")
    gone = {"code": "version_gone", "detail": "This model version is not on this server."}
    page.route(CHANGES, lambda route: route.fulfill(status=404, json=gone))
    page.goto(address("moved-9"))
    note = page.locator("#changes-note")
    expect(note).to_contain_text("Why it moved could not be worked out. This model version is not on this server.")
    expect(page.locator("prediction-table tbody tr")).to_have_count(3)
    page.unroute(CHANGES)
    note.get_by_role("button", name="Retry").click()
    expect(story(page)).to_be_visible()
    expect(note).to_be_hidden()


def test_only_the_pair_that_is_chosen_now_is_told(page: Page, base_url: str) -> None:
    open_history(page, base_url, "moved-10")
    held: list[Route] = []
    page.route(CHANGES, lambda route: route.continue_() if held else held.append(route))
    with page.expect_request(CHANGES):
        choose(page, "before", 2)
    with page.expect_response(CHANGES) as came:
        choose(page, "after", 1)
    expect(story(page).locator(".change-message")).to_have_text(came.value.json()["message"])
    earlier = held[0].fetch()
    assert earlier.json()["after"]["prediction_id"] != came.value.json()["after"]["prediction_id"]
    with page.expect_response(CHANGES):
        held[0].fulfill(response=earlier)
    total = points(came.value.json()["probability_change"]).replace(" points", "")
    expect(story(page).locator("[data-slot=parts]").get_by_role("row").last).to_contain_text(total)


def test_the_choice_by_keyboard(page: Page, base_url: str) -> None:
    open_history(page, base_url, "moved-11")
    chosen = page.locator("prediction-table tbody tr").nth(1).get_by_role("radio", name="before")
    chosen.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(chosen).to_be_focused()
    assert focus_ring_px(page) >= 2
    with page.expect_response(CHANGES):
        page.keyboard.press("ArrowDown")
    expect(page.locator("prediction-table tbody tr").nth(2).get_by_role("radio", name="before")).to_be_checked()


@pytest.mark.parametrize(
    "context_options",
    [DESKTOP, DESKTOP | {"color_scheme": "dark"}, PHONE, PHONE | {"color_scheme": "dark"}],
    ids=["light", "dark", "360 light", "360 dark"],
)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(page: Page, base_url: str) -> None:
    open_history(page, base_url, "moved-12")
    story(page).get_by_text("Value by value").click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
