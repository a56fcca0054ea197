"""Four numbers instead of a log: typed, answered, kept in the address, and refused in the service's words."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.steps import described_by, field, summary, visible_text
from tests.browser.user_steps import MESSAGE, a_score, answer, user_card

pytestmark = pytest.mark.browser

NUMBERS = {"Sessions": "4", "Time spent": "65", "Purchases": "0", "Days without activity": "12"}
TITLE = "Score four numbers - Users - TeleLink Customer Analytics"


@pytest.fixture
def first_path() -> str:
    """Every test opens its own page."""
    return ""


@pytest.fixture
def form(page: Page) -> Page:
    """The form, empty."""
    page.goto("/users.html?view=score")
    expect(page.get_by_role("heading", name="Score four numbers")).to_be_visible()
    return page


def fill(page: Page) -> None:
    for label, text in NUMBERS.items():
        field(page, label).fill(text)


def score(page: Page) -> None:
    page.get_by_role("button", name="Score the user").click()


def test_the_answer_says_how_likely_in_which_time_why_and_what_to_do(form: Page) -> None:
    document = a_score(warnings=[{"message": "65 minutes <b>in</b> 4 sessions is little."}])
    answer(form, "**/users/score", document)
    fill(form)
    score(form)
    expect(user_card(form).get_by_role("heading", name="This user")).to_be_focused()
    shown = visible_text(user_card(form))
    told = [
        MESSAGE,
        "Likely between 18 % and 29 %",
        *(reason["text"] for reason in document["reasons"]),
        document["recommendation"],
        "events-summary, version 1",
        "Check before you rely on it",
        "<b>in</b>",
    ]
    places = [shown.find(part) for part in ["High risk", *told]]
    assert -1 not in places
    assert places == sorted(places)
    assert shown.index("Raises the chance") < shown.index("Lowers the chance")


def test_numbers_are_sent_as_numbers_and_kept_in_the_address(form: Page) -> None:
    sent: list[object] = []

    def reply(route: Route) -> None:
        sent.append(route.request.post_data_json)
        route.fulfill(json=a_score())

    form.route("**/users/score", reply)
    fill(form)
    field(form, "Time spent").fill(" 1,065.5 ")
    score(form)
    expect(user_card(form)).to_be_visible()
    assert sent == [{"session_count": 4, "time_spent_minutes": 1065.5, "purchases": 0, "days_inactive": 12}]
    form.reload()
    expect(user_card(form)).to_contain_text("likely to leave")
    expect(field(form, "Time spent")).to_have_value("1065.5")
    assert sent[0] == sent[1]
    note = user_card(form).get_by_text("The form has changed since this answer.")
    expect(note).to_be_hidden()
    field(form, "Purchases").fill("1")
    expect(note).to_be_visible()


def test_what_the_service_refuses_stands_beside_the_numbers_and_on_top(form: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    errors = [
        {"field": "session_count", "code": "missing", "message": "Enter the sessions"},
        {"field": "days_inactive", "code": "range", "message": "Days inactive must be between 0 and 90"},
    ]
    answer(form, "**/users/score", {"code": "invalid_request", "detail": "Check.", "errors": errors}, status=422)
    field(form, "Days without activity").fill("many")
    score(form)
    expect(summary(form)).to_be_focused()
    expect(summary(form).get_by_role("link")).to_have_text([error["message"] for error in errors])
    expect(form).to_have_title(f"Error: {TITLE}")
    expect(field(form, "Days without activity")).to_have_value("many")
    assert described_by(field(form, "Sessions")).endswith("Error: Enter the sessions")
    summary(form).get_by_role("link").last.click()
    expect(field(form, "Days without activity")).to_be_focused()
    answer(form, "**/users/score", a_score())
    score(form)
    expect(user_card(form)).to_be_visible()
    expect(summary(form)).to_be_hidden()
    expect(form).to_have_title(TITLE)


def test_a_server_that_is_down_keeps_what_was_typed(form: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    form.route("**/users/score", lambda route: route.abort("connectionrefused"))
    fill(form)
    score(form)
    expect(form.get_by_role("heading", name="The server cannot be reached")).to_be_focused()
    expect(field(form, "Sessions")).to_have_value("4")
    answer(form, "**/users/score", a_score())
    form.get_by_role("button", name="Retry").click()
    expect(user_card(form)).to_be_visible()
    expect(form.get_by_role("heading", name="The server cannot be reached")).to_be_hidden()
    expect(form).to_have_title(TITLE)


def test_an_empty_form_teaches_and_the_example_is_accepted(form: Page) -> None:
    expect(form.get_by_role("heading", name="The answer appears here")).to_be_visible()
    form.get_by_role("button", name="Example user").click()
    with form.expect_response("**/users/score") as told:
        score(form)
    answered = told.value.json()
    assert told.value.status == 200, answered
    expect(user_card(form)).to_contain_text(f"{answered['tier']} risk")
    assert " ".join(answered["message"].split()) in visible_text(user_card(form))
    expect(form.get_by_role("heading", name="The answer appears here")).to_be_hidden()
