"""From an empty form to a customer card."""

from functools import partial

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.steps import MINUTES, analyse, card, choose, field, fill_core, fill_minutes, visible_text

pytestmark = pytest.mark.browser

PERCENT_SHOWN = "(n) => n < 0.01 ? '< 1 %' : n > 0.99 ? '> 99 %' : `${Math.round(n * 100)} %`"


def test_the_page_is_served_under_a_strict_policy(page: Page) -> None:
    policy = page.request.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe-" not in policy


def test_the_watch_sees_an_inline_style(page: Page, watch: Watch) -> None:
    with page.expect_console_message(lambda message: "CSP report" in message.text):
        page.evaluate("() => document.body.setAttribute('style', 'color: red')")
    assert any("CSP report: style-src-attr" in said for said in watch.surprises())
    watch.complaints.clear()


def test_html_from_text_is_blocked_by_trusted_types(page: Page, watch: Watch) -> None:
    with page.expect_console_message(lambda message: "CSP report: require-trusted-types-for" in message.text):
        blocked = page.evaluate(
            "() => { try { document.body.innerHTML = '<b>x</b>'; return null } catch (error) { return error.name } }"
        )
    assert blocked == "TypeError"
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    watch.complaints.clear()


def test_an_empty_page_teaches_what_will_be_here(page: Page) -> None:
    result = page.get_by_role("region", name="Result")
    expect(result.get_by_role("heading", name="The answer appears here")).to_be_visible()
    for word in ("Risk", "Value", "Action"):
        expect(result).to_contain_text(word)
    result.get_by_role("button", name="See an example answer").click()
    expect(card(page)).to_contain_text("likely to leave")
    expect(result.get_by_role("heading", name="The answer appears here")).to_be_hidden()


def test_a_customer_with_minutes_gets_a_card_that_says_what_the_service_said(page: Page) -> None:
    fill_core(page)
    fill_minutes(page)
    page.get_by_label("Customer id").fill(" C-1042 ")
    answer = analyse(page)
    assert answer.status == 200
    prediction = answer.json()
    reasons = reasons_of(page, prediction["prediction_id"])
    expect(card(page).get_by_role("list", name="Reasons").get_by_role("listitem")).to_have_count(len(reasons))
    shown = visible_text(card(page))
    chance, typical = (
        page.evaluate(PERCENT_SHOWN, prediction[key]) for key in ("churn_probability", "typical_churn_rate")
    )

    in_order = [
        "Customer C-1042",
        f"{prediction['churn_risk']} risk",
        f"{chance} likely to leave (typical: {typical})",
        "Likely ",
        "Why",
        *reasons,
        "Lifetime value",
        f"${prediction['estimated_clv']:,.0f}",
        "by formula, from the bill",
        "Value at risk",
        "What to do",
        prediction["recommendation"],
        f"Confidence {prediction['confidence']}",
        f"{prediction['model']['name']}, version {prediction['model']['version']}",
        prediction["model"]["note"],
        "no time span",
        prediction["prediction_id"],
    ]
    assert prediction["model"]["field_set"] == "usage"
    positions = [shown.find(part) for part in in_order]
    assert -1 not in positions, [part for part, at in zip(in_order, positions, strict=True) if at < 0]
    assert positions == sorted(positions)


def test_without_minutes_the_lifetime_value_has_an_interval(page: Page) -> None:
    fill_core(page)
    prediction = analyse(page).json()
    assert prediction["model"]["field_set"] == "core"
    assert "likely ${:,.0f} to ${:,.0f}".format(*prediction["clv_interval"]) in visible_text(card(page))


def test_the_request_holds_numbers_and_leaves_out_what_is_empty(page: Page) -> None:
    fill_core(page)
    field(page, "Day calls").fill(" 1,010 ")
    choose(page, "Voice mail plan", "No")
    sent = analyse(page).request.post_data_json
    assert sent["totalDayCalls"] == 1010
    assert sent["accountLength"] == 128
    assert sent["areaCode"] == "415"
    assert sent["voiceMailPlan"] == "no"
    assert not {"customerId", "totalDayMinutes"} & set(sent)
    assert field(page, "Day calls").input_value() == " 1,010 "


def test_without_minutes_the_core_model_answers_and_says_so(page: Page) -> None:
    fill_core(page)
    prediction = analyse(page).json()
    assert prediction["model"]["field_set"] == "core"
    expect(card(page)).to_contain_text(prediction["model"]["note"])
    expect(card(page).get_by_role("heading", level=2)).to_have_text("This customer")


def test_the_answer_takes_the_keyboard_and_the_meter_has_a_name(page: Page) -> None:
    fill_core(page)
    prediction = analyse(page).json()
    expect(card(page).get_by_role("heading", level=2)).to_be_focused()
    expect(page.get_by_role("button", name="Analyze customer")).to_have_attribute("aria-busy", "false")
    meter = card(page).get_by_role("img")
    assert "typical" in (meter.get_attribute("aria-label") or "")
    band = meter.locator(".meter-band")
    low, high = prediction["probability_interval"]
    assert band.get_attribute("x") == f"{low * 100:.2f}%"
    assert float((band.get_attribute("width") or "").rstrip("%")) == pytest.approx((high - low) * 100, abs=0.01)


def test_the_tier_has_its_own_word_symbol_and_colour(page: Page) -> None:
    seen = set()
    for tier in ("Low", "Medium", "High"):
        page.unroute_all()
        page.route("**/predict", partial(answer_with, churn_risk=tier))
        page.get_by_role("button", name="Example customer").click()
        page.get_by_role("button", name="Analyze customer").click()
        expect(card(page)).to_contain_text(f"{tier} risk")
        symbols = card(page).locator(".tier svg:visible")
        expect(symbols).to_have_count(1)
        colour = card(page).locator(".tier").evaluate("(element) => getComputedStyle(element).color")
        seen.add((symbols.get_attribute("data-symbol"), colour))
    assert {symbol for symbol, _ in seen} == {"low", "medium", "high"}
    assert len({colour for _, colour in seen}) == 3


def test_warnings_are_shown_and_stay_text(page: Page) -> None:
    message = "Day calls <img src=x onerror=alert(1)> are outside the training range"
    page.route("**/predict", lambda route: answer_with(route, warnings=[{"message": message}]))
    page.get_by_role("button", name="See an example answer").click()
    expect(card(page).get_by_role("heading", name="Check before you rely on it")).to_be_visible()
    expect(card(page).locator("[data-slot=warnings]").get_by_role("listitem")).to_have_text([message])


def test_the_card_names_the_segment_and_leads_to_it(page: Page) -> None:
    page.route("**/predict", lambda route: answer_with(route, segment={"id": 2, "persona": "Evening <b>talkers</b>"}))
    page.get_by_role("button", name="See an example answer").click()
    link = card(page).get_by_role("link", name="Evening <b>talkers</b>")
    expect(link).to_have_attribute("href", "/segments.html?segment=2")


def test_without_a_segment_the_card_names_none(page: Page) -> None:
    page.route("**/predict", lambda route: answer_with(route, segment=None))
    page.get_by_role("button", name="See an example answer").click()
    expect(card(page)).to_contain_text("likely to leave")
    expect(card(page).get_by_role("heading", name="Segment")).to_be_hidden()


def test_without_warnings_there_is_no_warning_heading(page: Page) -> None:
    page.route("**/predict", lambda route: answer_with(route, warnings=[]))
    page.get_by_role("button", name="See an example answer").click()
    expect(card(page)).to_contain_text("likely to leave")
    expect(card(page).get_by_text("Check before you rely on it")).to_be_hidden()


def test_the_example_fills_every_field_and_can_be_undone(page: Page) -> None:
    field(page, "Account length").fill("77")
    choose(page, "International plan", "Yes")
    page.get_by_role("button", name="Example customer").click()
    for label, text in MINUTES.items():
        assert field(page, label).input_value() == text
    assert page.get_by_label("State", exact=True).input_value() == "KS"
    page.get_by_role("button", name="Undo example").click()
    assert field(page, "Account length").input_value() == "77"
    assert field(page, "Day minutes").input_value() == ""
    expect(page.get_by_role("radiogroup", name="International plan").get_by_role("radio", name="Yes")).to_be_checked()
    expect(page.get_by_role("button", name="Undo example")).to_be_hidden()
    expect(page.get_by_role("button", name="Example customer")).to_be_focused()


def test_the_example_on_an_empty_form_offers_no_undo_and_is_accepted(page: Page) -> None:
    page.get_by_role("button", name="Example customer").click()
    expect(page.get_by_role("button", name="Undo example")).to_be_hidden()
    answer = analyse(page)
    assert answer.status == 200
    assert "customerId" not in answer.request.post_data_json, "an example must not enter the portfolio"
    assert answer.json()["model"]["field_set"] == "usage"


def test_an_answer_says_when_the_form_has_moved_on(page: Page) -> None:
    page.get_by_role("button", name="See an example answer").click()
    expect(card(page)).to_contain_text("likely to leave")
    note = card(page).get_by_text("The form has changed since this answer.")
    expect(note).to_be_hidden()
    field(page, "Customer service calls").fill("7")
    expect(note).to_be_visible()
    analyse(page)
    expect(note).to_be_hidden()


def test_while_it_waits_the_button_is_busy_and_asks_only_once(page: Page) -> None:
    waiting: list[Route] = []
    page.route("**/predict", lambda route: waiting.append(route))
    page.get_by_role("button", name="Example customer").click()
    button = page.locator("#analyse-button")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    expect(button).to_have_text("Analyzing…")
    expect(page.get_by_role("status").first).to_have_text("Analyzing the customer")
    button.click(force=True)
    page.keyboard.press("Enter")
    waiting[0].continue_()
    expect(card(page)).to_contain_text("likely to leave")
    expect(button).to_have_text("Analyze customer")
    assert len(waiting) == 1


def test_an_unknown_page_says_where_to_go(page: Page, watch: Watch) -> None:
    watch.expect("status of 404")
    answer = page.goto("/no-such-page")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    page.get_by_role("link", name="analyse a customer", exact=True).click()
    expect(page.get_by_role("heading", name="Analyse a customer")).to_be_visible()


def test_every_link_of_the_navigation_leads_somewhere(page: Page) -> None:
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    addresses = [link.get_attribute("href") for link in links.all()]
    assert addresses == [
        "/", "/customers.html", "/users.html", "/batch.html", "/segments.html", "/models.html", "/docs",
    ]  # fmt: skip
    assert {page.request.get(address).status for address in addresses if address} == {200}


def reasons_of(page: Page, prediction_id: str) -> list[str]:
    """The reasons of a stored prediction, in the service's words."""
    answer = page.request.get(f"/predictions/{prediction_id}/explanation").json()
    return [reason["text"] for reason in answer["explanation"]["reasons"]]


def answer_with(route: Route, **changes: object) -> None:
    """Let the service answer, then change a part of the answer."""
    response = route.fetch()
    route.fulfill(response=response, json=response.json() | changes)
