"""The pages of users for everybody: axe, the keyboard alone, a small screen, large enough targets, no script."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.batch_steps import FINISHED, intercept_file_dialogs
from tests.browser.conftest import Watch
from tests.browser.log_steps import LOG, a_preview, choose_log
from tests.browser.steps import field, summary
from tests.browser.test_access import DESKTOP, PHONE, WCAG_22_AA, focus_ring_px, too_small_targets
from tests.browser.user_steps import (
    REPORT,
    a_list,
    a_score,
    a_user,
    address,
    an_event,
    answer,
    answer_user,
    nobody,
    open_list,
    open_log,
    open_user,
    rows,
    some_users,
    user_card,
)

pytestmark = pytest.mark.browser

LONG = "A-word-that-is-far-too-long-for-a-small-screen-" * 3


@pytest.fixture
def first_path() -> str:
    """Every test opens its own page."""
    return ""


def show_list(page: Page) -> None:
    open_list(page, a_list(a_user(user_id=LONG[:64]), *some_users(6), next="c", pending=12))
    expect(rows(page)).to_have_count(7)


def show_nobody(page: Page) -> None:
    open_list(page, nobody())
    expect(page.get_by_role("heading", name="No log yet")).to_be_visible()


def show_no_match(page: Page) -> None:
    open_list(page, a_list(), "?q=nobody&cursor=c")
    expect(page.get_by_role("heading", name="No user matches")).to_be_visible()


def show_down(page: Page) -> None:
    page.route("**/users?*", lambda route: route.abort("connectionrefused"))
    page.goto("/users.html")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()


def show_score(page: Page) -> None:
    answer(page, "**/users/score", a_score(warnings=[{"message": f"Check {LONG}"}]))
    page.goto("/users.html?view=score&session_count=4&time_spent_minutes=65&purchases=0&days_inactive=12")
    expect(user_card(page)).to_be_visible()
    field(page, "Purchases").fill("1")


def show_score_problem(page: Page) -> None:
    errors = [{"field": "purchases", "code": "missing", "message": "Enter the purchases"}]
    answer(page, "**/users/score", {"code": "invalid_request", "detail": "Check.", "errors": errors}, status=422)
    page.goto("/users.html?view=score")
    page.get_by_role("button", name="Score the user").click()
    expect(summary(page)).to_be_visible()


def show_load_problem(page: Page) -> None:
    page.goto("/users.html?view=load")
    page.get_by_role("button", name="Check the log").click()
    expect(summary(page)).to_be_visible()


def show_check(page: Page) -> None:
    answer(page, "**/batch/event-preview?*", a_preview(LONG))
    choose_log(page, LOG, f"{LONG}.jsonl")
    page.get_by_role("button", name="Check the log").click()
    expect(page.get_by_role("heading", name="Check how the log is read")).to_be_visible()


def show_own(page: Page) -> None:
    answer(page, "**/batch/event-preview?*", a_preview(LONG, adapter=None))
    choose_log(page, LOG, "own.jsonl")
    page.get_by_role("button", name="Check the log").click()
    page.get_by_label("When it happened", exact=True).select_option("ts")
    page.get_by_label("What happened", exact=True).select_option("page")
    expect(page.get_by_label("NextSong is read as")).to_be_visible()


def show_refused_day(page: Page) -> None:
    errors = [{"field": "as_of", "code": "not_a_day", "message": "Choose a day"}]
    answer(page, "**/users/*/churn*", {"code": "invalid_request", "detail": "Check.", "errors": errors}, status=422)
    page.goto(f"{address('101')}&as_of=soon")
    expect(summary(page)).to_be_visible()


def show_running(page: Page) -> None:
    open_log(page)


def show_done(page: Page) -> None:
    open_log(page, state="done", rows_done=600_000, events=REPORT, **FINISHED)


def show_user(page: Page) -> None:
    open_user(page, user_id=LONG[:64], warnings=[{"message": "There are few events."}])
    answer(page, "**/users/*/events*", {"events": [an_event(item_id=LONG)], "next": "c"})
    page.reload()
    page.locator("#charts data-chart").last.get_by_text("Show as a table").click()
    page.get_by_role("button", name="Erase…").click()
    page.keyboard.press("Escape")


def show_dialog(page: Page) -> None:
    answer_user(page)
    page.goto(address("101"))
    page.get_by_role("button", name="Erase…").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def show_not_found(page: Page) -> None:
    page.goto(address("nobody"))
    expect(page.get_by_role("heading", name="There is no user with this id")).to_be_visible()


STATES: dict[str, Callable[[Page], None]] = {
    "list": show_list,
    "nobody": show_nobody,
    "no match": show_no_match,
    "down": show_down,
    "score": show_score,
    "score problem": show_score_problem,
    "load problem": show_load_problem,
    "check": show_check,
    "own columns": show_own,
    "refused day": show_refused_day,
    "running": show_running,
    "done": show_done,
    "user": show_user,
    "dialog": show_dialog,
    "not found": show_not_found,
}


@pytest.mark.parametrize("context_options", [{**DESKTOP, "reduced_motion": "reduce"}], ids=["1440 and 360"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_light_and_dark_at_1440_and_at_360(page: Page, watch: Watch, state: str) -> None:
    for announced in ("status of 422", "status of 404", "ERR_CONNECTION_REFUSED"):
        watch.expect(announced)
    STATES[state](page)
    tags = {"runOnly": {"type": "tag", "values": WCAG_22_AA}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=tags)
    assert found.violations_count == 0, found.generate_report()
    page.emulate_media(color_scheme="dark")
    found = Axe().run(page, options={"runOnly": ["color-contrast"], "resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size(PHONE["viewport"])
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    assert too_small_targets(page) == []
    found = Axe().run(page, options=tags)
    assert found.violations_count == 0, found.generate_report()


def test_the_checks_would_see_a_fault(page: Page) -> None:
    show_list(page)
    page.evaluate("() => document.querySelector('#q').removeAttribute('id')")
    assert Axe().run(page, options={"runOnly": ["label"]}).violations_count == 1


def test_the_whole_journey_by_keyboard(page: Page) -> None:
    answer(page, "**/users?*", a_list(*some_users(3)))
    answer(page, "**/users/score", a_score())
    answer_user(page, user_id="U-0")
    page.goto("/users.html")
    expect(rows(page)).to_have_count(3)
    reach(page, "link", "U-0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("User U-0")
    expect(user_card(page)).to_be_visible()
    reach(page, "link", "All users")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(3)
    reach(page, "link", "Four numbers")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Score four numbers")).to_be_visible()
    reach(page, "textbox", "Sessions")
    for text in ("4", "65", "0", "12"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(user_card(page).get_by_role("heading", name="This user")).to_be_focused()
    assert focus_ring_px(page) >= 2


def test_a_log_is_chosen_and_sent_by_keyboard(page: Page) -> None:
    intercept_file_dialogs(page)
    answer(page, "**/batch/event-preview?*", a_preview())
    page.goto("/users.html?view=load")
    reach(page, "button", "Log of events")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files({"name": "log.jsonl", "mimeType": "text/plain", "buffer": LOG.encode()})
    reach(page, "button", "Check the log")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check how the log is read")).to_be_focused()
    reach(page, "button", "Upload and read")


def reach(page: Page, role: str, name: str) -> None:
    """Press Tab until the control has the keyboard, and see that focus shows on the way."""
    wanted = page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
    for _ in range(40):
        page.keyboard.press("Tab")
        assert focus_ring_px(page) >= 2, page.evaluate("() => document.activeElement.outerHTML.slice(0, 120)")
        if wanted.evaluate("(control) => control === document.activeElement"):
            return
    pytest.fail(f"the keyboard never reached {name}")


@pytest.mark.parametrize("context_options", [{"java_script_enabled": False}], ids=["no script"])
@pytest.mark.parametrize("path", ["/users.html", "/user.html?id=101"])
def test_without_javascript_the_pages_say_what_to_do(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator(".noscript")).to_contain_text("This page needs JavaScript")
    expect(page.get_by_role("button")).to_have_count(0)
