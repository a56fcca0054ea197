"""A log on its way: chosen, checked, sent, its report read, its users ranked; and the real answers of the service."""

import json
from typing import Any
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.batch_steps import FINISHED, JOB_ID, a_job, answer_list, slow_down_uploads
from tests.browser.conftest import Watch
from tests.browser.drawn_charts import require_library
from tests.browser.log_steps import a_preview, check_log, choose_log, lines, send_log, some_events
from tests.browser.steps import described_by, summary, visible_text
from tests.browser.stored_customers import ask
from tests.browser.stored_users import await_scores
from tests.browser.user_steps import (
    REPORT,
    a_list,
    a_log_job,
    address,
    answer,
    log_card,
    open_log,
    rows,
    some_users,
    user_card,
)

pytestmark = pytest.mark.browser

TITLE = "Users - TeleLink Customer Analytics"
REFUSED = "status of 422"


@pytest.fixture
def first_path() -> str:
    """Every test opens its own page."""
    return ""


def test_a_log_goes_from_the_disk_to_the_ranked_users(page: Page, base_url: str) -> None:
    events = some_events("way")
    del events[1]["user_id"]
    faulty = {**events[0], "ts": "yesterday"}
    odd = {**events[-1], "kind": "dance", "item_in_session": 3, "ts": "2026-10-07T08:30:00Z"}
    choose_log(page, lines([*events, events[5], faulty, odd]), "way.jsonl")
    check_log(page)
    expect(page.get_by_role("heading", name="Check how the log is read")).to_be_focused()
    preview = page.locator("log-preview")
    expect(preview.get_by_label("Read it as")).to_have_value("canonical")
    expect(preview).to_contain_text(f"Of the first {len(events) + 3} rows, {len(events) + 2} are events and 1 would be")
    send_log(page)
    expect(log_card(page).get_by_role("heading", name="way.jsonl")).to_be_focused()
    expect(log_card(page).locator("state-mark")).to_have_text("Done", timeout=30_000)
    shown = visible_text(log_card(page))
    assert f"Stored as new events {len(events) + 1} " in shown
    assert "Stored before, left out 1 " in shown
    assert "To correct 1 " in shown
    assert "1 event of this log came without a user id: its session says whose it is." in shown
    assert "dance 1" in shown
    expect(page).to_have_title(f"Done: way.jsonl - {TITLE}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the rows to correct").click()
    assert "yesterday" in download.value.path().read_text(encoding="utf-8")
    page.get_by_role("link", name="Users at risk").last.click()
    page.goto("/users.html?q=way-")
    expect(rows(page)).to_have_count(2)
    page.goto(f"/batch.html?job={ask(base_url, 'GET', '/batch/jobs?limit=1')['jobs'][0]['id']}")
    expect(log_card(page).get_by_role("heading", name="way.jsonl")).to_be_visible()


def test_the_example_log_of_the_page_is_one(page: Page) -> None:
    page.goto("/users.html?view=load")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download an example log").click()
    choose_log(page, download.value.path().read_bytes(), "example.jsonl")
    check_log(page)
    expect(page.locator("log-preview")).to_contain_text("All of the first 8 rows are events.")


def test_stored_events_give_the_list_the_answer_the_weeks_and_the_erasure(page: Page, base_url: str) -> None:
    require_library()
    ask(base_url, "POST", "/update_user_events", some_events("live"))
    await_scores(base_url)
    page.goto("/users.html?q=live-")
    expect(rows(page)).to_have_count(2)
    ranked = ask(base_url, "GET", "/users?q=live-")["users"]
    assert rows(page).get_by_role("link").all_inner_texts() == [user["user_id"] for user in ranked]
    assert rows(page).locator("tier-mark").all_inner_texts() == [user["tier"] for user in ranked]
    rows(page).get_by_role("link").first.click()

    path = f"/users/{ranked[0]['user_id']}"
    churn, timeline = ask(base_url, "GET", f"{path}/churn"), ask(base_url, "GET", f"{path}/timeline")
    expect(user_card(page)).to_contain_text(churn["recommendation"])
    shown = visible_text(user_card(page))
    assert " ".join(churn["message"].split()) in shown
    assert all(reason["text"] in shown for reason in churn["reasons"])
    beside, _, above = timeline["message"].partition(f" {timeline['charts'][0]['title']}")
    expect(page.locator("#timeline-message")).to_have_text(beside)
    assert above == ""
    drawn = page.locator("#charts").get_by_role("img")
    expect(drawn).to_have_count(len(timeline["charts"]))
    names = [f"{chart['name']}. {chart['title']}" for chart in timeline["charts"]]
    assert [image.get_attribute("aria-label") for image in drawn.all()] == names
    expect(page.locator("#events-table tbody tr")).to_have_count(20)
    page.get_by_role("button", name="Show earlier events").click()
    expect(page.locator("#events-table tbody tr")).to_have_count(21)

    page.get_by_role("button", name="Erase…").click()
    page.get_by_role("button", name="Erase this user").click()
    expect(page.locator("#done-notice")).to_have_text(f"User {ranked[0]['user_id']} is erased.")
    with pytest.raises(HTTPError, match="404"):
        ask(base_url, "GET", f"{path}/churn")


def test_an_unknown_day_is_answered_in_the_services_words(page: Page, base_url: str, watch: Watch) -> None:
    watch.expect(REFUSED)
    ask(base_url, "POST", "/update_user_events", some_events("day"))
    with page.expect_response("**/churn?*") as told:
        page.goto(f"{address('day-1')}&as_of=soon")
    expect(summary(page).get_by_role("link")).to_have_text([told.value.json()["errors"][0]["message"]])


def test_nothing_chosen_is_said(page: Page) -> None:
    page.goto("/users.html?view=load")
    check_log(page)
    expect(summary(page).get_by_role("link")).to_have_text(["Choose a log of events"])
    assert described_by(page.get_by_label("Log of events")).endswith("Error: Choose a log of events")
    summary(page).get_by_role("link").click()
    expect(page.get_by_label("Log of events")).to_be_focused()


@pytest.mark.parametrize("content", ["PK\x03\x04 workbook", "[1, 2]", ""], ids=["workbook", "array", "empty"])
def test_a_file_that_is_no_log_gets_the_services_sentence(page: Page, watch: Watch, content: str) -> None:
    watch.expect(REFUSED)
    watch.expect("status of 415")
    choose_log(page, content, "odd.jsonl")
    with page.expect_response("**/batch/event-preview?*") as told:
        check_log(page)
    problem = told.value.json()
    message = (problem.get("errors") or [{"message": problem["detail"]}])[0]["message"]
    expect(summary(page)).to_be_focused()
    expect(summary(page).get_by_role("link")).to_have_text([message])
    expect(page.get_by_role("heading", name="Choose a log")).to_be_visible()


def test_a_reading_that_does_not_fit_names_the_columns_it_needs(page: Page) -> None:
    choose_log(page, lines(some_events("fit")), "fit.jsonl")
    check_log(page)
    preview = page.locator("log-preview")
    preview.get_by_label("Read it as").select_option("a music service's log")
    expect(preview.get_by_role("status")).to_contain_text("that it does not have: page")
    expect(preview.get_by_label("Read it as")).to_have_value("music")


def test_own_columns_are_chosen_tried_and_sent(page: Page) -> None:
    unknown = a_preview(adapter=None, kinds=[], trial=None)
    unknown["columns"] = [{**column, "field": None} for column in unknown["columns"]]
    asked: list[dict[str, str]] = []

    def preview(query: dict[str, str]) -> dict[str, Any]:
        asked.append(query)
        return a_preview(adapter=None) if "mapping" in query else unknown

    answer(page, "**/batch/event-preview?*", preview)
    choose_log(page, "{}\n", "own.jsonl")
    check_log(page)
    form = page.locator("log-preview")
    expect(form.get_by_label("Read it as")).to_have_value("own")
    expect(form).to_contain_text("Choose the columns that say when each event happened and what happened.")
    form.get_by_label("When it happened", exact=True).select_option("ts")
    expect(form.get_by_label("Times are written as")).to_have_value("ms")
    form.get_by_label("What happened", exact=True).select_option("page")
    expect(form.get_by_label("Roll Advert is read as")).to_have_value("")
    form.get_by_label("Roll Advert is read as").select_option("advert")
    with page.expect_response(lambda answered: "userId" in answered.url and "advert" in answered.url):
        form.get_by_label("User id", exact=True).select_option("userId")
    mapping = {"columns": {"ts": "ts", "user_id": "userId", "kind": "page"}, "ts_unit": "ms",
               "kinds": {"NextSong": "play", "Roll Advert": "advert"}}  # fmt: skip
    assert json.loads(asked[-1]["mapping"]) == mapping

    stored: list[Any] = []

    def store(route: Route) -> None:
        stored.append(route.request.post_data_json)
        route.fulfill(json={"id": "m-1"}, status=201)

    page.route("**/batch/event-mappings", store)
    answer(page, "**/batch/event-jobs?*", a_log_job(), status=201)
    answer(page, "**/batch/jobs/*", a_log_job())
    with page.expect_request("**/batch/event-jobs?*") as sent:
        send_log(page)
    assert stored == [mapping]
    assert "mapping=m-1&file_name=own.jsonl" in sent.value.url


def test_an_upload_that_is_cancelled_leaves_the_log_where_it_was(page: Page) -> None:
    answer(page, "**/batch/event-preview?*", a_preview())
    choose_log(page, lines(some_events("slow")) * 40)
    check_log(page)
    slow_down_uploads(page, 20_000)
    send_log(page)
    expect(page.get_by_role("heading", name="Uploading log.jsonl")).to_be_focused()
    page.get_by_role("button", name="Cancel the upload").click()
    expect(page.get_by_role("heading", name="Check how the log is read")).to_be_focused()
    expect(page.locator("#live-region")).to_have_text("The upload was cancelled. Nothing was stored.")
    expect(page.locator("log-preview")).to_contain_text("log.jsonl")


def test_the_report_counts_every_row_and_every_event_without_a_user(page: Page) -> None:
    open_log(page, state="done", rows_done=600_000, events=REPORT, **FINISHED)
    shown = visible_text(log_card(page))
    for told in (
        "Stored as new events 590,000 98 %",
        "Stored before, left out 9,988 2 %",
        "225 users have new events and are scored again.",
        "8,346 events of this log came without a user id: 8,060 of them could be given",
        "Its session names no user at all 274",
        "roll advert <b> 3,933",
        "Enter when the event was 12",
    ):
        assert told in shown
    errors = page.get_by_role("link", name="Download the rows to correct")
    expect(errors).to_have_attribute("href", f"/batch/jobs/{JOB_ID}/errors.csv")


def test_a_log_being_read_shows_progress_and_can_be_stopped(page: Page) -> None:
    open_log(page, events={**a_log_job()["events"], "users": None})
    expect(log_card(page)).to_contain_text("600,000 of about 1,200,000 rows (50 %)")
    expect(log_card(page)).to_contain_text("Counted when the whole log is read")
    expect(page).to_have_title(f"50 %: november.jsonl - {TITLE}")
    stopped: list[str] = []

    def stop(route: Route) -> None:
        stopped.append(route.request.method)
        route.fulfill(status=202, json=a_log_job())

    page.route("**/cancel", stop)
    page.get_by_role("button", name="Stop reading").click()
    expect(page.get_by_role("dialog")).to_contain_text("Stop reading this log?")
    page.get_by_role("dialog").get_by_role("button", name="Stop reading").click()
    answer(page, "**/batch/jobs/*", a_log_job(state="cancelled", **FINISHED))
    expect(log_card(page)).to_contain_text("nothing is stored twice")
    assert stopped == ["POST"]
    answer(page, "**/users?*", a_list(*some_users(2)))
    log_card(page).get_by_role("link", name="Users at risk").click()
    expect(rows(page)).to_have_count(2)


def test_a_log_among_the_batch_files_leads_to_its_report(page: Page, base_url: str) -> None:
    answer_list(page, [a_log_job(state="done", **FINISHED), a_job()])
    answer(page, "**/batch/jobs/*", a_log_job())
    page.goto("/batch.html")
    row = page.locator("job-list li").first
    expect(row).to_contain_text("590,000 events stored, 12 to correct")
    row.get_by_role("link", name="november.jsonl").click()
    expect(page).to_have_url(f"{base_url}/users.html?job={JOB_ID}")
    expect(log_card(page)).to_contain_text("Stored as new events")


def test_a_log_that_is_not_there_leads_on(page: Page, watch: Watch) -> None:
    watch.expect("status of 4")
    page.goto("/users.html?job=none")
    expect(page.get_by_role("heading", name="This log is not here")).to_be_focused()
    page.locator("#missing-step").get_by_role("link", name="Load a log").click()
    expect(page.get_by_role("heading", name="Choose a log")).to_be_visible()
