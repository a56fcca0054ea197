"""What if: values are moved, the newest answer is shown, and nothing is stored."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.explained import (
    CALLS,
    OUTCOME,
    RESET,
    answered,
    await_levers,
    begin,
    begin_risky,
    box,
    outcome,
    percent,
    slider,
    switch,
    what_if,
)
from tests.browser.steps import choose, described_by, field, visible_text
from tests.browser.stored_customers import RISKY, address, ask, resource, store
from tests.factories import a_core_customer, a_customer

pytestmark = pytest.mark.browser

CALLER = RISKY | {"internationalPlan": "no", "totalDayMinutes": 130.0}
"""Somebody whose calls to customer service are what speaks for leaving."""


def test_the_sliders_start_where_the_customer_is_and_span_the_training_range(page: Page) -> None:
    begin(page)
    fields = page.request.get("/models/telecom-usage").json()["fields"]
    for label, name, start in (
        (CALLS, "customer_service_calls", "1"),
        ("Day minutes", "total_day_minutes", "265.1"),
        ("International minutes", "total_intl_minutes", "10"),
        ("Voice mail messages", "number_vmail_messages", "25"),
    ):
        low, high = fields[name]["training_range"]
        assert box(page, label).input_value() == start
        assert float(slider(page, label).get_attribute("min") or "-1") == int(low)
        assert high <= float(slider(page, label).get_attribute("max") or "-1") < high + 1
        assert f"{label} to try" == page.get_by_label(f"{label} to try", exact=True).evaluate(
            "(input) => input.labels[0].textContent.trim()"
        )
    expect(switch(page, "Voice mail plan")).to_be_checked()
    expect(switch(page, "International plan")).not_to_be_checked()
    assert "as at the start" in outcome(page)
    expect(page.get_by_role("button", name=RESET)).to_be_hidden()


def test_moving_a_slider_asks_and_tells_the_difference(page: Page, base_url: str) -> None:
    begin_risky(page, base_url, "if-move", **CALLER)
    start = page.request.post("/explain", data=a_customer(**CALLER)).json()["answer"]
    slider(page, CALLS).focus()
    told = answered(page, lambda: page.keyboard.press("Home"))
    assert told["sent"] == a_customer(**CALLER | {"customerServiceCalls": 0})
    assert box(page, CALLS).input_value() == "0"
    now = told["answer"]
    points = percent(start["churn_probability"]) - percent(now["churn_probability"])
    assert points > 1
    expect(page.locator(OUTCOME)).to_contain_text(f"likely to leave, {points} points less")
    expect(page.locator("what-if-outcome .tier")).to_have_text(f"{now['churn_risk']} risk")
    reasons = [reason["text"] for reason in told["explanation"]["reasons"]]
    expect(page.locator("what-if-outcome .reason [data-slot=text]")).to_have_text(reasons)
    assert f"${now['estimated_clv']:,.0f}" in visible_text(page.locator("what-if-outcome"))
    assert "At the start: 5 calls" in described_by(box(page, CALLS))
    assert slider(page, CALLS).get_attribute("aria-valuetext") == "0 calls"


def test_the_box_takes_what_the_slider_cannot_and_the_service_warns(page: Page) -> None:
    begin(page)
    told = answered(page, lambda: box(page, "Evening minutes").fill("1,380.5"))
    assert told["sent"]["totalEveMinutes"] == 1380.5
    assert slider(page, "Evening minutes").input_value() == slider(page, "Evening minutes").get_attribute("max")
    (warning,) = told["answer"]["warnings"]
    expect(page.locator("what-if-outcome [data-slot=warnings]")).to_have_text(warning["message"])


def test_a_value_that_cannot_be_is_named_beside_it_in_the_services_words(page: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    begin(page)
    box(page, CALLS).fill("many")
    problem = f"{CALLS} must be a number"
    expect(page.locator("lever-field .field-error-text")).to_have_text(problem)
    assert problem in described_by(box(page, CALLS))
    expect(box(page, CALLS)).to_have_attribute("aria-invalid", "true")
    expect(box(page, CALLS)).to_be_focused()
    expect(page.locator("what-if-outcome")).to_be_hidden()
    expect(what_if(page).get_by_text("Correct the marked value to see what it gives.")).to_be_visible()
    answered(page, lambda: box(page, CALLS).fill("2"))
    expect(page.locator("lever-field .field-error-text")).to_have_count(0)
    expect(page.locator(OUTCOME)).to_be_visible()


def test_without_the_plan_there_are_no_messages_and_with_it_they_come_back(page: Page) -> None:
    begin(page)
    told = answered(page, lambda: switch(page, "Voice mail plan").uncheck())
    assert (told["sent"]["voiceMailPlan"], told["sent"]["numberOfVmailMessages"]) == ("no", 0)
    assert told["answer"]["warnings"] == []
    expect(slider(page, "Voice mail messages")).to_be_hidden()
    told = answered(page, lambda: switch(page, "Voice mail plan").check())
    assert (told["sent"]["voiceMailPlan"], told["sent"]["numberOfVmailMessages"]) == ("yes", 25)
    expect(slider(page, "Voice mail messages")).to_be_visible()


def test_messages_without_a_plan_keep_the_services_warning(page: Page, base_url: str) -> None:
    begin_risky(page, base_url, "if-odd", numberOfVmailMessages=20)
    expect(page.locator("what-if-outcome [data-slot=warnings]")).to_contain_text("without a voice mail plan")


def test_minutes_that_were_not_given_cannot_be_moved_and_it_says_why(page: Page, base_url: str) -> None:
    store(base_url, a_core_customer(customerId="if-core"))
    page.goto(address("if-core"))
    await_levers(page)
    expect(page.get_by_role("slider")).to_have_count(2)
    reason = "Day, evening, night and international minutes cannot be tried: they were not given"
    expect(what_if(page)).to_contain_text(reason)
    told = answered(page, lambda: box(page, CALLS).fill("4"))
    assert told["sent"] == a_core_customer(customerServiceCalls=4)


def test_reset_brings_the_start_back_and_keeps_the_keyboard_in_the_panel(page: Page) -> None:
    begin(page)
    before = outcome(page)
    answered(page, lambda: box(page, CALLS).fill("8"))
    answered(page, lambda: page.get_by_role("button", name=RESET).press("Enter"))
    assert box(page, CALLS).input_value() == "1"
    expect(page.locator(OUTCOME)).to_contain_text("as at the start")
    assert outcome(page) == before
    assert what_if(page).evaluate("(region) => region.contains(document.activeElement)")


def test_only_the_newest_answer_is_shown(page: Page, base_url: str) -> None:
    begin_risky(page, base_url, "if-late", **CALLER)
    held: list[Route] = []
    page.route("**/explain", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/explain"):
        box(page, CALLS).fill("9")
    box(page, CALLS).fill("0")
    page.wait_for_timeout(800)
    shown: list[str] = []
    page.expose_function("note", lambda text: shown.append(text))
    page.evaluate(
        """() => {
             const outcome = document.querySelector("what-if-outcome");
             new MutationObserver(() => note(outcome.querySelector("[data-slot=probability]").textContent))
               .observe(outcome, { childList: true, subtree: true });
           }"""
    )
    newest = page.request.post("/explain", data=a_customer(**CALLER | {"customerServiceCalls": 0})).json()["answer"]
    late = held[0].fetch()
    assert percent(late.json()["answer"]["churn_probability"]) != percent(newest["churn_probability"])
    held[0].fulfill(response=late)
    reached = f"{percent(newest['churn_probability'])}\u00a0%"
    expect(page.locator("what-if-outcome [data-slot=probability]")).to_have_text(reached)
    assert set(shown) == {reached}


def test_a_dragged_slider_asks_one_question_at_a_time(page: Page) -> None:
    begin(page)
    open_now, most, number = 0, 0, 0

    def count(route: Route) -> None:
        nonlocal open_now, most, number
        open_now, number = open_now + 1, number + 1
        most = max(most, open_now)
        answer = route.fetch()
        open_now -= 1
        route.fulfill(response=answer)

    page.route("**/explain", count)
    slider(page, "Day minutes").focus()
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("what-if-outcome")).to_have_attribute("aria-busy", "false")
    assert box(page, "Day minutes").input_value() == "225"
    assert most == 1
    assert number < 40


def test_a_failure_leaves_the_levers_and_is_asked_again(page: Page, watch: Watch) -> None:
    watch.expect("status of 503")
    begin(page)
    down = {"code": "model_not_ready", "detail": "The models are not ready yet."}
    page.route("**/explain", lambda route: route.fulfill(status=503, json=down))
    box(page, CALLS).fill("3")
    note = page.locator("what-if-panel > .what-if-answer > retry-note")
    expect(note).to_contain_text("There is no answer for these values. The models are not ready yet.")
    expect(box(page, CALLS)).to_be_focused()
    page.unroute("**/explain")
    told = answered(page, lambda: note.get_by_role("button", name="Retry").click())
    assert told["sent"]["customerServiceCalls"] == 3
    expect(page.locator(OUTCOME)).to_be_visible()
    expect(note).to_be_hidden()


def test_where_the_start_is_not_known_the_card_stands_and_it_can_be_asked_again(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    page.route("**/explain", lambda route: route.abort("connectionrefused"))
    page.get_by_role("button", name="See an example answer").click()
    note = what_if(page).locator("> retry-note")
    expect(note).to_contain_text("The values to try could not be loaded. Nothing answers at this address.")
    expect(page.locator("customer-card .probability")).to_be_visible()
    page.unroute("**/explain")
    note.get_by_role("button", name="Retry").click()
    await_levers(page)
    expect(note).to_be_hidden()


def test_the_note_about_association_is_in_plain_sight(page: Page) -> None:
    begin(page)
    expect(what_if(page).get_by_text("Association, not a promise:")).to_be_visible()


def test_tried_values_go_into_the_form_of_the_analyse_page(page: Page) -> None:
    begin(page)
    answered(page, lambda: box(page, CALLS).fill("4"))
    answered(page, lambda: switch(page, "International plan").check())
    page.get_by_role("button", name="Put these values in the form").click()
    assert field(page, CALLS).input_value() == "4"
    plan = page.get_by_role("radiogroup", name="International plan")
    expect(plan.get_by_role("radio", name="Yes")).to_be_checked()
    expect(page.get_by_role("button", name="Analyze customer")).to_be_focused()
    expect(page.get_by_text("The form has changed since this answer.")).to_be_visible()


def test_trying_stores_nothing_and_the_tried_values_can_be_stored_on_purpose(page: Page, base_url: str) -> None:
    begin_risky(page, base_url, "if-store")
    before = ask(base_url, "GET", resource("if-store"))
    answered(page, lambda: switch(page, "International plan").uncheck())
    answered(page, lambda: box(page, CALLS).fill("1"))
    assert ask(base_url, "GET", resource("if-store")) == before
    assert len(ask(base_url, "GET", f"{resource('if-store')}/predictions")["predictions"]) == 1
    page.get_by_role("button", name="Put these values in the form").click()
    expect(page.get_by_role("button", name="Score with these values")).to_be_focused()
    expect(page.locator("#changes")).to_have_text("2 values are changed.")
    assert field(page, CALLS).input_value() == "1"


def test_a_new_analysis_starts_the_values_anew(page: Page) -> None:
    begin(page)
    answered(page, lambda: box(page, CALLS).fill("8"))
    field(page, CALLS).fill("3")
    choose(page, "International plan", "Yes")
    page.get_by_role("button", name="Analyze customer").click()
    expect(switch(page, "International plan")).to_be_checked()
    assert box(page, CALLS).input_value() == "3"
    expect(page.locator(OUTCOME)).to_contain_text("as at the start")


def test_a_wrong_form_takes_the_values_to_try_away(page: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    begin(page)
    field(page, CALLS).fill("many")
    page.get_by_role("button", name="Analyze customer").click()
    expect(what_if(page)).to_be_hidden()
    expect(page.get_by_role("region", name="How every value counts")).to_be_hidden()
