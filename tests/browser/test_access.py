"""Every state of the page for everybody: axe, the keyboard alone, a small screen, less motion."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.steps import card, field, fill_core, summary, visible_text

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
WCAG_22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALLEST_TARGET_PX = 24


def show_empty(page: Page) -> None:
    expect(page.get_by_role("heading", name="The answer appears here")).to_be_visible()


def show_answer(page: Page) -> None:
    page.get_by_role("button", name="See an example answer").click()
    expect(card(page)).to_contain_text("likely to leave")


def show_tier(tier: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        page.route(
            "**/predict",
            lambda route: route.fulfill(
                json=route.fetch().json()
                | {"churn_risk": tier, "warnings": [{"message": "Day calls are outside the training range"}]}
            ),
        )
        show_answer(page)
        field(page, "Day calls").fill("7")

    return show


def show_problems(page: Page) -> None:
    page.get_by_role("button", name="Analyze customer").click()
    expect(summary(page)).to_be_visible()


def show_server_down(page: Page) -> None:
    page.route("**/predict", lambda route: route.abort("connectionrefused"))
    page.get_by_role("button", name="Analyze customer").click()
    expect(page.get_by_role("button", name="Retry")).to_be_visible()


def show_answer_without_reasons(page: Page) -> None:
    page.route("**/predictions/*/explanation", lambda route: route.abort("connectionrefused"))
    page.route("**/explain", lambda route: route.abort("connectionrefused"))
    show_answer(page)
    expect(page.get_by_role("button", name="Retry")).to_have_count(2)


def show_not_found(page: Page) -> None:
    page.goto("/no-such-page")


STATES = {
    "empty": show_empty,
    "low": show_tier("Low"),
    "medium": show_tier("Medium"),
    "high": show_tier("High"),
    "problems": show_problems,
    "server down": show_server_down,
    "without reasons": show_answer_without_reasons,
    "not found": show_not_found,
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
    width = state.evaluate("() => document.documentElement.scrollWidth")
    assert width <= PHONE["viewport"]["width"]
    assert Axe().run(state).violations_count == 0


def too_small_targets(page: Page) -> list[str]:
    """Controls below the size that WCAG 2.2 asks for (2.5.8); a radio button is as large as its label."""
    found: list[str] = page.evaluate(
        """(least) => [...document.querySelectorAll("a, button, input, select, summary")]
             .map((target) => target.type === "radio" ? target.closest("label") : target)
             .filter((target) => target.checkVisibility())
             .map((target) => [target.textContent.trim() || target.id, target.getBoundingClientRect()])
             .filter(([, box]) => Math.min(box.width, box.height) < least)
             .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)""",
        SMALLEST_TARGET_PX,
    )
    return found


@pytest.mark.parametrize("context_options", [PHONE, DESKTOP], ids=["360", "1440"])
@pytest.mark.parametrize("state", ["low", "problems", "server down"], indirect=True)
def test_targets_are_large_enough(state: Page) -> None:
    assert too_small_targets(state) == []


@pytest.mark.parametrize("context_options", [PHONE], ids=["360"])
def test_on_a_phone_the_answer_comes_into_view(page: Page) -> None:
    fill_core(page)
    page.get_by_role("button", name="Analyze customer").click()
    expect(card(page).get_by_role("heading", level=2)).to_be_in_viewport()
    expect(card(page).locator(".probability")).to_be_in_viewport()


@pytest.mark.parametrize("context_options", [{"reduced_motion": "reduce"}], ids=["reduced"])
def test_nothing_moves_when_less_motion_is_asked_for(page: Page) -> None:
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].map((element) => getComputedStyle(element))
             .filter((style) => parseFloat(style.transitionDuration) > 0 && style.transitionProperty !== "none"
                             || style.animationName !== "none").length"""
    )
    assert moving == 0


def test_the_whole_journey_by_keyboard(page: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    press = page.keyboard.press
    press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to main content")).to_be_in_viewport()
    press("Enter")
    press("Tab")
    expect(page.get_by_role("button", name="Example customer")).to_be_focused()
    assert focus_ring_px(page) >= 2

    press("Tab")
    page.keyboard.type("128")
    press("Tab")
    page.keyboard.type("KS")
    press("Tab")
    page.keyboard.type("415")
    press("Tab")
    page.keyboard.type("keyboard-1")
    press("Tab")
    press("Space")
    expect(page.get_by_role("radiogroup", name="International plan").get_by_role("radio", name="Yes")).to_be_checked()
    press("ArrowRight")
    expect(page.get_by_role("radiogroup", name="International plan").get_by_role("radio", name="No")).to_be_checked()
    press("Tab")
    press("Space")
    for text in ("25", "110", "99", "91", "3", "many"):
        press("Tab")
        page.keyboard.type(text)
    press("Enter")

    expect(summary(page)).to_be_focused()
    assert "Customer service calls must be a number" in visible_text(summary(page))
    press("Tab")
    press("Enter")
    expect(field(page, "Customer service calls")).to_be_focused()
    press("Control+a")
    page.keyboard.type("1")
    press("Enter")
    expect(card(page).get_by_role("heading", name="Customer keyboard-1")).to_be_focused()
    assert focus_ring_px(page) >= 2
    press("Shift+Tab")
    expect(page.get_by_role("button", name="Analyze customer")).to_be_focused()


def test_focus_is_always_visible(page: Page) -> None:
    invisible = []
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement === document.body"):
            break
        if focus_ring_px(page) < 2:
            invisible.append(page.evaluate("() => document.activeElement.outerHTML.slice(0, 120)"))
    else:
        pytest.fail("the keyboard never left the page")
    assert invisible == []


@pytest.mark.parametrize("context_options", [{"java_script_enabled": False}], ids=["no script"])
def test_without_javascript_the_page_says_what_to_do(page: Page) -> None:
    expect(page.locator(".noscript")).to_contain_text("This page needs JavaScript")
    expect(page.locator(".noscript")).to_be_visible()


def focus_ring_px(page: Page) -> float:
    """Width of the ring around the focused element, or around the label of a radio button."""
    return float(
        page.evaluate(
            """() => {
                 const at = document.activeElement;
                 const style = getComputedStyle(at.type === "radio" ? at.closest("label") : at);
                 return style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
               }"""
        )
    )
