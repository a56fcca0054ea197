"""The Segments page for everybody: axe, the keyboard alone, a small screen, large enough targets."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.segment_steps import PERSONAS, a_segment, learned_only, open_segments, part, personas
from tests.browser.test_access import DESKTOP, PHONE, SMALLEST_TARGET_PX, focus_ring_px

pytestmark = pytest.mark.browser

RISK, COMPARED = "Value at risk by value band and tier", "Segments compared"
LONG = "Customers without the international plan with a low bill and who seldom call customer service, group"
STATES: dict[str, dict[str, Any]] = {
    "scored": {},
    "nobody scored": learned_only(),
    "rules": {"method": "rules"},
    "long names": {"segments": [a_segment(place, f"{LONG} {place}") for place in range(6)]},
}
THEMES = [DESKTOP, DESKTOP | {"color_scheme": "dark"}, PHONE]


@pytest.mark.parametrize("context_options", THEMES, ids=["light", "dark", "360"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(page: Page, state: str) -> None:
    open_segments(page, **STATES[state])
    for summary in page.locator("main summary").all():
        if summary.is_visible():
            summary.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("context_options", [PHONE, DESKTOP], ids=["360", "1440"])
def test_targets_are_large_enough(page: Page) -> None:
    open_segments(page)
    too_small = page.evaluate(
        """(least) => [...document.querySelectorAll("main :is(a, button, input, select, summary)")]
             .filter((target) => target.checkVisibility() && !target.matches("p > a:not(.link-alone)"))
             .map((target) => [target.textContent.trim() || target.id, target.getBoundingClientRect()])
             .filter(([, box]) => Math.min(box.width, box.height) < least)
             .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)""",
        SMALLEST_TARGET_PX,
    )
    assert too_small == []


def test_the_whole_page_by_keyboard(page: Page) -> None:
    open_segments(page)
    wanted = [
        personas(page).first.get_by_role("link", name="What sets it apart"),
        part(page, RISK).locator("summary").first,
        page.get_by_label("This segment, against all customers"),
        part(page, COMPARED).get_by_label(PERSONAS[3]),
        page.get_by_text("How their number was chosen"),
    ]
    for control in wanted:
        for _ in range(60):
            page.keyboard.press("Tab")
            assert focus_ring_px(page) >= 2
            if control.evaluate("(element) => element === document.activeElement"):
                break
        expect(control).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Silhouettes are highest with 4 segments.")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(part(page, COMPARED).locator("summary")).to_be_focused()
