"""The list of customers: found, filtered, sorted, paged through, exported; the address says what is shown."""

import csv
import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.steps import field, summary, visible_text
from tests.browser.stored_customers import ODD_IDS, ask, resource, rows, shown_ids, store, store_many
from tests.factories import a_customer
from tests.server_process import start

pytestmark = pytest.mark.browser

MANY = 120
ROWS = 50


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service of its own with 120 customers, so that pages and orders are known."""
    with start(tmp_path_factory.mktemp("list") / "data") as server:
        server.wait_ready()
        store_many(server.url, MANY, "L-")
        yield server.url
        server.terminate()


@pytest.fixture
def customers(page: Page) -> Page:
    """The list, loaded."""
    page.goto("/customers.html")
    expect(rows(page).first).to_be_visible()
    return page


def first_ids(url: str, query: str) -> list[str]:
    return [customer["id"] for customer in ask(url, "GET", f"/customers?{query}")["customers"]]


def test_the_most_value_at_risk_comes_first(customers: Page, base_url: str) -> None:
    assert shown_ids(customers) == first_ids(base_url, f"sort=value_at_risk&order=desc&limit={ROWS}")
    head = customers.get_by_role("columnheader", name="Value at risk")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(customers.get_by_role("heading", name="Customers 1 to 50")).to_be_visible()


def test_a_row_says_what_the_service_said(customers: Page, base_url: str) -> None:
    (top,) = ask(base_url, "GET", "/customers?limit=1")["customers"]
    shown = visible_text(rows(customers).first)
    percent = round(top["churn_probability"] * 100)
    chance = "> 99" if top["churn_probability"] > 0.99 else f"{percent}"
    persona = top["segment"]["persona"] if top["segment"] else "None"
    worth = f"${top['estimated_clv']:,.0f} {top['value_band']} value"
    assert shown.startswith(f"{top['id']} {top['tier']} {persona} {chance} % likely {worth} ")
    assert f"${top['value_at_risk_usd']:,.0f}" in shown
    expect(rows(customers).first.locator("svg:visible")).to_have_attribute("data-symbol", top["tier"].lower())


def test_heads_sort_and_turn_round_and_keep_the_keyboard(customers: Page, base_url: str) -> None:
    head = customers.get_by_role("columnheader", name="Lifetime value")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(customers).to_have_url(f"{base_url}/customers.html?sort=clv")
    assert shown_ids(customers) == first_ids(base_url, f"sort=clv&limit={ROWS}")
    expect(head.get_by_role("link")).to_be_focused()
    customers.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(rows(customers).first).to_contain_text(first_ids(base_url, "sort=clv&order=asc&limit=1")[0])
    expect(customers.locator("[aria-sort]")).to_have_count(1)


def test_pages_are_walked_forth_and_back_and_the_address_can_be_shared(customers: Page) -> None:
    first = shown_ids(customers)
    next_link = customers.get_by_role("link", name="Next")
    expect(customers.get_by_role("link", name="Previous")).to_be_hidden()
    next_link.click()
    heading = customers.get_by_role("heading", name="Customers 51 to 100")
    expect(heading).to_be_focused()
    second = shown_ids(customers)
    next_link.click()
    expect(customers.get_by_role("heading", name="Customers 101 to 120")).to_be_focused()
    expect(next_link).to_be_hidden()
    third = shown_ids(customers)
    assert len({*first, *second, *third}) == MANY

    shared = customers.url
    customers.get_by_role("link", name="Previous").click()
    expect(heading).to_be_focused()
    assert shown_ids(customers) == second
    customers.go_back()
    expect(customers.get_by_role("heading", name="Customers 101 to 120")).to_be_visible()
    customers.goto("/")
    customers.goto(shared)
    expect(rows(customers)).to_have_count(len(third))
    assert shown_ids(customers) == third
    customers.get_by_role("link", name="First page").click()
    expect(customers.get_by_role("heading", name="Customers 1 to 50")).to_be_focused()


def test_filters_narrow_the_list_and_come_back_with_the_address(customers: Page, base_url: str) -> None:
    customers.get_by_label("Tier").select_option("High")
    field(customers, "Smallest lifetime value").fill(" 1,000 ")
    customers.get_by_role("button", name="Apply filters").click()
    expect(customers).to_have_url(f"{base_url}/customers.html?tier=High&min_clv=1000")
    wanted = first_ids(base_url, f"tier=High&min_clv=1000&limit={ROWS}")
    expect(rows(customers)).to_have_count(len(wanted))
    assert shown_ids(customers) == wanted
    assert set(rows(customers).locator("tier-mark").all_inner_texts()) == {"High"}

    customers.reload()
    expect(rows(customers)).to_have_count(len(wanted))
    expect(customers.get_by_label("Tier")).to_have_value("High")
    expect(field(customers, "Smallest lifetime value")).to_have_value("1000")
    customers.get_by_role("link", name="Clear filters").click()
    expect(rows(customers)).to_have_count(ROWS)
    expect(customers.get_by_label("Tier")).to_have_value("")
    expect(customers.get_by_role("link", name="Clear filters")).to_be_hidden()
    customers.go_back()
    expect(rows(customers)).to_have_count(len(wanted))


def test_a_segment_and_a_value_band_narrow_the_list_and_its_export(customers: Page, base_url: str) -> None:
    segments = ask(base_url, "GET", "/segments")["segments"]
    valued = {s["id"]: first_ids(base_url, f"segment={s['id']}&value_band=high&limit={ROWS}") for s in segments}
    chosen = max(segments, key=lambda segment: len(valued[segment["id"]]))
    wanted = valued[chosen["id"]]
    assert 0 < len(wanted) < chosen["portfolio"]["customers"]
    customers.get_by_label("Segment").select_option(chosen["persona"])
    customers.get_by_label("Value band").select_option("High value")
    customers.get_by_role("button", name="Apply filters").click()
    expect(customers).to_have_url(f"{base_url}/customers.html?segment={chosen['id']}&value_band=high")
    expect(rows(customers)).to_have_count(len(wanted))
    assert shown_ids(customers) == wanted
    for row in rows(customers).all():
        assert f"{chosen['persona']} " in visible_text(row)
        assert " high value " in visible_text(row)

    customers.reload()
    expect(customers.get_by_label("Segment").locator("option:checked")).to_have_text(chosen["persona"])
    expect(customers.get_by_label("Value band")).to_have_value("high")
    with customers.expect_download() as download:
        customers.get_by_role("link", name="Export as CSV").click()
    lines = csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8")))
    assert sorted(line["customerId"] for line in lines) == sorted(wanted)


def test_without_personas_the_segment_filter_keeps_its_number(customers: Page, watch: Watch) -> None:
    watch.expect("status of 503")
    customers.route("**/segments", lambda route: route.fulfill(status=503, json={"detail": "Busy.", "code": "busy"}))
    customers.goto("/customers.html?segment=1")
    expect(customers.get_by_label("Segment").locator("option:checked")).to_have_text("Segment 1")
    expect(customers.locator("#list")).to_have_attribute("aria-busy", "false")


def test_segments_that_are_rules_are_no_filter(customers: Page) -> None:
    rules = {"method": "rules", "segments": [{"id": 0, "persona": "Standard value, low risk"}]}
    customers.route("**/segments", lambda route: route.fulfill(json=rules))
    customers.reload()
    expect(customers.get_by_label("Segment")).to_be_hidden()
    expect(customers.get_by_label("Value band")).to_be_visible()


def test_a_segment_the_service_refuses_is_named_beside_it(customers: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    customers.goto("/customers.html?segment=many")
    expect(summary(customers)).to_be_focused()
    expect(customers.get_by_label("Segment", exact=True)).to_have_attribute("aria-invalid", "true")
    customers.get_by_role("link", name="Clear filters").click()
    expect(rows(customers)).to_have_count(ROWS)


def test_typing_an_id_opens_the_customer(customers: Page, base_url: str) -> None:
    box = field(customers, "Customer id")
    box.fill(" L-7 ")
    box.press("Enter")
    expect(customers.get_by_role("heading", name="Customer L-7", exact=True)).to_be_visible()
    expect(customers).to_have_url(f"{base_url}/customer.html?id=L-7")


def test_the_start_of_an_id_filters(customers: Page, watch: Watch) -> None:
    watch.expect("status of 404")
    box = field(customers, "Customer id")
    box.fill("L-11")
    customers.get_by_role("button", name="Apply filters").click()
    expect(rows(customers)).to_have_count(11)
    box.fill("L-")
    box.press("Enter")
    expect(rows(customers)).to_have_count(ROWS)
    assert customers.url.endswith("?q=L-")


def test_nothing_found_says_how_to_go_on(customers: Page) -> None:
    field(customers, "Customer id").fill("nobody")
    customers.get_by_role("button", name="Apply filters").click()
    expect(customers.get_by_role("heading", name="No customer matches")).to_be_visible()
    customers.locator("#no-match").get_by_role("link", name="Clear filters").click()
    expect(rows(customers)).to_have_count(ROWS)


def test_a_filter_the_service_refuses_is_named_beside_it(customers: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    field(customers, "Smallest lifetime value").fill("much")
    customers.get_by_role("button", name="Apply filters").click()
    expect(summary(customers)).to_be_focused()
    expect(customers).to_have_title("Error: Customers - TeleLink Customer Analytics")
    expect(field(customers, "Smallest lifetime value")).to_have_value("much")
    expect(field(customers, "Smallest lifetime value")).to_have_attribute("aria-invalid", "true")
    customers.get_by_role("link", name="Clear filters").click()
    expect(rows(customers)).to_have_count(ROWS)
    expect(summary(customers)).to_be_hidden()


def test_the_export_holds_what_the_filters_let_through(customers: Page, base_url: str) -> None:
    customers.goto("/customers.html?tier=High&sort=clv")
    expect(rows(customers).first).to_be_visible()
    with customers.expect_download() as download:
        customers.get_by_role("link", name="Export as CSV").click()
    text = download.value.path().read_text(encoding="utf-8")
    ids = [line["customerId"] for line in csv.DictReader(io.StringIO(text))]
    assert set(ids) == set(first_ids(base_url, "tier=High&limit=200"))


def test_customers_known_to_have_left_are_left_out_until_asked_for(customers: Page, base_url: str) -> None:
    store(base_url, a_customer(customerId="gone-1"))
    ask(base_url, "POST", f"{resource('gone-1')}/outcome", {"outcome": "churned", "date": "2026-01-31"})
    customers.goto("/customers.html?q=gone-")
    expect(customers.get_by_role("heading", name="No customer matches")).to_be_visible()
    customers.get_by_label("Known to have left").select_option("Show only these")
    customers.get_by_role("button", name="Apply filters").click()
    expect(rows(customers)).to_have_count(1)
    assert "Left on 31 Jan 2026" in visible_text(rows(customers).first)
    ask(base_url, "DELETE", resource("gone-1"))


@pytest.mark.parametrize("customer_id", ODD_IDS)
def test_any_id_is_text_and_its_link_works(page: Page, base_url: str, customer_id: str) -> None:
    store(base_url, a_customer(customerId=customer_id))
    page.goto("/customers.html")
    field(page, "Customer id").fill(customer_id)
    page.get_by_role("button", name="Apply filters").click()
    expect(rows(page)).to_have_count(1)
    assert shown_ids(page) == [customer_id]
    rows(page).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Customer {customer_id}")
    expect(page.get_by_role("heading", name="Latest answer")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    ask(base_url, "DELETE", resource(customer_id))


def test_a_server_that_is_down_is_named_and_asked_again(customers: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    customers.route("**/customers?*", lambda route: route.abort("connectionrefused"))
    customers.reload()
    expect(customers.get_by_role("heading", name="The server cannot be reached")).to_be_focused()
    customers.unroute_all()
    customers.get_by_role("button", name="Retry").click()
    expect(rows(customers)).to_have_count(ROWS)
    expect(customers).to_have_title("Customers - TeleLink Customer Analytics")


def test_slow_answers_leave_the_old_rows_in_place(customers: Page) -> None:
    waiting: list[Route] = []
    customers.route("**/customers?*", lambda route: waiting.append(route))
    customers.get_by_role("columnheader", name="Last seen").get_by_role("link").click()
    expect(customers.locator("#list")).to_have_attribute("aria-busy", "true")
    expect(customers.get_by_role("status").first).to_have_text("Loading the customers")
    expect(rows(customers)).to_have_count(ROWS)
    expect(customers.get_by_text("Loading the customers…")).to_be_hidden()
    waiting[0].continue_()
    expect(customers.locator("#list")).to_have_attribute("aria-busy", "false")
    expect(customers.get_by_role("columnheader", name="Last seen")).to_have_attribute("aria-sort", "descending")
