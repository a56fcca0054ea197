"""Reasons in the results of a file: asked for on the page, found in the file."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.batch_steps import (
    card,
    choose_and_check,
    csv_text,
    customers,
    downloaded,
    forecast,
    open_batch,
    score,
    upload,
)
from tests.browser.steps import described_by
from tests.browser.stored_customers import RISKY

pytestmark = pytest.mark.browser


def test_reasons_stand_in_the_results_when_asked_for(page: Page) -> None:
    open_batch(page)
    choose_and_check(page, csv_text(customers(2, "why", **RISKY)))
    box = page.get_by_role("checkbox", name="Add the top three reasons")
    expect(box).not_to_be_checked()
    assert described_by(box).endswith("Scoring takes longer.")
    box.check()
    with page.expect_request("**/batch/jobs?mapping_id*") as sent:
        upload(page)
    assert "reasons=true" in sent.value.url
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=60_000)
    expect(card(page)).to_contain_text("see the reasons column")
    _, results = downloaded(page, "Download the results")
    assert {row["churn_risk"] for row in results} == {"High"}
    assert all("customer service calls" in row["reasons"].lower() for row in results)


def test_the_wish_for_reasons_outlives_reading_the_file_again(page: Page) -> None:
    open_batch(page)
    choose_and_check(page, csv_text(customers(1, "wish")))
    page.get_by_role("checkbox", name="Add the top three reasons").check()
    page.get_by_text("Read it differently").click()
    page.get_by_label("Values are separated by").select_option("semicolons")
    page.get_by_role("button", name="Read again").click()
    expect(forecast(page)).to_contain_text("values separated by semicolons")
    expect(page.get_by_role("checkbox", name="Add the top three reasons")).to_be_checked()


def test_nobody_who_did_not_ask_for_reasons_waits_for_them(page: Page) -> None:
    open_batch(page)
    with page.expect_request("**/batch/jobs?mapping_id*") as sent:
        score(page, csv_text(customers(1, "plain", **RISKY)))
    assert "reasons" not in sent.value.url
    _, results = downloaded(page, "Download the results")
    assert "reasons" not in results[0]
    assert {"segment", "persona"} <= results[0].keys()
