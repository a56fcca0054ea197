"""One customer's page: the stored answer, the profile in words, the history as a line and as a table."""

import pytest
from playwright.sync_api import Locator, Page, expect

from app.telecom.features import FIELDS
from app.telecom.policy import TIER_CUT_POINTS
from tests.browser.conftest import Watch
from tests.browser.steps import analyse, card, fill_core, visible_text
from tests.browser.stored_customers import address, store, store_history
from tests.factories import a_core_customer, a_customer
from tests.sealed import VERSION_OF

pytestmark = pytest.mark.browser


def chart(page: Page) -> Locator:
    return page.locator("probability-history svg")


def history_rows(page: Page) -> Locator:
    return page.locator("prediction-table tbody tr")


def shown_percent(probability: float) -> str:
    return "< 1 %" if probability < 0.01 else "> 99 %" if probability > 0.99 else f"{int(probability * 100 + 0.5)} %"


def open_history(page: Page, base_url: str, customer_id: str) -> list[dict[str, object]]:
    answers = store_history(base_url, customer_id)
    page.goto(address(customer_id))
    expect(history_rows(page)).to_have_count(len(answers))
    return answers


def test_the_analyse_page_leads_to_the_customer(page: Page) -> None:
    fill_core(page)
    page.get_by_label("Customer id").fill("from-form-1")
    analyse(page)
    card(page).get_by_role("link", name="Profile and history of this customer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customer from-form-1")
    expect(page).to_have_title("Customer from-form-1 - TeleLink Customer Analytics")


def test_without_an_id_there_is_no_link(page: Page) -> None:
    fill_core(page)
    analyse(page)
    expect(card(page).locator("[data-slot=customer-link]")).to_be_hidden()


def test_the_card_is_the_stored_answer(page: Page, base_url: str) -> None:
    (answer,) = store(base_url, a_customer(customerId="card-1"))
    page.goto(address("card-1"))
    stored = page.locator("#stored-card")
    expect(stored.get_by_role("heading", name="Latest answer")).to_be_visible()
    shown = visible_text(stored)
    for part in (f"{answer['churn_risk']} risk", answer["recommendation"], answer["prediction_id"]):
        assert part in shown
    assert f"{shown_percent(answer['churn_probability'])} likely to leave" in shown


def test_the_profile_has_every_field_with_its_label_and_unit(page: Page, base_url: str) -> None:
    store(base_url, a_customer(customerId="profile-1", totalDayCalls=1110))
    page.goto(address("profile-1"))
    terms = page.locator("profile-list dt")
    expect(terms).to_have_count(len(FIELDS))
    assert terms.all_inner_texts() == [spec.label for spec in FIELDS]
    words = dict(zip(terms.all_inner_texts(), page.locator("profile-list dd").all_inner_texts(), strict=True))
    assert words["Account length"] == "128 months"
    assert words["State"] == "KS - Kansas"
    assert words["International plan"] == "No"
    assert words["Day calls"] == "1,110 calls a month"
    assert words["Day minutes"] == "265.1 minutes a month"


def test_minutes_that_were_not_given_are_said_so(page: Page, base_url: str) -> None:
    store(base_url, a_core_customer(customerId="profile-2"))
    page.goto(address("profile-2"))
    expect(page.locator("profile-list")).to_contain_text("not given")
    assert page.locator("profile-list dd").all_inner_texts().count("not given") == 4


def test_the_line_and_its_table_agree(page: Page, base_url: str) -> None:
    answers = open_history(page, base_url, "line-1")
    chances = [float(str(answer["churn_probability"])) for answer in answers]
    dots = chart(page).locator(".chart-dot")
    expect(dots).to_have_count(3)
    drawn = [1 - float((dot.get_attribute("cy") or "").rstrip("%")) / 100 for dot in dots.all()]
    assert drawn == pytest.approx(chances, abs=1e-3)
    across = [float((dot.get_attribute("cx") or "").rstrip("%")) for dot in dots.all()]
    assert (across[0], across[-1], across == sorted(across)) == (0, 100, True)
    told = [visible_text(row) for row in history_rows(page).all()]
    for row, answer, chance in zip(told, reversed(answers), reversed(chances), strict=True):
        assert str(answer["churn_risk"]) in row
        assert f"{shown_percent(chance)} likely" in row
        assert f"version {VERSION_OF['telecom-usage']}" in row
    tiers = [dot.get_attribute("data-tier") for dot in dots.all()]
    assert tiers == [str(answer["churn_risk"]).lower() for answer in answers]


def test_the_line_states_its_message_and_stands_on_the_tiers(page: Page, base_url: str) -> None:
    answers = open_history(page, base_url, "line-2")
    first, last = (shown_percent(float(str(answers[place]["churn_probability"]))) for place in (0, -1))
    message = visible_text(page.locator("probability-history figcaption"))
    assert message.startswith(f"The chance of leaving rose from {first} ")
    assert f" to {last} on " in message
    name = " ".join((chart(page).get_attribute("aria-label") or "").split())
    assert name == f"Line from 0 % to 100 %. {message}"
    bands = chart(page).locator(".chart-band")
    tops = {band.get_attribute("data-tier"): band.get_attribute("y") for band in bands.all()}
    low_top, medium_top = (f"{(1 - cut) * 100:.2f}%" for cut in TIER_CUT_POINTS)
    assert tops == {"low": low_top, "medium": medium_top, "high": "0.00%"}
    assert chart(page).locator(".chart-tier-word").all_text_contents() == ["Low", "Medium", "High"]


def test_one_prediction_says_that_it_is_the_only_one(page: Page, base_url: str) -> None:
    store(base_url, a_customer(customerId="line-3"))
    page.goto(address("line-3"))
    expect(page.locator("probability-history figcaption")).to_contain_text("One prediction so far")
    expect(chart(page).locator(".chart-dot")).to_have_count(1)
    expect(chart(page).locator(".chart-step")).to_have_count(0)


def test_a_long_history_is_read_page_by_page(page: Page, base_url: str) -> None:
    store(base_url, *(a_customer(customerId="long-1", totalDayCalls=calls) for calls in range(60)))
    page.goto(address("long-1"))
    expect(history_rows(page)).to_have_count(50)
    earlier = page.get_by_role("button", name="Show earlier predictions")
    earlier.click()
    expect(history_rows(page)).to_have_count(60)
    expect(chart(page).locator(".chart-dot")).to_have_count(60)
    expect(earlier).to_be_hidden()
    expect(page.get_by_role("heading", name="History")).to_be_focused()


def test_warnings_stay_in_the_history(page: Page, base_url: str) -> None:
    (answer,) = store(base_url, a_customer(customerId="warned-1", totalDayCalls=9000))
    assert answer["warnings"]
    page.goto(address("warned-1"))
    expect(history_rows(page)).to_contain_text(answer["warnings"][0]["message"])


@pytest.mark.parametrize("path", [address("nobody/at?all"), "/customer.html"], ids=["unknown", "no id"])
def test_an_unknown_customer_says_where_to_look(page: Page, watch: Watch, path: str) -> None:
    watch.expect("status of 404")
    page.goto(path)
    expect(page.get_by_role("heading", name="There is no customer with this id")).to_be_visible()
    page.get_by_role("link", name="Look in the list of customers").click()
    expect(page.get_by_role("heading", name="Customers", exact=True)).to_be_visible()


def test_a_server_that_is_down_is_named_and_asked_again(page: Page, base_url: str, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    store(base_url, a_customer(customerId="down-1"))
    page.route("**/customers/down-1", lambda route: route.abort("connectionrefused"))
    page.goto(address("down-1"))
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_be_focused()
    page.unroute_all()
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("heading", name="Latest answer")).to_be_visible()
