"""The Models page for everybody: axe, the keyboard alone, a small screen, large enough targets, no chart library."""

import re
from collections.abc import Callable
from functools import partial

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.shown_model import CUT_BOX, MODELS, WORK_OUT, change_versions, open_models, section, wait_shown
from tests.browser.steps import field, summary
from tests.browser.test_access import DESKTOP, PHONE, WCAG_22_AA, focus_ring_px, too_small_targets

pytestmark = pytest.mark.browser

Show = Callable[[Page], None]


def show_version(page: Page) -> None:
    open_models(page)
    for each in page.locator("summary:visible").all():
        each.click()


def show_problem(page: Page) -> None:
    open_models(page)
    field(page, "Save rate").fill("half")
    page.get_by_role("button", name=WORK_OUT).click()
    expect(summary(page)).to_be_visible()


def show_not_there(page: Page) -> None:
    page.goto(f"{MODELS}?version=999")
    expect(page.get_by_role("heading", name="There is no such version")).to_be_visible()


def show_no_figures(page: Page) -> None:
    page.route("**/models/*/versions", partial(change_versions, has_performance=False))
    page.goto(MODELS)
    expect(page.get_by_role("heading", name="This version has no figures")).to_be_visible()


def show_down(page: Page) -> None:
    page.route("**/models", lambda route: route.abort("connectionrefused"))
    page.goto(MODELS)
    expect(page.get_by_role("button", name="Retry")).to_be_visible()


STATES: dict[str, Show] = {
    "version": show_version,
    "problem": show_problem,
    "not there": show_not_there,
    "no figures": show_no_figures,
    "down": show_down,
}


@pytest.fixture
def state(request: pytest.FixtureRequest, page: Page, watch: Watch) -> Page:
    for announced in ("status of 422", "status of 404", "ERR_CONNECTION_REFUSED"):
        watch.expect(announced)
    STATES[request.param](page)
    return page


@pytest.mark.parametrize("context_options", [DESKTOP, DESKTOP | {"color_scheme": "dark"}], ids=["light", "dark"])
@pytest.mark.parametrize("state", STATES, indirect=True)
def test_axe_finds_nothing(state: Page) -> None:
    options = {"runOnly": {"type": "tag", "values": WCAG_22_AA}, "resultTypes": ["violations"]}
    found = Axe().run(state, options=options)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("context_options", [PHONE], ids=["360"])
@pytest.mark.parametrize("state", STATES, indirect=True)
def test_a_phone_needs_no_sideways_scrolling_and_axe_finds_nothing(state: Page) -> None:
    assert state.evaluate("() => document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    found = Axe().run(state)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("context_options", [PHONE, DESKTOP], ids=["360", "1440"])
@pytest.mark.parametrize("state", ["version", "not there"], indirect=True)
def test_targets_are_large_enough(state: Page) -> None:
    assert too_small_targets(state) == []


def test_the_whole_journey_by_keyboard(page: Page) -> None:
    open_models(page)
    press = page.keyboard.press
    choice = page.get_by_label("Model and version")
    tab_to(page, "#version")
    expect(choice).to_be_focused()
    before = choice.input_value()
    press("Home")
    assert choice.input_value() != before
    wait_shown(page)
    expect(choice).to_be_focused()

    tab_to(page, 'a[href="#cut-point"]')
    assert focus_ring_px(page) >= 2
    press("Enter")
    expect(section(page, "Try a cut-point")).to_be_in_viewport()
    press("Tab")
    expect(field(page, CUT_BOX)).to_be_focused()
    press("Control+a")
    page.keyboard.type("0.5")
    press("Enter")
    expect(page.locator("#confusion-message")).to_contain_text("From 0.50 on")
    tab_to(page, ".cut-slider")
    press("ArrowRight")
    expect(page.locator("#confusion-message")).to_contain_text("From 0.51 on")

    tab_to(page, "#offer_cost")
    press("Control+a")
    page.keyboard.type("25")
    said = page.locator("#money-message").inner_text()
    press("Enter")
    expect(page.locator("#money-message")).not_to_have_text(said)
    tab_to(page, "#policy-link")
    expect(page.locator("#policy-link")).to_have_attribute("href", re.compile(r"cut_point=0\.51"))
    tab_to(page, "#slice")
    press("ArrowDown")
    expect(page.locator("#slices-message")).not_to_be_empty()


def test_without_the_chart_library_the_tables_say_everything(page: Page, watch: Watch) -> None:
    watch.expect("status of 404")
    page.route("**/static/vendor/echarts.js", lambda route: route.fulfill(status=404, body=""))
    open_models(page)
    for chart in page.locator("data-chart:visible").all():
        expect(chart.get_by_role("table")).to_be_visible()
        expect(chart.get_by_text("Charts are not installed on this server")).to_be_visible()
    assert len(watch.complaints) == 1


def tab_to(page: Page, selector: str, most: int = 60) -> None:
    """Press Tab until an element has the keyboard."""
    for _ in range(most):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is out of the keyboard's reach")
