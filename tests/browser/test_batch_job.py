"""A job on the page: followed, left, found again, stopped, and ended in every way; and the list of earlier files."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.batch_steps import (
    FINISHED,
    JOB_ID,
    a_job,
    answer_job,
    answer_list,
    card,
    choose_and_check,
    csv_text,
    customers,
    intercept_file_dialogs,
    open_batch,
    open_job,
    upload,
)
from tests.browser.conftest import Watch
from tests.browser.steps import visible_text

pytestmark = pytest.mark.browser

TITLE = "Batch files - TeleLink Customer Analytics"
MANY_ROWS = 60_000


def test_progress_is_said_in_rows_speed_and_time_left(page: Page) -> None:
    open_job(page)
    words = visible_text(card(page))
    for said in (
        "Scoring",
        "600,000 of about 1,200,000 rows (50 %)",
        "25,000 rows a second, about 25 seconds left",
        "High risk 59,990 10 %",
        "Low risk 400,000 67 %",
        "10 rows could not be scored so far.",
        "3 rows with a customer id that is in the file more than once: the last one counts.",
        "You can leave this page and come back",
    ):
        assert said in words
    assert page.get_by_role("progressbar", name="Rows done").evaluate("(bar) => bar.position") == 0.5
    expect(page).to_have_title(f"50 %: november.csv - {TITLE}")
    expect(card(page).get_by_role("link")).to_have_count(0)


def test_progress_moves_without_taking_the_keyboard_and_is_announced_now_and_then(page: Page) -> None:
    open_job(page)
    live_region = page.locator("#live-region")
    expect(live_region).to_have_text("Scoring. 600,000 of about 1,200,000 rows (50 %).")
    stop = page.get_by_role("button", name="Stop scoring")
    stop.focus()
    answer_job(page, rows_done=700_000)
    expect(card(page)).to_contain_text("700,000 of about")
    expect(live_region).to_have_text("Scoring. 600,000 of about 1,200,000 rows (50 %).")
    answer_job(page, rows_done=900_000)
    expect(live_region).to_have_text("Scoring. 900,000 of about 1,200,000 rows (75 %).")
    expect(stop).to_be_focused()


def test_a_job_can_be_left_and_returned_to(page: Page) -> None:
    open_batch(page)
    choose_and_check(page, csv_text(customers(1, "left")), "left.csv")
    upload(page)
    expect(card(page).get_by_role("heading", name="left.csv")).to_be_visible()
    address = page.url
    assert re.search(r"\?job=[0-9a-f-]{36}$", address)
    page.goto("/")
    page.goto(address)
    expect(card(page).get_by_role("heading", name="left.csv")).to_be_focused()
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=60_000)
    page.get_by_role("link", name="All batch files").click()
    page.get_by_role("link", name="left.csv").click()
    expect(page).to_have_url(address)
    page.go_back()
    expect(page.get_by_role("heading", name="Choose a file")).to_be_visible()


def test_the_back_button_leads_from_a_new_job_to_the_first_step(page: Page) -> None:
    open_batch(page)
    choose_and_check(page, csv_text(customers(1, "back")))
    upload(page)
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=60_000)
    page.go_back()
    expect(page.get_by_role("heading", name="Choose a file")).to_be_visible()
    expect(page.locator(".drop-chosen")).to_be_hidden()
    page.go_forward()
    expect(card(page).locator("state-mark")).to_have_text("Done")


def test_while_the_server_restarts_the_page_keeps_the_figures_and_goes_on(page: Page, watch: Watch) -> None:
    for announced in ("ERR_CONNECTION_REFUSED", "status of 503"):
        watch.expect(announced)
    open_job(page)
    page.route("**/batch/jobs/*", lambda route: route.abort("connectionrefused"))
    expect(card(page)).to_contain_text("The server cannot be reached; trying again.")
    expect(card(page)).to_contain_text("600,000 of about 1,200,000 rows")
    page.route("**/batch/jobs/*", lambda route: route.fulfill(status=503, json={"detail": "Starting."}))
    with page.expect_response("**/batch/jobs/*"):
        pass
    answer_job(page, state="done", rows_done=1_200_000, **FINISHED)
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=15_000)
    expect(page.get_by_text("The server cannot be reached")).to_be_hidden()


def test_a_job_that_cannot_be_read_at_first_is_shown_once_the_server_answers(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    page.route("**/batch/jobs/*", lambda route: route.abort("connectionrefused"))
    page.goto(f"/batch.html?job={JOB_ID}")
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_be_focused()
    answer_job(page)
    page.get_by_role("button", name="Retry").click()
    expect(card(page).get_by_role("heading", name="november.csv")).to_be_focused()
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_have_count(0)


def test_a_running_job_is_stopped_only_when_that_is_confirmed(page: Page) -> None:
    open_batch(page)
    choose_and_check(page, csv_text(customers(MANY_ROWS, "cancel")), "cancel.csv")
    upload(page)
    stop = card(page).get_by_role("button", name="Stop scoring")
    stop.click()
    dialog = page.get_by_role("dialog", name="Stop scoring this file?")
    expect(dialog).to_contain_text("Rows that were scored so far stay stored and can be downloaded.")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(stop).to_be_focused()
    stop.click()
    dialog.get_by_role("button", name="Stop scoring").click()
    expect(card(page).locator("state-mark")).to_have_text("Cancelled", timeout=30_000)
    expect(card(page)).to_contain_text("What was scored so far is kept.")
    expect(stop).to_be_hidden()
    expect(page.get_by_role("link", name="Upload another file")).to_be_visible()


def test_going_on_asks_the_service_nothing(page: Page) -> None:
    open_job(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "cancel" in request.url else None)
    card(page).get_by_role("button", name="Stop scoring").click()
    page.get_by_role("dialog").get_by_role("button", name="Go on scoring").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert asked == []


def test_a_job_that_ends_while_a_person_decides_closes_the_question(page: Page) -> None:
    open_job(page)
    card(page).get_by_role("button", name="Stop scoring").click()
    answer_job(page, state="done", rows_done=600_000, **FINISHED)
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(card(page).locator("state-mark")).to_have_text("Done")


@pytest.mark.parametrize(
    ("changes", "words", "links"),
    [
        ({"state": "queued", "rows_done": 0, "rows_per_second": None, "seconds_left": None},
         ["Waiting to start", "It starts by itself."], []),
        ({"state": "done", "rows_done": 600_000, **FINISHED}, ["Done", "600,000 rows done"],
         ["Download the results", "Customers ranked by value at risk", "Upload another file",
          "Download the rows to correct"]),
        ({"state": "failed", "reason": "The file was damaged on the server's disk.", **FINISHED},
         ["Failed", "The file was damaged on the server's disk.", "Upload the file again"],
         ["Download the results", "Customers ranked by value at risk", "Upload another file",
          "Download the rows to correct"]),
        ({"state": "interrupted", "reason": "The server stopped."},
         ["Interrupted", "The server stopped.", "It goes on by itself from where it stopped."], []),
        ({"state": "cancelled", "rows_scored": 0, "rows_rejected": 0, "rejections": [], "rows_done": 0,
          "duplicate_rows": 0}, ["Cancelled", "What was scored so far is kept."], ["Upload another file"]),
    ],
    ids=["queued", "done", "failed", "interrupted", "cancelled"],
)  # fmt: skip
def test_every_state_says_why_and_what_next(
    page: Page, changes: dict[str, Any], words: list[str], links: list[str]
) -> None:
    open_job(page, **changes)
    for said in words:
        assert said in visible_text(card(page))
    expect(card(page).get_by_role("link")).to_have_text(links)


@pytest.mark.parametrize("job", ["01a1fc40-6e05-778e-a8c4-000000000000", "no such thing"])
def test_a_job_that_is_not_there_leads_back(page: Page, watch: Watch, job: str) -> None:
    for announced in ("status of 404", "status of 422"):
        watch.expect(announced)
    page.goto(f"/batch.html?job={job}")
    expect(page.get_by_role("heading", name="This file is not here")).to_be_focused()
    page.get_by_role("link", name="All batch files").click()
    expect(page.get_by_role("heading", name="Earlier files")).to_be_visible()


def test_earlier_files_are_listed_and_more_are_shown_on_demand(page: Page) -> None:
    jobs = [a_job(id=f"{place:032d}", file_name=f"file-{place}.csv", state="done", **FINISHED) for place in range(12)]
    answer_list(page, jobs, following="c")
    open_batch(page)
    listed = page.get_by_role("region", name="Earlier files")
    expect(listed.get_by_role("listitem")).to_have_count(10)
    first = visible_text(listed.get_by_role("listitem").first)
    assert first.startswith("file-0.csv Done 599,990 rows scored, 10 to correct 21 Nov 2026")
    more = listed.get_by_role("button", name="Show more")
    more.click()
    expect(listed.get_by_role("link", name="file-10.csv")).to_be_focused()
    expect(listed.get_by_role("listitem")).to_have_count(12)
    expect(more).to_be_hidden()


def test_without_files_the_list_teaches(page: Page) -> None:
    intercept_file_dialogs(page)
    answer_list(page, [])
    open_batch(page)
    expect(page.get_by_text("No file has been uploaded yet.")).to_be_visible()
    with page.expect_file_chooser():
        page.get_by_role("button", name="Choose a file", exact=True).click()


def test_a_list_that_cannot_be_read_leaves_the_first_step_usable(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    page.route("**/batch/jobs?*", lambda route: route.abort("connectionrefused"))
    open_batch(page)
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_be_visible()
    expect(page.get_by_label("CSV file")).to_be_visible()
    answer_list(page, [a_job()])
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("link", name="november.csv")).to_be_visible()
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_have_count(0)
