"""The Segments page: personas, what sets one apart, money at risk, and every state it can be in."""

import csv
import io

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.segment_steps import (
    AXES,
    NO_RISK,
    PERSONAS,
    a_segment,
    answer_segments,
    learned_only,
    open_segments,
    part,
    personas,
    the_segments,
    the_value_at_risk,
)
from tests.browser.steps import visible_text

pytestmark = pytest.mark.browser

TITLE = "Segments - TeleLink Customer Analytics"
RISK = "Value at risk by value band and tier"
APART = "What sets a segment apart"
COMPARED = "Segments compared"


def test_a_card_says_who_they_are_and_what_they_are_worth(page: Page) -> None:
    open_segments(page)
    expect(personas(page)).to_have_count(len(PERSONAS))
    card, wanted = personas(page).first, a_segment(0, PERSONAS[0])
    expect(card.get_by_role("heading", level=3)).to_have_text(PERSONAS[0])
    said = visible_text(card)
    for sentence in wanted["sentences"]:
        assert sentence in said
    assert "Customers 100 16 % of all scored" in said
    assert "Chance of leaving 31 % on average" in said
    assert "Lifetime value $6,312 on average" in said
    assert "Value at risk $198,000 in total" in said
    assert "Training figures" not in said
    expect(page.get_by_text("640 customers scored with a customer id.")).to_be_visible()


def test_a_card_leads_to_its_customers_and_to_those_of_a_tier(page: Page) -> None:
    open_segments(page)
    card = personas(page).nth(2)
    links = {" ".join((link.text_content() or "").split()): link for link in card.get_by_role("link").all()}
    assert links[f"Show its customers: {PERSONAS[2]}"].get_attribute("href") == "/customers.html?segment=2"
    assert links["30 at high risk"].get_attribute("href") == "/customers.html?tier=High&segment=2"
    assert links["130 at low risk"].get_attribute("href") == "/customers.html?tier=Low&segment=2"


def test_the_most_value_at_risk_comes_first(page: Page) -> None:
    segments = [a_segment(place, persona) for place, persona in enumerate(PERSONAS)]
    open_segments(page, segments=segments[::-1])
    expect(personas(page).get_by_role("heading")).to_have_text(PERSONAS)
    expect(page.get_by_label("This segment, against all customers")).to_have_value("0")


def test_known_outcomes_are_told_on_the_card(page: Page) -> None:
    segment = a_segment(0, PERSONAS[0])
    segment["portfolio"]["observed"] = {"churned": 3, "stayed": 9}
    open_segments(page, segments=[segment])
    expect(personas(page)).to_contain_text("3 of the 12 customers with a known outcome left.")


def test_customers_without_a_segment_are_counted_with_the_reason(page: Page) -> None:
    note = "They were scored before there were segments."
    open_segments(page, unassigned={"customers": 12, "note": note})
    expect(page.get_by_text(f"12 customers have no segment. {note}")).to_be_visible()
    open_segments(page)
    expect(page.get_by_text("have no segment")).to_have_count(0)


def test_while_nobody_is_scored_the_figures_are_marked_as_training_figures(page: Page) -> None:
    open_segments(page, **learned_only())
    expect(page.get_by_text("These are not the figures of your customers.")).to_be_visible()
    expect(page.get_by_text("scored with a customer id. Last changed")).to_be_hidden()
    for card in personas(page).all():
        expect(card.get_by_text("Training figures")).to_be_visible()
        expect(card.get_by_role("link", name="Show its customers")).to_have_count(0)
    assert "Churn rate 28 % between 25 % and 31 %" in visible_text(personas(page).first)
    expect(part(page, RISK)).to_contain_text("Once customers are scored with a customer id")
    expect(part(page, RISK).locator("data-chart")).to_be_hidden()


def test_choosing_a_segment_shows_what_sets_it_apart_and_stands_in_the_address(page: Page, base_url: str) -> None:
    open_segments(page)
    chart = part(page, APART).locator("data-chart")
    expect(chart).to_contain_text(f"{PERSONAS[0]} stand out most")
    page.get_by_label("This segment, against all customers").select_option(PERSONAS[2])
    expect(chart).to_contain_text(f"{PERSONAS[2]} stand out most")
    expect(page.get_by_role("status").first).to_contain_text(f"{PERSONAS[2]} stand out most")
    expect(page).to_have_url(f"{base_url}/segments.html?segment=2")
    page.reload()
    expect(page.get_by_label("This segment, against all customers")).to_have_value("2")
    expect(chart).to_contain_text(f"{PERSONAS[2]} stand out most")


def test_a_card_leads_to_what_sets_it_apart_and_back(page: Page, base_url: str) -> None:
    open_segments(page)
    personas(page).nth(3).get_by_role("link", name="What sets it apart").click()
    expect(page.get_by_role("heading", name=APART)).to_be_focused()
    expect(page).to_have_url(f"{base_url}/segments.html?segment=3#apart")
    expect(part(page, APART).locator("data-chart")).to_contain_text(f"{PERSONAS[3]} stand out most")
    page.go_back()
    expect(part(page, APART).locator("data-chart")).to_contain_text(f"{PERSONAS[0]} stand out most")


def test_an_address_of_a_segment_that_is_not_there_says_so(page: Page) -> None:
    open_segments(page, "?segment=9")
    expect(part(page, APART)).to_contain_text("The address names a segment that is not there.")
    page.get_by_label("This segment, against all customers").select_option(PERSONAS[1])
    expect(page.get_by_text("that is not there")).to_be_hidden()


def test_segments_are_compared_as_they_are_ticked(page: Page, base_url: str) -> None:
    open_segments(page)
    section = part(page, COMPARED)
    legend = section.locator("data-chart .data-chart-legend li")
    expect(legend).to_have_text([*PERSONAS[:3], "All customers"])
    section.get_by_label(PERSONAS[0]).uncheck()
    section.get_by_label(PERSONAS[3]).check()
    expect(section.get_by_label(PERSONAS[3])).to_be_focused()
    expect(legend).to_have_text([*PERSONAS[1:], "All customers"])
    expect(page).to_have_url(f"{base_url}/segments.html?compare=1&compare=2&compare=3")
    page.reload()
    expect(legend).to_have_text([*PERSONAS[1:], "All customers"])
    for persona in PERSONAS[1:]:
        section.get_by_label(persona).uncheck()
    expect(section).to_contain_text("Choose at least one segment to compare.")
    expect(section.locator("data-chart")).to_be_hidden()
    expect(section.get_by_role("link", name="Export as CSV")).to_be_hidden()


@pytest.mark.parametrize(
    ("heading", "columns"), [(APART, ["Feature", PERSONAS[0]]), (COMPARED, ["Feature", *PERSONAS[:3], "All customers"])]
)
def test_what_is_drawn_can_be_exported(page: Page, heading: str, columns: list[str]) -> None:
    open_segments(page)
    with page.expect_download() as download:
        part(page, heading).get_by_role("link", name="Export as CSV").click()
    assert download.value.suggested_filename in ("differences-0.csv", "profiles.csv")
    head, *lines = csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8")))
    assert head == columns
    assert [line[0] for line in lines] == AXES
    assert all(float(number) < 2 for line in lines for number in line[1:])


def test_files_of_the_service_can_be_exported(page: Page) -> None:
    open_segments(page)
    links = page.get_by_role("link", name="Export as CSV").all()
    hrefs = [link.get_attribute("href") or "" for link in links]
    assert [href for href in hrefs if not href.startswith("blob:")] == [
        "/segments.csv", "/value-at-risk.csv", "/segments.csv",
    ]  # fmt: skip


def test_a_cell_of_the_money_opens_its_customers(page: Page) -> None:
    open_segments(page)
    part(page, RISK).get_by_text("Show as a table").click()
    cells = part(page, RISK).get_by_role("table").get_by_role("link")
    hrefs = {cell.get_attribute("href") for cell in cells.all()}
    assert hrefs == {cell["href"] for cell in the_value_at_risk()["cells"]}
    cells.filter(has_text="$32,000").click()
    expect(page.get_by_label("Tier")).to_have_value("High")
    expect(page.get_by_label("Value band")).to_have_value("high")


def test_a_drawn_cell_opens_its_customers_too(page: Page) -> None:
    open_segments(page)
    drawing = part(page, RISK).locator(".data-chart-drawing")
    expect(drawing.locator("canvas").first).to_be_visible()
    box = drawing.bounding_box()
    assert box
    drawing.click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.6})
    expect(page.get_by_label("Value band")).to_have_value("high")
    expect(page.get_by_label("Tier")).to_have_value("High")


def test_how_the_number_of_segments_was_chosen_is_shown_when_asked_for(page: Page) -> None:
    open_segments(page)
    section = part(page, "How the segments were found")
    expect(section).to_contain_text("By k-means: 4 groups of customers")
    expect(section.get_by_text("Silhouettes are highest with 4 segments.")).to_be_hidden()
    section.get_by_text("How their number was chosen").click()
    expect(section.get_by_text("Silhouettes are highest with 4 segments.")).to_be_visible()
    expect(section.get_by_text("Resamples agree most on 4 segments.")).to_be_visible()


def test_what_the_segments_do_not_tell_is_said(page: Page) -> None:
    open_segments(page)
    section = part(page, "How the segments were found")
    told = section.get_by_role("listitem").filter(visible=True)
    expect(told).to_have_text([sentence.replace(" %", "\u00a0%") for sentence in the_segments()["limits"]])
    open_segments(page, limits=[])
    expect(section.get_by_role("heading", name="What they do not tell")).to_be_hidden()


def test_rules_are_called_rules(page: Page) -> None:
    message = "Nothing parts these customers into groups that come back."
    doc = the_segments(method="rules", message=message)
    doc["charts"] = [chart for chart in doc["charts"] if chart["id"] == "size-and-churn"]
    answer_segments(page, doc, the_value_at_risk())
    page.goto("/segments.html")
    expect(page.get_by_text("These segments are rules,")).to_be_visible()
    expect(page.locator("#segments").get_by_text(message)).to_be_visible()
    for heading in (APART, COMPARED):
        expect(part(page, heading)).to_be_hidden()
    expect(personas(page).first.get_by_role("link", name="What sets it apart")).to_be_hidden()
    expect(personas(page).first.get_by_role("list", name="Customers by risk")).to_be_hidden()
    expect(page.get_by_text("How their number was chosen")).to_be_hidden()
    expect(page.get_by_text("By k-means")).to_have_count(0)


def test_a_service_without_segments_teaches(page: Page) -> None:
    message = "Nobody has been scored yet, so there is no segment to show."
    answer_segments(page, the_segments(model=None, message=message) | {"segments": [], "charts": []}, NO_RISK)
    page.goto("/segments.html")
    expect(page.get_by_role("heading", name="No segments yet")).to_be_visible()
    expect(page.locator("#no-segments")).to_contain_text(message)
    expect(page.get_by_role("link", name="Score a file of customers")).to_have_attribute("href", "/batch.html")
    expect(page.locator("#segments")).to_be_hidden()


def test_a_server_that_is_down_is_named_and_asked_again(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    page.route("**/segments", lambda route: route.abort("connectionrefused"))
    page.route("**/value-at-risk", lambda route: route.fulfill(json=NO_RISK))
    page.goto("/segments.html")
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_be_focused()
    expect(page).to_have_title(f"Error: {TITLE}")
    answer_segments(page, the_segments(), the_value_at_risk())
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("heading", name="Personas")).to_be_focused()
    expect(page).to_have_title(TITLE)


def test_a_service_that_is_not_ready_says_when_to_ask_again(page: Page, watch: Watch) -> None:
    watch.expect("status of 503")
    problem = {"detail": "The database is busy.", "code": "unavailable"}
    answer = {"status": 503, "json": problem, "headers": {"Retry-After": "7"}}
    page.route("**/segments", lambda route: route.fulfill(**answer))  # type: ignore[arg-type]
    page.route("**/value-at-risk", lambda route: route.fulfill(json=NO_RISK))
    page.goto("/segments.html")
    expect(page.get_by_role("heading", name="The service is not ready")).to_be_focused()
    expect(page.locator("status-notice")).to_contain_text("Try again in 7 seconds.")


def test_a_slow_answer_is_announced(page: Page) -> None:
    waiting: list[Route] = []
    page.route("**/segments", lambda route: waiting.append(route))
    page.route("**/value-at-risk", lambda route: route.fulfill(json=the_value_at_risk()))
    page.goto("/segments.html")
    expect(page.get_by_text("Loading the segments…")).to_be_visible()
    expect(page.get_by_role("status").first).to_have_text("Loading the segments")
    waiting[0].fulfill(json=the_segments())
    expect(personas(page)).to_have_count(len(PERSONAS))
    expect(page.get_by_text("Loading the segments…")).to_be_hidden()


def test_without_the_chart_library_the_tables_say_everything(page: Page, watch: Watch) -> None:
    watch.expect("status of 404")
    page.route("**/vendor/echarts.js", lambda route: route.fulfill(status=404))
    open_segments(page)
    for heading in (RISK, APART, COMPARED, "Size and churn by segment"):
        expect(part(page, heading).get_by_role("table")).to_be_visible()
