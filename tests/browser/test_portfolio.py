"""The portfolio on the home page: true to /stats, quiet when it fails, and never in the way of the form."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.steps import analyse, field, fill_core, visible_text
from tests.browser.stored_customers import ask, resource, store_many
from tests.browser.test_access import DESKTOP, PHONE
from tests.server_process import start

pytestmark = pytest.mark.browser

DAYS = [
    {"day": "2026-11-01", "high_risk_customers": 1, "medium_risk_customers": 1, "low_risk_customers": 8},
    {"day": "2026-11-05", "high_risk_customers": 2, "medium_risk_customers": 0, "low_risk_customers": 8},
    {"day": "2026-11-21", "high_risk_customers": 3, "medium_risk_customers": 2, "low_risk_customers": 5},
]


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service of its own: the first tests see it without any customer."""
    with start(tmp_path_factory.mktemp("portfolio") / "data") as server:
        server.wait_ready()
        yield server.url
        server.terminate()


@pytest.fixture
def filled(page: Page, base_url: str) -> Page:
    """The home page with 40 customers in the portfolio."""
    store_many(base_url, 40, "P-")
    page.reload()
    expect(panel(page).locator("dl")).to_be_visible()
    return page


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Portfolio")


def figure(page: Page, label: str) -> str:
    pair = panel(page).locator("dl > div").filter(has=page.get_by_text(label, exact=True))
    return visible_text(pair.locator(".figure"))


def with_days(route: Route) -> None:
    more = {"value_at_risk_usd": 1234.5, "churned_customers": 0}
    route.fulfill(json={"days": [day | more for day in DAYS]})


def test_without_customers_it_teaches(page: Page) -> None:
    expect(panel(page)).to_contain_text("Once customers are scored with a customer id")
    assert panel(page).get_by_role("link", name="Score a file of customers").get_attribute("href") == "/batch.html"


def test_a_list_without_customers_teaches_too(page: Page) -> None:
    page.goto("/customers.html")
    empty = page.locator("#nobody")
    expect(empty.get_by_role("heading", name="No customers yet")).to_be_visible()
    expect(empty).to_contain_text("once they are scored with a customer id")
    hrefs = [link.get_attribute("href") for link in empty.get_by_role("link").all()]
    assert hrefs == ["/batch.html", "/"]


def test_it_is_renewed_by_a_prediction_with_an_id_only(page: Page, base_url: str) -> None:
    fill_core(page)
    analyse(page)
    expect(panel(page)).to_contain_text("Once customers are scored")
    page.get_by_label("Customer id").fill("first-1")
    analyse(page)
    expect(panel(page).locator("dl")).to_be_visible()
    assert figure(page, "Customers") == "1"
    expect(panel(page)).to_contain_text("Last changed less than a minute ago.")
    expect(page.locator("customer-card h2")).to_be_focused()
    ask(base_url, "DELETE", resource("first-1"))


def test_the_figures_are_those_of_the_service(filled: Page, base_url: str) -> None:
    stats = ask(base_url, "GET", "/stats")
    assert figure(filled, "Customers") == f"{stats['total_customers']:,}"
    assert figure(filled, "Value at risk") == f"${stats['value_at_risk_usd']:,.0f}"
    assert figure(filled, "Average lifetime value") == f"${stats['avg_clv']:,.0f}"
    assert figure(filled, "Monthly revenue") == f"${stats['monthly_revenue']:,.0f}"
    expect(panel(filled)).to_contain_text(
        f"of the {stats['monthly_revenue_customers']} customers whose minutes are known"
    )
    expect(panel(filled).get_by_text("Known to have left", exact=True)).to_be_hidden()


def test_the_tiers_are_told_drawn_and_lead_to_their_customers(filled: Page, base_url: str) -> None:
    stats = ask(base_url, "GET", "/stats")
    items = panel(filled).locator(".tier-shares li")
    told = [visible_text(item) for item in items.all()]
    for tier, text in zip(("High", "Medium", "Low"), told, strict=True):
        assert text.startswith(f"{tier} risk {stats[f'{tier.lower()}_risk_customers']} customer")
    bar = panel(filled).get_by_role("img").first
    assert bar.get_attribute("aria-label") == panel(filled).locator("[data-slot=tiers]").text_content()
    widths = [float((part.get_attribute("width") or "").rstrip("%")) for part in bar.locator("rect").all()]
    assert sum(widths) == pytest.approx(100, abs=0.05)
    items.first.get_by_role("link").click()
    expect(filled.get_by_label("Tier")).to_have_value("High")
    expect(filled.locator("customer-table tbody tr")).to_have_count(stats["high_risk_customers"])


def test_known_outcomes_are_shown_once_there_are_any(filled: Page, base_url: str) -> None:
    today = datetime.now(UTC).date().isoformat()
    ask(base_url, "POST", f"{resource('P-1')}/outcome", {"outcome": "churned", "date": today})
    ask(base_url, "POST", f"{resource('P-2')}/outcome", {"outcome": "stayed", "date": today})
    filled.reload()
    expect(panel(filled)).to_contain_text("1 of the 2 customers whose outcome is recorded")
    assert figure(filled, "Known to have left") == "50 %"
    expect(panel(filled)).to_contain_text("and 1 known to have left")


def test_one_day_has_no_history(filled: Page) -> None:
    expect(panel(filled).locator("tier-days")).to_be_hidden()


def test_two_days_have_a_history_and_its_table(filled: Page) -> None:
    filled.route("**/stats/history", with_days)
    filled.reload()
    days = panel(filled).locator("tier-days")
    message = "The share at high risk rose from 10 % on 1 Nov 2026 to 30 % on 21 Nov 2026."
    assert visible_text(days.locator("figcaption")) == message
    bars = days.locator("rect[data-tier=high]")
    heights = [bar.get_attribute("height") for bar in bars.all()]
    assert heights == ["10.00%", "20.00%", "30.00%"]
    across = [float((bar.get_attribute("x") or "").rstrip("%")) for bar in bars.all()]
    assert across == pytest.approx([0, 400 / 21, 2000 / 21], abs=0.01)
    days.get_by_text("The same day by day").click()
    told = [visible_text(row) for row in days.locator("tbody tr").all()]
    assert told[0] == "21 Nov 2026 3 (30 %) 2 (20 %) 5 (50 %) $1,235 0"
    assert told[2].startswith("1 Nov 2026 1 (10 %)")


def test_a_failure_is_quiet_and_can_be_tried_again(filled: Page, watch: Watch) -> None:
    watch.expect("status of 503")
    busy = {"detail": "The database is busy.", "code": "unavailable"}
    filled.route("**/stats", lambda route: route.fulfill(status=503, json=busy))
    filled.reload()
    expect(panel(filled)).to_contain_text("The portfolio could not be loaded. The database is busy.")
    expect(filled.locator("body")).to_be_focused()
    expect(filled).to_have_title("Analyse a customer - TeleLink Customer Analytics")
    filled.unroute_all()
    panel(filled).get_by_role("button", name="Load the portfolio").click()
    expect(panel(filled).locator("dl")).to_be_visible()


def test_a_slow_portfolio_does_not_hold_up_the_form(filled: Page) -> None:
    filled.route("**/stats", lambda _: None)
    filled.reload()
    fill_core(filled)
    assert analyse(filled).status == 200
    expect(filled.locator("customer-card")).to_contain_text("likely to leave")
    assert field(filled, "Account length").input_value() == "128"
    filled.unroute_all()


OPTIONS = [DESKTOP, DESKTOP | {"color_scheme": "dark"}, PHONE]


@pytest.mark.parametrize("context_options", OPTIONS, ids=["light", "dark", "360"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(filled: Page) -> None:
    filled.route("**/stats/history", with_days)
    filled.reload()
    panel(filled).get_by_text("The same day by day").click()
    found = Axe().run(filled)
    assert found.violations_count == 0, found.generate_report()
    assert filled.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
