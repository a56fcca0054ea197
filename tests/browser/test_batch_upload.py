"""A marketer's file on its way: chosen, checked, sent, scored, downloaded, corrected and sent again."""

import csv
import io
import re

import pytest
from playwright.sync_api import Page, Request, Route, expect

from app.telecom.features import FIELDS
from tests.browser.batch_steps import (
    card,
    check,
    choose,
    choose_and_check,
    csv_text,
    customers,
    downloaded,
    forecast,
    open_batch,
    score,
    slow_down_uploads,
    upload,
)
from tests.browser.conftest import Watch
from tests.browser.steps import described_by, summary, visible_text

pytestmark = pytest.mark.browser

REFUSED = "status of 422"
TITLE = "Batch files - TeleLink Customer Analytics"
CLASSIC_NAMES = {field.alias: field.column for field in FIELDS}


def test_every_customer_is_scored_and_the_results_can_be_downloaded(page: Page) -> None:
    open_batch(page)
    rows = [{**row, "Segment": "gold"} for row in customers(3, "done")]
    score(page, csv_text(rows), "november.csv")
    expect(page).to_have_title(f"Done: november.csv - {TITLE}")
    expect(card(page)).to_contain_text("3 rows done")
    expect(card(page)).to_contain_text("None: every row was scored.")
    name, results = downloaded(page, "Download the results")
    assert name.startswith("november")
    assert [row["customerId"] for row in results] == ["done-1", "done-2", "done-3"]
    assert {row["Segment"] for row in results} == {"gold"}
    assert all(0 < float(row["churn_probability"]) < 1 for row in results)
    expect(page.get_by_role("link", name="Customers ranked by value at risk")).to_have_attribute(
        "href", "/customers.html"
    )


def test_nothing_chosen_is_said(page: Page) -> None:
    open_batch(page)
    check(page)
    expect(summary(page).get_by_role("link")).to_have_text(["Choose a CSV file"])
    expect(page).to_have_title(f"Error: {TITLE}")
    assert described_by(page.get_by_label("CSV file")).endswith("Error: Choose a CSV file")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("CSV file")).to_be_focused()


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"PK\x03\x04[Content_Types].xml xl/workbook.xml", "book.xlsx"), (b"", "empty.csv")],
    ids=["workbook", "empty"],
)
def test_a_file_that_is_no_csv_gets_the_servers_sentence(page: Page, watch: Watch, content: bytes, name: str) -> None:
    watch.expect(REFUSED)
    open_batch(page)
    choose(page, content, name)
    with page.expect_response("**/batch/preview?*") as answer:
        check(page)
    detail = answer.value.json()["detail"]
    assert "CSV" in detail or "empty" in detail
    expect(summary(page)).to_be_focused()
    expect(summary(page).get_by_role("link")).to_have_text([detail])
    assert described_by(page.get_by_label("CSV file")).endswith(detail)
    choose(page, csv_text(customers(1, "better")))
    expect(page.locator(".field-error")).to_have_count(0)
    check(page)
    expect(page.get_by_role("heading", name="Check the columns")).to_be_focused()
    expect(summary(page)).to_have_count(0)


def test_a_file_that_is_too_large_gets_the_servers_sentence(page: Page, watch: Watch) -> None:
    watch.expect("status of 413")
    open_batch(page)
    choose_and_check(page, csv_text(customers(1, "large")))
    sentence = "The file is larger than 500 MB: split it and upload the parts."
    page.route("**/batch/jobs?mapping_id*", lambda route: route.fulfill(status=413, json={"detail": sentence}))
    upload(page)
    expect(summary(page).get_by_role("listitem")).to_have_text([sentence])
    expect(page.get_by_role("heading", name="Check the columns")).to_be_visible()


def test_the_columns_are_shown_with_what_was_found_and_what_is_not_used(page: Page) -> None:
    open_batch(page)
    renamed = [{CLASSIC_NAMES.get(name, name): value for name, value in row.items()} for row in customers(2, "found")]
    choose_and_check(page, csv_text({**row, "Shoe size": "42"} for row in renamed), "found.csv")
    expect(page.get_by_label("Day calls", exact=True)).to_have_value("Total day calls")
    assert described_by(page.get_by_label("Day calls", exact=True)).startswith("110, 110 matched by")
    expect(forecast(page).get_by_role("listitem").filter(has_text="Shoe size")).to_be_visible()
    words = visible_text(forecast(page))
    for said in (
        "found.csv",
        "2 rows",
        "UTF-8, values separated by commas",
        "All of the first 2 rows would be scored.",
    ):
        assert said in words
    sample = page.get_by_role("region", name="First rows of the file")
    expect(sample.get_by_role("columnheader")).to_have_text(list({**renamed[0], "Shoe size": ""}))
    expect(sample.get_by_role("cell", name="found-2", exact=True)).to_be_visible()


def test_a_changed_mapping_is_tried_and_used(page: Page) -> None:
    open_batch(page)
    rows = [{**row, "New state": state} for row, state in zip(customers(2, "moved"), ("OH", "ZZ"), strict=True)]
    choose_and_check(page, csv_text(rows))
    page.get_by_label("State", exact=True).select_option("New state")
    assert "chosen by you" in described_by(page.get_by_label("State", exact=True))
    expect(forecast(page)).to_contain_text("1 would be scored and 1 would be reported")
    expect(forecast(page).locator(".column-names")).to_have_text("state")
    upload(page)
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=60_000)
    expect(card(page)).to_contain_text("1 row could not be scored: correct it in this file and upload it again.")
    page.get_by_text("Columns and models used").click()
    expect(card(page).locator("dl")).to_contain_text("New state")


def test_a_missing_column_is_asked_for_on_submit_and_nothing_is_sent(page: Page, watch: Watch) -> None:
    watch.expect(REFUSED)
    open_batch(page)
    choose_and_check(page, csv_text(customers(2, "gap")))
    page.get_by_label("Area code", exact=True).select_option("Choose a column")
    expect(forecast(page)).to_contain_text("Nothing could be scored yet: 1 needed fact has no column.")
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if "/batch/jobs?mapping_id" in request.url else None)
    upload(page)
    expect(summary(page)).to_be_focused()
    link = summary(page).get_by_role("link")
    expect(link).to_have_text(["Choose the column that holds the area code"])
    expect(page).to_have_title(f"Error: Check the columns - {TITLE}")
    link.click()
    expect(page.get_by_label("Area code", exact=True)).to_be_focused()
    assert described_by(page.get_by_label("Area code", exact=True)).endswith(link.inner_text())
    expect(page.get_by_label("State", exact=True)).to_have_value("state")
    assert sent == []
    page.get_by_label("Area code", exact=True).select_option("areaCode")
    upload(page)
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=60_000)


def test_without_ids_and_minutes_the_page_says_what_that_means(page: Page) -> None:
    open_batch(page)
    minutes = {field.alias for field in FIELDS if field.kind == "amount"}
    bare = [{k: v for k, v in row.items() if k not in minutes | {"customerId"}} for row in customers(2, "bare")]
    choose_and_check(page, csv_text(bare))
    expect(forecast(page)).to_contain_text("Customers will be scored but not added to the customer list.")
    expect(forecast(page)).to_contain_text("The core model answers")
    upload(page)
    expect(card(page)).to_contain_text("2 rows without a customer id: scored, but not added", timeout=60_000)


def test_a_file_read_wrongly_can_be_read_differently(page: Page) -> None:
    open_batch(page)
    choose_and_check(page, csv_text(customers(2, "again")).replace(",", ";"))
    expect(forecast(page)).to_contain_text("semicolons")
    page.get_by_text("Read it differently").click()
    page.get_by_label("First row", exact=True).select_option("is already a customer")
    page.get_by_role("button", name="Read again").click()
    expect(forecast(page)).to_contain_text("without column names")


def test_the_rows_to_correct_are_corrected_and_uploaded_again(page: Page) -> None:
    open_batch(page)
    rows = customers(3, "twice")
    rows[1]["state"] = ""
    rows[2]["accountLength"] = "900"
    score(page, csv_text(rows), "twice.csv")
    expect(card(page)).to_contain_text("2 rows could not be scored: correct them in this file and upload it again.")
    reasons = card(page).get_by_role("table").get_by_role("row")
    expect(reasons.filter(has_text="Enter the state")).to_contain_text("1")
    name, faulty = downloaded(page, "Download the rows to correct")
    assert {row["telelink_reason"] for row in faulty} >= {"Enter the state"}
    for row in faulty:
        row.update(state="OH", accountLength="90")
    page.get_by_role("link", name="Upload another file").click()
    choose_and_check(page, csv_text(faulty), name)
    expect(forecast(page).locator(".column-names")).to_contain_text("telelink_reason")
    upload(page)
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=60_000)
    expect(card(page)).to_contain_text("2 rows done")
    expect(card(page)).to_contain_text("None: every row was scored.")


def test_the_example_file_has_our_header_and_can_be_uploaded(page: Page) -> None:
    open_batch(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download an example file").click()
    content = download.value.path().read_bytes()
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    assert header == ["customerId", *(field.alias for field in FIELDS)]
    assert content.count(b"\r\n") == content.count(b"\n") == len(rows) + 1
    choose_and_check(page, content, download.value.suggested_filename)
    expect(forecast(page)).to_contain_text(f"All of the first {len(rows)} rows would be scored.")


def test_a_file_can_be_dropped(page: Page) -> None:
    open_batch(page)
    drop = """([name, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], name, { type: "text/csv" }));
      for (const kind of ["dragover", "drop"]) {
        const event = new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
        document.querySelector("h1").dispatchEvent(event);
        if (!event.defaultPrevented) throw new Error(`${kind} would have left the page`);
      }
    }"""
    page.evaluate(drop, ["dropped.csv", csv_text(customers(1, "dropped"))])
    expect(page.locator("file-drop")).to_contain_text("dropped.csv")
    expect(page.get_by_label("CSV file")).to_be_focused()
    check(page)
    expect(forecast(page)).to_contain_text("dropped.csv")


def test_an_upload_shows_how_far_it_is_and_can_be_cancelled_and_started_again(page: Page) -> None:
    open_batch(page)
    choose_and_check(page, csv_text(customers(20_000, "stopped")))
    slow_down_uploads(page, 200_000)
    upload(page)
    expect(page.get_by_role("heading", name="Uploading customers.csv")).to_be_focused()
    expect(page.locator("progress-meter:visible")).to_have_text(re.compile(r"[1-9]\d*\sKB of 1\.\d+\sMB sent \([1-9]"))
    assert 0 < page.get_by_role("progressbar", name="File sent").evaluate("(bar) => bar.position") < 1
    page.get_by_role("button", name="Cancel the upload").click()
    expect(page.get_by_role("heading", name="Check the columns")).to_be_focused()
    expect(page.locator("#live-region")).to_have_text("The upload was cancelled. Nothing was stored.")
    expect(summary(page)).to_have_count(0)
    slow_down_uploads(page, 0)
    upload(page)
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=60_000)


def test_leaving_during_an_upload_asks_first(page: Page) -> None:
    open_batch(page)
    choose_and_check(page, csv_text(customers(5_000, "leave")))
    slow_down_uploads(page, 20_000)
    upload(page)
    expect(page.get_by_role("button", name="Cancel the upload")).to_be_visible()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Cancel the upload").click()
    expect(page.get_by_role("heading", name="Check the columns")).to_be_focused()


def test_a_retry_after_a_lost_connection_makes_no_second_job(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_RESET")
    open_batch(page)
    choose_and_check(page, csv_text(customers(1, "once")), "once.csv")
    keys: list[str | None] = []

    def lose_the_answer(route: Route) -> None:
        keys.append(route.request.header_value("Idempotency-Key"))
        if len(keys) == 1:
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/batch/jobs?mapping_id*", lose_the_answer)
    upload(page)
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_be_focused()
    page.get_by_role("button", name="Retry").click()
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=60_000)
    assert keys[0] is not None
    assert keys == [keys[0]] * 2
    page.get_by_role("link", name="All batch files").click()
    expect(page.get_by_role("link", name="once.csv")).to_have_count(1)
