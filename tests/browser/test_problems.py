"""What a person reads when the form is wrong, the service is down or not ready."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.steps import (
    CORE,
    analyse,
    card,
    described_by,
    field,
    fill_core,
    fill_minutes,
    summary,
    visible_text,
)

pytestmark = pytest.mark.browser

REFUSED = "status of 422"
TITLE = "Analyse a customer - TeleLink Customer Analytics"


def test_an_empty_form_names_every_needed_field_in_the_words_of_the_service(page: Page, watch: Watch) -> None:
    watch.expect(REFUSED)
    answer = analyse(page)
    assert answer.status == 422
    said = [error["message"] for error in answer.json()["errors"]]
    links = summary(page).get_by_role("link")
    expect(links).to_have_count(11)
    assert sorted(links.all_inner_texts()) == sorted(said)
    assert links.first.inner_text() == "Enter the account length"
    assert page.locator(".field-error-text").all_inner_texts() == links.all_inner_texts()
    expect(summary(page)).to_be_focused()
    expect(page).to_have_title(f"Error: {TITLE}")
    assert page.locator("main").evaluate("(main) => main.firstElementChild.localName") == "error-summary"


@pytest.mark.parametrize(
    ("label", "typed", "sentence"),
    [
        ("Account length", "", "Enter the account length"),
        ("Account length", "900", "Account length must be between 0 and 600 months"),
        ("Account length", "-1", "Account length must be between 0 and 600 months"),
        ("Account length", "12.5", "Account length must be a whole number"),
        ("Day calls", "many", "Day calls must be a number"),
        ("Area code", "41", "Area code must be three digits"),
    ],
)
def test_a_wrong_field_is_named_beside_it_and_keeps_its_text(
    page: Page, watch: Watch, label: str, typed: str, sentence: str
) -> None:
    watch.expect(REFUSED)
    fill_core(page)
    control = field(page, label)
    control.fill(typed)
    analyse(page)
    expect(summary(page).get_by_role("link")).to_have_text([sentence])
    assert control.input_value() == typed
    expect(control).to_have_attribute("aria-invalid", "true")
    assert described_by(control).endswith(f"| Error: {sentence}")

    summary(page).get_by_role("link").click()
    expect(control).to_be_focused()
    expect(control).to_be_in_viewport()


def test_a_radio_group_is_named_and_its_link_reaches_it(page: Page, watch: Watch) -> None:
    watch.expect(REFUSED)
    fill_core(page)
    page.reload()
    for label, text in CORE.items():
        field(page, label).fill(text)
    page.get_by_label("State", exact=True).select_option("KS")
    analyse(page)
    group = page.get_by_role("radiogroup", name="International plan")
    expect(group).to_have_attribute("aria-invalid", "true")
    assert described_by(group) == "Error: Enter the international plan"
    summary(page).get_by_role("link", name="Enter the international plan").click()
    expect(group.get_by_role("radio", name="Yes")).to_be_focused()


def test_some_minutes_ask_for_the_others(page: Page, watch: Watch) -> None:
    watch.expect(REFUSED)
    fill_core(page)
    field(page, "Day minutes").fill("265.1")
    analyse(page)
    expect(summary(page).get_by_role("link")).to_have_text(
        [
            f"Enter the {which} minutes too, or leave all four minutes empty"
            for which in ("evening", "night", "international")
        ]
    )
    assert field(page, "Day minutes").input_value() == "265.1"


def test_minutes_that_are_no_number_are_named(page: Page, watch: Watch) -> None:
    watch.expect(REFUSED)
    fill_core(page)
    fill_minutes(page)
    field(page, "Evening minutes").fill("a lot")
    analyse(page)
    expect(summary(page).get_by_role("link")).to_have_text(["Evening minutes must be a number"])


def test_a_customer_id_with_a_space_is_named(page: Page, watch: Watch) -> None:
    watch.expect(REFUSED)
    fill_core(page)
    page.get_by_label("Customer id").fill("two words")
    answer = analyse(page)
    expect(summary(page).get_by_role("link")).to_have_text([answer.json()["errors"][0]["message"]])
    assert page.get_by_label("Customer id").input_value() == "two words"


def test_correcting_the_field_clears_every_trace_of_the_problem(page: Page, watch: Watch) -> None:
    watch.expect(REFUSED)
    fill_core(page)
    field(page, "Account length").fill("900")
    analyse(page)
    expect(summary(page)).to_be_visible()
    field(page, "Account length").fill("90")
    analyse(page)
    expect(card(page)).to_contain_text("likely to leave")
    expect(summary(page)).to_have_count(0)
    expect(page.locator(".field-error")).to_have_count(0)
    expect(page).to_have_title(TITLE)
    assert described_by(field(page, "Account length")) == "0 to 600 months"
    assert field(page, "Account length").get_attribute("aria-invalid") is None


def test_a_problem_takes_the_previous_answer_away(page: Page, watch: Watch) -> None:
    watch.expect(REFUSED)
    fill_core(page)
    analyse(page)
    expect(card(page)).to_be_visible()
    field(page, "Account length").fill("900")
    analyse(page)
    expect(summary(page)).to_be_visible()
    expect(card(page)).to_be_hidden()


def test_a_problem_with_the_whole_request_is_said_without_a_link(page: Page, watch: Watch) -> None:
    watch.expect(REFUSED)
    page.route("**/predict", lambda route: route.fulfill(status=422, json={"detail": "Send one customer"}))
    analyse(page)
    expect(summary(page).get_by_role("listitem")).to_have_text(["Send one customer"])
    expect(summary(page).get_by_role("link")).to_have_count(0)


def test_when_the_server_is_down_the_values_stay_and_retry_works(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    page.route("**/predict", lambda route: route.abort("connectionrefused"))
    fill_core(page)
    page.get_by_role("button", name="Analyze customer").click()
    heading = page.get_by_role("heading", name="The server cannot be reached")
    expect(heading).to_be_focused()
    expect(page).to_have_title(f"Error: {TITLE}")
    expect(page.locator("status-notice")).to_contain_text("What you typed is still here.")
    for label, text in CORE.items():
        assert field(page, label).input_value() == text

    page.unroute("**/predict")
    page.get_by_role("button", name="Retry").click()
    expect(card(page)).to_contain_text("likely to leave")
    expect(heading).to_have_count(0)
    expect(page).to_have_title(TITLE)


def test_when_the_service_is_not_ready_it_says_when_to_come_back(page: Page, watch: Watch) -> None:
    watch.expect("status of 503")
    page.route(
        "**/predict",
        lambda route: route.fulfill(
            status=503, headers={"Retry-After": "5"}, json={"detail": "The database is locked by another program."}
        ),
    )
    fill_core(page)
    analyse(page)
    notice = page.locator("status-notice")
    expect(page.get_by_role("heading", name="The service is not ready")).to_be_focused()
    assert "The database is locked by another program." in visible_text(notice)
    assert "Try again in 5 seconds." in visible_text(notice)
    assert field(page, "Account length").input_value() == "128"
    page.unroute("**/predict")
    notice.get_by_role("button", name="Retry").click()
    expect(card(page)).to_contain_text("likely to leave")


def test_a_failing_server_gives_an_id_to_quote(page: Page, watch: Watch) -> None:
    watch.expect("status of 500")
    page.route(
        "**/predict",
        lambda route: route.fulfill(
            status=500, headers={"X-Request-ID": "r-500"}, json={"detail": "The server made a mistake."}
        ),
    )
    fill_core(page)
    analyse(page)
    expect(page.get_by_role("heading", name="There is no answer")).to_be_focused()
    expect(page.locator("status-notice")).to_contain_text("The server made a mistake.")
    expect(page.locator("status-notice")).to_contain_text("r-500")


def test_an_answer_of_another_shape_is_not_shown_half(page: Page, watch: Watch) -> None:
    watch.expect("TypeError")
    page.route("**/predict", lambda route: route.fulfill(status=200, json={"churn_probability": 0.2}))
    fill_core(page)
    analyse(page)
    expect(page.get_by_role("heading", name="There is no answer")).to_be_focused()
    expect(card(page)).to_be_hidden()
