"""One user's page: the answer with its reasons, the weeks, what is expected to be bought, the events, the erasure."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.drawn_charts import require_library
from tests.browser.steps import summary, visible_text
from tests.browser.user_steps import (
    MESSAGE,
    a_churn,
    a_list,
    a_timeline,
    address,
    an_event,
    answer,
    answer_user,
    nobody,
    open_user,
    some_users,
    user_card,
    warnings,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def first_path() -> str:
    """Every test opens its own page."""
    return ""


def test_the_answer_and_what_the_log_holds_stand_side_by_side(page: Page) -> None:
    require_library()
    open_user(page)
    expect(page).to_have_title("User 101 - TeleLink Customer Analytics")
    expect(user_card(page).get_by_role("heading", level=2)).to_have_text("Latest answer, as of 2 Nov 2026")
    assert MESSAGE in visible_text(user_card(page))
    expect(page.locator("#seen")).to_have_text(
        "1,204 events from 1 Jun 2026 to 20 Oct 2026. Quiet for 12 days as of 2 Nov 2026."
    )
    timeline = a_timeline()
    expect(page.locator("#timeline-message")).to_have_text("Silent for 13 days.")  # the rest stands above its chart
    expect(page.locator("#charts").get_by_role("img")).to_have_count(len(timeline["charts"]))
    for chart, drawn in zip(timeline["charts"], page.locator("#charts data-chart").all(), strict=True):
        assert drawn.get_by_role("img").get_attribute("aria-label") == f"{chart['name']}. {chart['title']}"


def test_each_chart_has_its_weeks_as_a_table(page: Page) -> None:
    require_library()
    open_user(page)
    sessions = page.locator("#charts data-chart").last
    sessions.get_by_text("Show as a table").click()
    told = [visible_text(row) for row in sessions.locator("tbody tr").all()]
    assert (told[0], told[-1], len(told)) == ("4 Oct 2026 6", "25 Oct 2026 0", 8)


@pytest.mark.parametrize("context_options", [{"viewport": {"width": 360, "height": 740}}], ids=["360"])
def test_on_a_phone_a_week_and_its_figure_share_a_line_and_nothing_empty_has_a_label(page: Page) -> None:
    require_library()
    answer_user(page)
    events = [an_event(), an_event(item_id=None)]
    answer(page, "**/users/*/events*", {"events": events, "next": None})
    page.goto(address("101"))
    sessions = page.locator("#charts data-chart").last
    sessions.get_by_text("Show as a table").click()
    name, figure = (sessions.locator(f"tbody tr:first-child {cell}").bounding_box() for cell in ("th", "td"))
    assert name["y"] == pytest.approx(figure["y"], abs=2)
    expect(sessions.get_by_role("columnheader").last).to_be_visible()
    items = page.locator("#events-table td[data-label=Item]")
    assert items.first.bounding_box()["height"] > 24
    assert items.last.bounding_box()["height"] <= 1


def test_expected_purchases_have_their_spend_and_no_false_cents(page: Page) -> None:
    answer_user(page)
    page.goto(address("101"))
    value = page.locator("#value")
    expect(value).to_contain_text("64 % likely to buy again at all.")
    told = [visible_text(row) for row in value.locator("tbody tr").all()]
    assert told == ["Next 90 days 1.3 $42", "Next 365 days 4.0 $1,128"]


def test_many_warnings_do_not_push_the_answer_out_of_sight(page: Page) -> None:
    answer_user(page, warnings=warnings(9))
    page.goto(address("101"))
    more = user_card(page).get_by_text("6 more", exact=True)
    expect(user_card(page).get_by_text("Value 2 is unheard of.")).to_be_visible()
    expect(user_card(page).get_by_text("Value 3 is unheard of.")).to_be_hidden()
    more.click()
    expect(user_card(page).get_by_text("Value 8 is unheard of.")).to_be_visible()


def test_a_user_who_never_bought_has_no_value(page: Page) -> None:
    answer_user(page, value=None)
    page.goto(address("101"))
    expect(page.locator("#events-table tbody tr")).to_have_count(2)
    expect(page.locator("#value")).to_be_hidden()


def test_events_are_read_page_by_page_and_recovered_ones_are_marked(page: Page) -> None:
    answer_user(page)
    pages = {"": {"events": [an_event(level=None, kind="<b>odd</b>", recovered=True)], "next": "c1"},
             "c1": {"events": [an_event(level=None, value=9.99, kind="purchase")], "next": None}}  # fmt: skip
    answer(page, "**/users/*/events*", lambda query: pages[query.get("cursor", "")])
    page.goto(address("101"))
    table = page.locator("#events-table")
    assert visible_text(table.locator("tbody tr")).endswith(
        "<b>odd</b> user id found from its session Roads 3 5 min 5 s"
    )
    earlier = page.get_by_role("button", name="Show earlier events")
    earlier.click()
    expect(table.locator("tbody tr")).to_have_count(2)
    expect(table.get_by_role("columnheader")).to_have_text(["When", "What", "Item", "Session", "Lasted", "Value"])
    expect(earlier).to_be_hidden()
    expect(page.get_by_role("heading", name="Events")).to_be_focused()


def test_another_day_is_asked_for_and_stands_in_the_address(page: Page, base_url: str) -> None:
    answer_user(page)
    answer(page, "**/users/*/churn*", lambda query: a_churn(as_of=query.get("as_of", "2026-11-02")))
    page.goto(address("101"))
    expect(page.get_by_role("link", name="Back to the latest")).to_be_hidden()
    page.get_by_label("As of").fill("2026-10-14")
    page.get_by_role("button", name="Show this day").click()
    expect(page).to_have_url(f"{base_url}/user.html?id=101&as_of=2026-10-14")
    expect(user_card(page).get_by_role("heading", level=2)).to_have_text("Answer as of 14 Oct 2026")
    page.get_by_role("link", name="Back to the latest").click()
    expect(user_card(page).get_by_role("heading", level=2)).to_have_text("Latest answer, as of 2 Nov 2026")


def test_a_day_the_service_refuses_can_be_corrected_on_the_spot(page: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    errors = [{"field": "as_of", "code": "future", "message": "Choose a day that is not in the future"}]
    answer(page, "**/users/*/churn*", {"code": "invalid_request", "detail": "Check.", "errors": errors}, status=422)
    page.goto(f"{address('101')}&as_of=2999-01-01")
    expect(summary(page).get_by_role("link")).to_have_text(["Choose a day that is not in the future"])
    expect(page.get_by_label("As of")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("heading", name="Events")).to_be_hidden()
    answer_user(page)
    page.get_by_role("link", name="Back to the latest").click()
    expect(user_card(page)).to_contain_text("likely to leave")


@pytest.mark.parametrize("path", [address("nobody/at?all"), "/user.html"], ids=["unknown", "no id"])
def test_an_unknown_user_says_where_to_look(page: Page, watch: Watch, path: str) -> None:
    watch.expect("status of 404")
    page.goto(path)
    expect(page.get_by_role("heading", name="There is no user with this id")).to_be_visible()
    page.get_by_role("link", name="Look in the list of users").click()
    expect(page.get_by_role("heading", name="Users", exact=True)).to_be_visible()


def test_weeks_and_events_that_cannot_be_read_leave_the_answer(page: Page, watch: Watch) -> None:
    watch.expect("status of 503")
    answer_user(page)
    busy = {"code": "busy", "detail": "The database is busy."}
    for part in ("timeline", "events*"):
        answer(page, f"**/users/*/{part}", busy, status=503)
    page.goto(address("101"))
    expect(page.locator("#timeline-note")).to_contain_text("The weeks could not be worked out. The database is busy.")
    expect(page.locator("#events-note")).to_contain_text("The events could not be read. The database is busy.")
    expect(user_card(page)).to_contain_text("likely to leave")
    answer_user(page)
    page.locator("#events-note").get_by_role("button", name="Retry").click()
    expect(page.locator("#events-table tbody tr")).to_have_count(2)
    expect(page.locator("#events-note")).to_be_hidden()


def test_a_user_is_erased_after_a_second_question(page: Page) -> None:
    answer_user(page, user_id="101")
    page.goto(address("101"))
    erased: list[str] = []

    def erase(route: Route) -> None:
        erased.append(route.request.method)
        route.fulfill(status=204)

    page.route("**/users/101", erase)
    page.get_by_role("button", name="Erase…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Erase user 101?")
    page.get_by_role("button", name="Keep the user").click()
    assert erased == []
    page.get_by_role("button", name="Erase…").click()
    answer(page, "**/users?*", a_list(*some_users(1)))
    page.get_by_role("button", name="Erase this user").click()
    expect(page.locator("#done-notice")).to_have_text("User 101 is erased.")
    assert erased == ["DELETE"]


def test_a_server_that_is_down_is_named_and_asked_again(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    answer(page, "**/users?*", nobody())
    page.route("**/users/*/churn*", lambda route: route.abort("connectionrefused"))
    page.goto(address("101"))
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_be_focused()
    answer_user(page)
    page.get_by_role("button", name="Retry").click()
    expect(user_card(page)).to_contain_text("likely to leave")
