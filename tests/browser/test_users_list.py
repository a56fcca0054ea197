"""The list of users at risk: ranked, filtered, paged through, exported; the address says what is shown."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.steps import field, summary, visible_text
from tests.browser.user_steps import a_churn, a_list, a_user, answer, answer_user, nobody, open_list, rows, some_users

pytestmark = pytest.mark.browser

TITLE = "Users - TeleLink Customer Analytics"
Query = dict[str, str]


@pytest.fixture
def first_path() -> str:
    """Every test opens its own page."""
    return ""


def filtering(users: list[dict[str, Any]], asked: list[Query]) -> Any:
    """A service that filters by tier and hands out pages of three."""

    def reply(query: Query) -> dict[str, Any]:
        asked.append(query)
        wanted = [user for user in users if query.get("tier") in (None, user["tier"])]
        start = int(query.get("cursor", 0))
        following = str(start + 3) if start + 3 < len(wanted) else None
        return a_list(*wanted[start : start + 3], next=following)

    return reply


def shown_ids(page: Page) -> list[str]:
    return rows(page).get_by_role("link").all_inner_texts()


def test_a_row_says_what_the_service_said(page: Page) -> None:
    open_list(page, a_list(a_user(is_current=False)))
    assert visible_text(rows(page)) == "101 High 23 % likely being scored again 12 days 20 Oct 2026 1,204"
    expect(rows(page).get_by_role("link")).to_have_attribute("href", "/user.html?id=101")
    expect(page.locator("#standing-words")).to_have_text(
        "1,800 users in the log, 1,740 of them to keep. "
        "The chance of leaving is for the 30 days from 2 Nov 2026, where the log ends."
    )
    expect(page).to_have_title(TITLE)


def test_what_the_order_must_not_be_taken_for_stands_above_it(page: Page) -> None:
    open_list(page, a_list(a_user()))
    expect(page.locator("#caution")).to_be_hidden()
    open_list(page, a_list(a_user(), caution="It knows simulated users only."))
    expect(page.locator("#caution")).to_have_text("It knows simulated users only.")


def test_a_user_without_a_score_says_so_and_has_no_tier(page: Page) -> None:
    waiting = a_user(churn_probability=None, tier=None, as_of=None, is_current=False, standing="waiting")
    open_list(page, a_list(waiting, pending=0))
    assert visible_text(rows(page)).startswith("101 Not scored yet 12 days")
    expect(rows(page).locator("tier-mark")).to_be_hidden()


def test_before_a_log_is_loaded_the_page_teaches_and_leads_to_the_one_step(page: Page, base_url: str) -> None:
    open_list(page, nobody())
    empty = page.locator("#nobody")
    expect(empty.get_by_role("heading", name="No log yet")).to_be_visible()
    lines = empty.locator("code").inner_text().split("\n")
    assert len(lines) == 3
    assert page.evaluate("(lines) => lines.map((line) => JSON.parse(line).user_id)", lines) == ["101", "101", "102"]
    expect(page.locator("#filters")).to_be_hidden()
    empty.get_by_role("link", name="Load a log").click()
    expect(page).to_have_url(f"{base_url}/users.html?view=load")
    expect(page.get_by_role("heading", name="Choose a log")).to_be_visible()


def test_tiers_are_counted_and_each_leads_to_its_users(page: Page, base_url: str) -> None:
    asked: list[Query] = []
    open_list(page, filtering(some_users(9), asked))
    counts = page.get_by_role("list", name="Users by risk")
    assert visible_text(counts) == "High risk 48 3 % Medium risk 212 12 % Low risk 1,480 85 %"
    counts.get_by_role("link", name="Medium risk").click()
    expect(page).to_have_url(f"{base_url}/users.html?tier=Medium")
    expect(rows(page).locator("tier-mark").first).to_have_text("Medium")
    assert asked[-1] == {"tier": "Medium", "limit": "50"}
    expect(counts.get_by_role("link", name="Medium risk")).to_be_focused()
    expect(counts.locator("[aria-current]")).to_have_attribute("href", "/users.html?tier=Medium")
    expect(page.get_by_label("Tier")).to_have_value("Medium")
    page.get_by_role("link", name="Clear filters").click()
    expect(page).to_have_url(f"{base_url}/users.html")
    expect(rows(page).locator("tier-mark").first).to_have_text("High")


def test_pages_are_walked_and_the_address_can_be_shared(page: Page) -> None:
    open_list(page, filtering(some_users(7), []))
    first = shown_ids(page)
    expect(page.get_by_role("link", name="Previous")).to_be_hidden()
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#range")).to_be_focused()
    second = shown_ids(page)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("link", name="Next")).to_be_hidden()
    third = shown_ids(page)
    assert [*first, *second, *third] == [f"U-{place}" for place in range(7)]
    page.reload()
    expect(rows(page)).to_have_count(1)
    assert shown_ids(page) == third
    page.go_back()
    expect(rows(page)).to_have_count(3)
    assert shown_ids(page) == second
    page.get_by_role("link", name="Previous").click()
    expect(rows(page).first).to_contain_text("U-0")


def test_filters_go_to_the_service_and_to_the_export(page: Page) -> None:
    asked: list[Query] = []
    open_list(page, filtering(some_users(3), asked))
    field(page, "User id").fill("  U- ")
    page.get_by_label("Still there").select_option("Cancelled")
    page.get_by_role("button", name="Apply filters").click()
    expect(page.get_by_role("link", name="Export as CSV")).to_have_attribute(
        "href", "/users.csv?q=U-&standing=cancelled"
    )
    assert asked[-1] == {"q": "U-", "standing": "cancelled", "limit": "50"}


def test_typing_an_id_opens_the_user_and_a_start_filters(page: Page, base_url: str, watch: Watch) -> None:
    watch.expect("status of 404")
    open_list(page, a_list(*some_users(3)))
    answer(page, "**/users/U-/churn", {"code": "user_not_found", "detail": "Nobody."}, status=404)
    field(page, "User id").fill("U-")
    field(page, "User id").press("Enter")
    expect(page).to_have_url(f"{base_url}/users.html?q=U-")
    answer(page, "**/users/U-2/churn", a_churn(user_id="U-2"))
    field(page, "User id").fill(" U-2 ")
    field(page, "User id").press("Enter")
    expect(page).to_have_url(f"{base_url}/user.html?id=U-2")
    expect(page.get_by_role("heading", level=1)).to_have_text("User U-2")


def test_nothing_found_says_how_to_go_on(page: Page, base_url: str) -> None:
    open_list(page, a_list(), "?q=nobody")
    expect(page.get_by_role("heading", name="No user matches")).to_be_visible()
    page.locator("#no-match").get_by_role("link", name="Clear filters").click()
    expect(page).to_have_url(f"{base_url}/users.html")
    expect(page.locator("#no-match")).to_contain_text("has cancelled, or has been silent")
    page.locator("#no-match").get_by_role("link", name="Show the silent ones").click()
    expect(page).to_have_url(f"{base_url}/users.html?standing=inactive")


def test_scores_on_their_way_are_followed_and_rows_stay_under_the_hand(page: Page) -> None:
    waits = [a_list(*some_users(3), pending=2)] * 2
    done = a_list(*reversed(some_users(3)), pending=0)
    open_list(page, lambda _: waits.pop() if waits else done)
    waiting = page.locator("#waiting")
    expect(waiting).to_contain_text("2 users are being scored with the newest events")
    expect(waiting).to_contain_text("Every user is scored with the newest events.", timeout=8_000)
    assert shown_ids(page)[0] == "U-0"
    waiting.get_by_role("link", name="Show the new order").click()
    expect(rows(page).first).to_contain_text("U-2")
    expect(waiting).to_be_hidden()


def test_a_filter_the_service_refuses_is_named_beside_it(page: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    errors = [{"field": "tier", "code": "unknown", "message": "Choose Low, Medium or High"}]
    answer(page, "**/users?*", {"code": "invalid_request", "detail": "Check it.", "errors": errors}, status=422)
    page.goto("/users.html?tier=High")
    expect(summary(page)).to_be_focused()
    expect(page).to_have_title(f"Error: {TITLE}")
    expect(page.get_by_label("Tier")).to_have_attribute("aria-invalid", "true")
    answer(page, "**/users?*", a_list(*some_users(2)))
    page.get_by_role("link", name="Clear filters").click()
    expect(rows(page)).to_have_count(2)
    expect(summary(page)).to_be_hidden()
    expect(page).to_have_title(TITLE)


def test_a_place_in_the_list_that_is_none_leads_back_to_the_first_page(page: Page, watch: Watch, base_url: str) -> None:
    watch.expect("status of 422")
    errors = [{"field": "cursor", "code": "unknown", "message": "The cursor is not from this list"}]
    answer(page, "**/users?*", {"code": "invalid_request", "detail": "Check it.", "errors": errors}, status=422)
    page.goto("/users.html?cursor=other&page=2")
    expect(summary(page)).to_be_focused()
    answer(page, "**/users?*", a_list(*some_users(2)))
    page.get_by_role("link", name="Clear filters").click()
    expect(rows(page)).to_have_count(2)
    expect(page).to_have_url(f"{base_url}/users.html")


def test_a_server_that_is_down_is_named_and_asked_again(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    page.route("**/users?*", lambda route: route.abort("connectionrefused"))
    page.goto("/users.html")
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_be_focused()
    answer(page, "**/users?*", a_list(*some_users(2)))
    page.get_by_role("button", name="Retry").click()
    expect(rows(page)).to_have_count(2)
    expect(page).to_have_title(TITLE)


@pytest.mark.parametrize("user_id", ["<img/src=x/onerror=alert(1)>", "a/b?c=d#e%20f&g", "W" * 64])
def test_any_id_is_text_and_its_link_works(page: Page, user_id: str) -> None:
    open_list(page, a_list(a_user(user_id=user_id)))
    answer_user(page, user_id=user_id)
    assert shown_ids(page) == [user_id]
    with page.expect_request("**/users/*/churn") as request:
        rows(page).get_by_role("link").click()
    assert request.value.url.endswith(f"/users/{page.evaluate('encodeURIComponent', user_id)}/churn")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"User {user_id}")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_slow_answers_leave_the_old_rows_in_place(page: Page) -> None:
    open_list(page, a_list(*some_users(3)))
    expect(rows(page)).to_have_count(3)
    waiting: list[Route] = []
    page.route("**/users?*", lambda route: waiting.append(route))
    page.get_by_role("list", name="Users by risk").get_by_role("link", name="High risk").click()
    expect(page.locator("#list-view")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#live-region")).to_have_text("Loading the users")
    expect(rows(page)).to_have_count(3)
    expect(page.locator("#loading")).to_be_hidden()
    waiting[0].fulfill(json=a_list(*some_users(1)))
    expect(page.locator("#list-view")).to_have_attribute("aria-busy", "false")
    expect(rows(page)).to_have_count(1)
