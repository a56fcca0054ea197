"""Why a score is what it is: the reasons in the card, value by value below, and never in the way of the score."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.explained import REASONS, an_explanation, explained
from tests.browser.steps import analyse, card, choose, field, fill_core, fill_minutes, visible_text
from tests.browser.stored_customers import address, store
from tests.factories import a_core_customer, a_customer

pytestmark = pytest.mark.browser

EXPLANATION = "**/predictions/*/explanation"
WAITING = "Working out the reasons…"


def see_example(page: Page) -> None:
    page.get_by_role("button", name="See an example answer").click()
    expect(card(page)).to_contain_text("likely to leave")


def explain_with(page: Page, **changes: object) -> None:
    """Let the service answer, and put reasons known to the test around its answer."""

    def fulfil(route: Route) -> None:
        answer = route.fetch().json()["answer"]
        route.fulfill(json=explained(answer, explanation=an_explanation(**changes)))

    page.route(EXPLANATION, fulfil)


def test_each_reason_has_a_direction_as_word_and_symbol_and_the_typical_value(page: Page) -> None:
    explain_with(page)
    see_example(page)
    shown = card(page).locator(".reason")
    expect(shown).to_have_count(len(REASONS))
    for line, (direction, *_, text) in zip(shown.all(), REASONS, strict=True):
        word = "Raises the chance" if direction == "up" else "Lowers the chance"
        assert visible_text(line) == f"{word} {text}"
        symbols = line.locator("svg:visible")
        expect(symbols).to_have_count(1)
        assert symbols.get_attribute("data-symbol") == direction


def test_the_card_gives_score_then_why_then_value_then_what_to_do(page: Page) -> None:
    see_example(page)
    expect(card(page).locator(".reason").first).to_be_visible()
    headings = card(page).get_by_role("heading", level=3).all_inner_texts()
    assert headings[:4] == ["Why", "Lifetime value", "Value at risk", "What to do"]
    top = card(page).locator(".probability").bounding_box()
    why = card(page).locator("reason-list").bounding_box()
    assert top
    assert why
    assert top["y"] < why["y"]


def test_the_reasons_on_the_page_are_the_services(page: Page) -> None:
    fill_core(page)
    fill_minutes(page)
    field(page, "Customer service calls").fill("6")
    choose(page, "International plan", "Yes")
    prediction = analyse(page).json()
    told = page.request.get(f"/predictions/{prediction['prediction_id']}/explanation").json()["explanation"]
    reasons = card(page).locator(".reason [data-slot=text]")
    expect(reasons).to_have_text([reason["text"] for reason in told["reasons"]])
    assert 1 <= len(told["reasons"]) <= 5
    assert any("customer service calls" in reason["text"] for reason in told["reasons"])


def test_the_score_is_there_before_its_reasons(page: Page) -> None:
    waiting: list[Route] = []
    page.route(EXPLANATION, lambda route: waiting.append(route))
    see_example(page)
    expect(card(page).get_by_text(WAITING)).to_be_visible()
    expect(card(page).get_by_role("heading", level=2)).to_be_focused()
    assert len(waiting) == 1
    waiting[0].continue_()
    expect(card(page).locator(".reason").first).to_be_visible()
    expect(card(page).get_by_text(WAITING)).to_be_hidden()
    expect(card(page).get_by_role("heading", level=2)).to_be_focused()


@pytest.mark.parametrize(
    ("status", "code", "detail"),
    [
        (503, "model_not_ready", "The models are not ready yet."),
        (404, "version_gone", "This model version is not on this server. Its stored answers stand."),
        (500, "internal_error", "Something went wrong on our side."),
    ],
)
def test_without_reasons_the_card_stays_and_they_can_be_asked_for_again(
    page: Page, watch: Watch, status: int, code: str, detail: str
) -> None:
    watch.expect(f"status of {status}")
    page.route(EXPLANATION, lambda route: route.fulfill(status=status, json={"code": code, "detail": detail}))
    see_example(page)
    note = card(page).locator("retry-note")
    expect(note).to_contain_text(f"The reasons could not be worked out. {detail}")
    expect(card(page).get_by_role("heading", level=2)).to_be_focused()
    expect(page.get_by_role("region", name="How every value counts")).to_be_hidden()
    expect(card(page).get_by_role("link", name="How every value counts")).to_be_hidden()
    expect(card(page).get_by_role("link", name="Try other values")).to_be_visible()
    retry = note.get_by_role("button", name="Retry")
    with page.expect_response(EXPLANATION):
        retry.click()
    expect(note).to_contain_text(detail)
    expect(retry).to_be_focused()
    page.unroute(EXPLANATION)
    retry.click()
    expect(card(page).locator(".reason").first).to_be_visible()
    expect(note).to_be_hidden()
    expect(card(page).get_by_role("list", name="Reasons")).to_be_focused()


def test_a_lost_connection_leaves_the_card(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    page.route(EXPLANATION, lambda route: route.abort("connectionrefused"))
    see_example(page)
    expect(card(page).locator("retry-note")).to_contain_text("Nothing answers at this address.")
    expect(card(page).locator(".probability")).to_be_visible()


def test_where_nothing_stands_out_the_card_says_so(page: Page) -> None:
    message = "Nothing about this customer stands out."
    explain_with(page, reasons=[], message=message)
    see_example(page)
    expect(card(page).locator("reason-list")).to_contain_text(message)
    expect(card(page).locator(".reason")).to_have_count(0)


def test_reasons_stay_text(page: Page) -> None:
    text = "<img src=x onerror=alert(1)> 6 calls"
    reason = an_explanation()["reasons"][0] | {"text": text}
    explain_with(page, reasons=[reason])
    see_example(page)
    expect(card(page).locator(".reason [data-slot=text]")).to_have_text([text])


def test_the_reasons_of_an_earlier_answer_never_reach_a_later_card(page: Page) -> None:
    waiting: list[Route] = []
    page.route(EXPLANATION, lambda route: waiting.append(route))
    see_example(page)
    expect(card(page).get_by_text(WAITING)).to_be_visible()
    field(page, "Customer service calls").fill("7")
    analyse(page)
    expect(card(page).get_by_text(WAITING)).to_be_visible()
    first, second = waiting
    later = second.fetch().json()
    first.continue_()
    second.fulfill(json=later)
    expect(card(page).locator(".reason [data-slot=text]")).to_have_text(
        [reason["text"] for reason in later["explanation"]["reasons"]]
    )


def test_every_value_counts_in_a_chart_whose_table_adds_up(page: Page) -> None:
    see_example(page)
    breakdown = page.get_by_role("region", name="How every value counts")
    chart = breakdown.locator("#score-chart")
    expect(chart).to_be_visible()
    told = page.request.get(f"/predictions/{prediction_id(page)}/explanation").json()["explanation"]
    expect(chart).to_contain_text(told["message"])
    chart.get_by_text("Show as a table").click()
    rows = chart.get_by_role("row").all_inner_texts()
    for step in told["contributions"]:
        assert any(row.startswith(f"{step['label']}: ") for row in rows), step["label"]
    total = told["base"] + sum(step["contribution"] for step in told["contributions"])
    assert total == pytest.approx(told["forest_score"], abs=1e-6)
    expect(chart).to_contain_text(f"take it to {told['forest_score']:.2f}")


def test_the_card_leads_to_the_rest_of_the_answer(page: Page) -> None:
    see_example(page)
    expect(card(page).locator(".reason").first).to_be_visible()
    for link, heading in (("How every value counts", "How every value counts"), ("Try other values", "What if?")):
        card(page).get_by_role("link", name=link).click()
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_in_viewport()


def test_a_stored_answer_is_explained_by_the_version_that_gave_it(page: Page, base_url: str) -> None:
    (answer,) = store(base_url, a_customer(customerId="why-1", customerServiceCalls=5))
    with page.expect_response(EXPLANATION) as came:
        page.goto(address("why-1"))
    assert answer["prediction_id"] in came.value.url
    texts = [reason["text"] for reason in came.value.json()["explanation"]["reasons"]]
    expect(page.locator("#stored-card .reason [data-slot=text]")).to_have_text(texts)


def test_without_minutes_the_reasons_name_none(page: Page, base_url: str) -> None:
    store(base_url, a_core_customer(customerId="why-2", customerServiceCalls=5))
    page.goto(address("why-2"))
    expect(page.locator("#stored-card .reason").first).to_be_visible()
    expect(page.locator("#score-chart")).to_be_visible()
    assert "minutes" not in visible_text(page.locator("#score-chart")).lower()


def prediction_id(page: Page) -> str:
    """The id under the card."""
    return card(page).locator("[data-slot=prediction-id]").inner_text()
