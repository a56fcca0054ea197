"""Every state of the Batch files page for everybody: axe, the keyboard alone, a small screen, less motion."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.batch_steps import (
    FINISHED,
    JOB_ID,
    a_job,
    answer_list,
    card,
    check,
    choose_and_check,
    csv_text,
    customers,
    forecast,
    intercept_file_dialogs,
    open_batch,
    open_job,
    slow_down_uploads,
    upload,
)
from tests.browser.conftest import Watch
from tests.browser.steps import summary
from tests.browser.test_access import DESKTOP, PHONE, WCAG_22_AA, focus_ring_px, too_small_targets

pytestmark = pytest.mark.browser


def show_first(page: Page) -> None:
    answer_list(page, [a_job(), a_job(state="failed"), a_job(state="cancelled"), a_job(state="interrupted")], "c")
    open_batch(page)
    expect(page.get_by_role("button", name="Show more")).to_be_visible()


def show_empty(page: Page) -> None:
    answer_list(page, [])
    open_batch(page)
    expect(page.get_by_text("No file has been uploaded yet.")).to_be_visible()


def show_nothing_chosen(page: Page) -> None:
    open_batch(page)
    check(page)
    expect(summary(page)).to_be_visible()


def show_columns(page: Page) -> None:
    open_batch(page)
    faulty = customers(3, "look", state="ZZ")
    long = {"A column with a name that is far too long for a small screen, and a word" + "x" * 60: "y" * 200}
    choose_and_check(page, csv_text({**row, **long} for row in faulty), f"{'long-name-' * 12}.csv")
    page.get_by_text("Read it differently").click()


def show_missing(page: Page) -> None:
    open_batch(page)
    choose_and_check(page, csv_text(customers(1, "look")))
    for label in ("State", "Customer id", "Day minutes", "Evening minutes", "Night minutes", "International minutes"):
        page.get_by_label(label, exact=True).select_option(index=0)
    upload(page)
    expect(summary(page)).to_be_visible()


def show_uploading(page: Page) -> None:
    open_batch(page)
    choose_and_check(page, csv_text(customers(5_000, "look")))
    slow_down_uploads(page, 20_000)
    upload(page)
    expect(page.get_by_role("button", name="Cancel the upload")).to_be_visible()


def show_running(page: Page) -> None:
    open_job(page, rows_with_warnings=12, blank_lines=2, rows_without_customer_id=1)


def show_question(page: Page) -> None:
    open_job(page)
    card(page).get_by_role("button", name="Stop scoring").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def show_done(page: Page) -> None:
    open_job(page, state="done", rows_done=600_000, file_name="november.csv", **FINISHED)
    page.get_by_text("Columns and models used").click()


def show_failed(page: Page) -> None:
    open_job(page, state="failed", reason="The file was damaged on the server's disk.", **FINISHED)


def show_not_there(page: Page) -> None:
    page.goto("/batch.html?job=none")
    expect(page.get_by_role("heading", name="This file is not here")).to_be_visible()


def show_server_down(page: Page) -> None:
    page.route("**/batch/jobs/*", lambda route: route.abort("connectionrefused"))
    page.goto(f"/batch.html?job={JOB_ID}")
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_be_visible()


STATES = {
    "first": show_first,
    "empty": show_empty,
    "nothing chosen": show_nothing_chosen,
    "columns": show_columns,
    "missing": show_missing,
    "uploading": show_uploading,
    "running": show_running,
    "question": show_question,
    "done": show_done,
    "failed": show_failed,
    "not there": show_not_there,
    "server down": show_server_down,
}


@pytest.fixture
def state(request: pytest.FixtureRequest, page: Page, watch: Watch) -> Page:
    for announced in ("status of 422", "ERR_CONNECTION_REFUSED"):
        watch.expect(announced)
    STATES[request.param](page)
    return page


@pytest.mark.parametrize("context_options", [DESKTOP, DESKTOP | {"color_scheme": "dark"}], ids=["light", "dark"])
@pytest.mark.parametrize("state", STATES, indirect=True)
def test_axe_finds_nothing(state: Page) -> None:
    options = {"runOnly": {"type": "tag", "values": WCAG_22_AA}, "resultTypes": ["violations"]}
    found = Axe().run(state, options=options)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("context_options", [PHONE], ids=["360"])
@pytest.mark.parametrize("state", STATES, indirect=True)
def test_a_phone_needs_no_sideways_scrolling_and_axe_finds_nothing(state: Page) -> None:
    assert state.evaluate("() => document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    found = Axe().run(state)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("context_options", [PHONE, DESKTOP], ids=["360", "1440"])
@pytest.mark.parametrize("state", ["first", "columns", "done", "question"], indirect=True)
def test_targets_are_large_enough(state: Page) -> None:
    assert too_small_targets(state) == []


@pytest.mark.parametrize("context_options", [PHONE], ids=["360"])
def test_on_a_phone_the_sample_rows_scroll_inside_their_own_box(page: Page) -> None:
    show_columns(page)
    box = page.get_by_role("region", name="First rows of the file")
    assert box.evaluate("(box) => box.scrollWidth > box.clientWidth")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.sample-box').scrollLeft > 0")


@pytest.mark.parametrize("context_options", [{"reduced_motion": "reduce"}], ids=["reduced"])
def test_nothing_moves_when_less_motion_is_asked_for(page: Page) -> None:
    open_job(page)
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].map((element) => getComputedStyle(element))
             .filter((style) => parseFloat(style.transitionDuration) > 0 && style.transitionProperty !== "none"
                             || style.animationName !== "none").length"""
    )
    assert moving == 0


def test_the_whole_journey_by_keyboard(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "keyboard.csv"
    intercept_file_dialogs(page)
    file.write_text(csv_text({**row, "Land": "OH"} for row in customers(2, "keys")), encoding="utf-8")
    open_batch(page)
    press = page.keyboard.press
    page.get_by_role("link", name="Skip to main content").focus()
    press("Enter")
    press("Tab")
    expect(page.get_by_label("CSV file")).to_be_focused()
    assert focus_ring_px(page) >= 2
    with page.expect_file_chooser() as chooser:
        press("Enter")
    chooser.value.set_files(file)
    press("Tab")
    expect(page.get_by_role("link", name="Download an example file")).to_be_focused()
    press("Tab")
    press("Enter")

    expect(page.get_by_role("heading", name="Check the columns")).to_be_focused()
    press("Tab")
    expect(page.get_by_label("Account length", exact=True)).to_be_focused()
    press("Tab")
    page.keyboard.type("Land")
    expect(page.get_by_label("State", exact=True)).to_have_value("Land")
    expect(forecast(page).locator(".column-names")).to_have_text("state")
    for _ in range(30):
        press("Tab")
        assert focus_ring_px(page) >= 2
        if page.get_by_role("button", name="Upload and score").evaluate("(b) => b === document.activeElement"):
            break
    press("Enter")

    expect(card(page).get_by_role("heading", name="keyboard.csv")).to_be_focused()
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=60_000)
    press("Tab")
    expect(page.get_by_role("link", name="Download the results")).to_be_focused()
    with page.expect_download():
        press("Enter")


@pytest.mark.parametrize("context_options", [{"java_script_enabled": False}], ids=["no script"])
def test_without_javascript_the_page_says_what_to_do(page: Page) -> None:
    page.goto("/batch.html")
    expect(page.locator(".noscript")).to_contain_text("This page needs JavaScript")
    expect(page.get_by_role("button")).to_have_count(0)
