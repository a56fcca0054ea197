"""The values to try for everybody: axe, the keyboard alone, a small screen, large enough targets."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.explained import CALLS, FIND, answered, begin_risky, box, slider, switch, what_if
from tests.browser.test_access import DESKTOP, PHONE, WCAG_22_AA, focus_ring_px

pytestmark = pytest.mark.browser


def test_the_levers_by_keyboard_alone(page: Page, base_url: str) -> None:
    begin_risky(page, base_url, "if-keys")
    press = page.keyboard.press
    page.get_by_role("link", name="Try other values").focus()
    press("Enter")
    press("Tab")
    expect(switch(page, "International plan")).to_be_focused()
    assert focus_ring_px(page) >= 2
    told = answered(page, lambda: press("Space"))
    assert told["sent"]["internationalPlan"] == "no"
    press("Tab")
    expect(switch(page, "Voice mail plan")).to_be_focused()
    press("Tab")
    expect(slider(page, CALLS)).to_be_focused()
    assert focus_ring_px(page) >= 2
    told = answered(page, lambda: press("ArrowLeft"))
    assert told["sent"]["customerServiceCalls"] == 4
    press("Tab")
    expect(box(page, CALLS)).to_be_focused()
    assert focus_ring_px(page) >= 2


@pytest.mark.parametrize("context_options", [PHONE], ids=["360"])
def test_on_a_phone_the_figures_stay_over_the_levers_and_never_hide_the_keyboard(page: Page, base_url: str) -> None:
    begin_risky(page, base_url, "if-phone")
    for label in ("Night minutes", "Day minutes", CALLS):
        box(page, label).focus()
        figures = page.locator("what-if-outcome .score").bounding_box()
        control = box(page, label).bounding_box()
        assert figures
        assert control
        assert figures["y"] >= 0
        assert control["y"] >= figures["y"] + figures["height"]
        expect(box(page, label)).to_be_in_viewport()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]


@pytest.mark.parametrize(
    "context_options",
    [DESKTOP, DESKTOP | {"color_scheme": "dark"}, PHONE, PHONE | {"color_scheme": "dark"}],
    ids=["light", "dark", "360 light", "360 dark"],
)
@pytest.mark.parametrize("with_problem", [False, True], ids=["moved", "wrong"])
def test_axe_finds_nothing(page: Page, base_url: str, watch: Watch, with_problem: bool) -> None:
    watch.expect("status of 422")
    begin_risky(page, base_url, "if-axe")
    answered(page, lambda: box(page, "Evening minutes").fill("400"))
    what_if(page).get_by_role("button", name=FIND).click()
    expect(page.locator(".suggestion-message")).to_be_visible()
    if with_problem:
        box(page, CALLS).fill("1.5")
        expect(page.locator("lever-field .field-error-text")).to_be_visible()
    options = {"runOnly": {"type": "tag", "values": WCAG_22_AA}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options)
    assert found.violations_count == 0, found.generate_report()


def test_targets_are_large_enough(page: Page, base_url: str) -> None:
    begin_risky(page, base_url, "if-size")
    sizes = page.locator("what-if-panel :is(input, button)").evaluate_all(
        """(targets) => targets.filter((target) => target.checkVisibility())
             .map((target) => target.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height))"""
    )
    assert len(sizes) > 10
    assert min(sizes) >= 24
