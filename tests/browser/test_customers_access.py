"""The customer pages for everybody: axe, the keyboard alone, a small screen, large enough targets."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.steps import field, summary
from tests.browser.stored_customers import STORE_BUTTON, address, rows, store_history, store_many
from tests.browser.test_access import DESKTOP, PHONE, WCAG_22_AA, focus_ring_px, too_small_targets

pytestmark = pytest.mark.browser

Show = Callable[[Page, str], None]


def show_list(page: Page, base_url: str) -> None:
    store_many(base_url, 60, "A-")
    page.goto("/customers.html?q=A-")
    expect(rows(page)).to_have_count(50)


def show_nobody(page: Page, _: str) -> None:
    page.route("**/customers?*", lambda route: route.fulfill(json={"customers": [], "next": None}))
    page.goto("/customers.html")
    expect(page.get_by_role("heading", name="No customers yet")).to_be_visible()


def show_no_match(page: Page, base_url: str) -> None:
    store_many(base_url, 1, "A-")
    page.goto("/customers.html?q=nobody")
    expect(page.get_by_role("heading", name="No customer matches")).to_be_visible()


def show_list_problem(page: Page, _: str) -> None:
    page.goto("/customers.html?min_clv=much")
    expect(summary(page)).to_be_visible()


def show_list_down(page: Page, _: str) -> None:
    page.route("**/customers?*", lambda route: route.abort("connectionrefused"))
    page.goto("/customers.html")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()


def show_customer(page: Page, base_url: str) -> None:
    store_history(base_url, "A-page")
    page.goto(address("A-page"))
    expect(page.get_by_role("heading", name="Latest answer")).to_be_visible()
    expect(page.locator("prediction-table tbody tr").first).to_be_visible()


def show_tried_values(page: Page, base_url: str) -> None:
    show_customer(page, base_url)
    page.get_by_text("Record what the customer did").click()
    field(page, "Customer service calls").fill("0")
    page.get_by_role("button", name="Score with these values").click()
    expect(page.locator("answer-comparison")).to_be_visible()


def show_dialog(page: Page, base_url: str) -> None:
    show_customer(page, base_url)
    page.get_by_role("button", name="Erase…").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def show_not_found(page: Page, _: str) -> None:
    page.goto(address("nobody"))
    expect(page.get_by_role("heading", name="There is no customer with this id")).to_be_visible()


STATES: dict[str, Show] = {
    "list": show_list,
    "nobody": show_nobody,
    "no match": show_no_match,
    "list problem": show_list_problem,
    "list down": show_list_down,
    "customer": show_customer,
    "tried values": show_tried_values,
    "dialog": show_dialog,
    "not found": show_not_found,
}


@pytest.fixture
def state(request: pytest.FixtureRequest, page: Page, base_url: str, watch: Watch) -> Page:
    for announced in ("status of 422", "status of 404", "ERR_CONNECTION_REFUSED"):
        watch.expect(announced)
    STATES[request.param](page, base_url)
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
@pytest.mark.parametrize("state", ["list", "nobody", "tried values", "dialog", "not found"], indirect=True)
def test_targets_are_large_enough(state: Page) -> None:
    assert too_small_targets(state) == []


def test_the_whole_journey_by_keyboard(page: Page, base_url: str) -> None:
    store_history(base_url, "key-1")
    press, tab_to = page.keyboard.press, lambda name, role: reach(page, role, name)
    page.goto("/customers.html")
    expect(rows(page).first).to_be_visible()
    press("Tab")
    press("Enter")
    press("Tab")
    expect(field(page, "Customer id")).to_be_focused()
    page.keyboard.type("key-1")
    press("Enter")
    expect(page.get_by_role("heading", name="Latest answer")).to_be_visible()

    tab_to("Customer service calls", "textbox")
    press("Control+a")
    page.keyboard.type("0")
    press("Enter")
    expect(page.locator("answer-comparison caption")).to_be_focused()
    assert focus_ring_px(page) >= 2
    tab_to(STORE_BUTTON, "button")
    press("Enter")
    expect(page.locator("#done-notice")).to_be_focused()
    expect(page.get_by_role("heading", name="Latest answer")).to_be_visible()

    tab_to("Erase…", "button")
    press("Enter")
    expect(page.get_by_role("button", name="Keep the customer")).to_be_focused()
    press("Shift+Tab")
    expect(page.get_by_role("button", name="Erase this customer")).to_be_focused()
    press("Enter")
    expect(page.locator("#done-notice")).to_have_text("Customer key-1 is erased.")
    expect(page.locator("#done-notice")).to_be_focused()


def reach(page: Page, role: str, name: str) -> None:
    """Press Tab until the control has the keyboard, and see that focus shows on the way."""
    wanted = page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
    for _ in range(60):
        page.keyboard.press("Tab")
        assert focus_ring_px(page) >= 2, page.evaluate("() => document.activeElement.outerHTML.slice(0, 120)")
        if wanted.evaluate("(control) => control === document.activeElement"):
            return
    pytest.fail(f"the keyboard never reached {name}")
