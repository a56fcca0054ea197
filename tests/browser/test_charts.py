"""Charts in a browser: every kind under the strict policy, in both themes, on a phone, and without the library."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.drawn_charts import CHARTS, open_charts, picture, require_library, wait_drawn
from tests.browser.test_access import DESKTOP, PHONE, WCAG_22_AA

pytestmark = pytest.mark.browser

CALM = DESKTOP | {"reduced_motion": "reduce"}
EVERY = list(CHARTS)


@pytest.fixture(autouse=True)
def library(request: pytest.FixtureRequest) -> None:
    if "library" not in request.node.name:
        require_library()


@pytest.mark.parametrize("context_options", [CALM], ids=["calm"])
def test_every_kind_is_drawn_without_a_report_and_says_what_it_shows(page: Page) -> None:
    found = open_charts(page, EVERY)
    wait_drawn(found)
    pictures = {picture(each) for each in found}
    assert len(pictures) == len(EVERY), "two kinds drew the same, or nothing"
    for each, shown in zip(found, CHARTS.values(), strict=True):
        expect(each.locator("figcaption")).to_contain_text(shown["title"])
        expect(each.get_by_role("img")).to_have_attribute("aria-label", f"{shown['name']}. {shown['title']}")


def test_only_the_empty_text_becomes_html(page: Page, watch: Watch) -> None:
    wait_drawn(open_charts(page, ["line"]))
    watch.expect("CSP report")
    watch.expect("This document requires 'TrustedHTML'")
    refused = page.evaluate(
        """() => {
             const box = document.createElement("div");
             box.innerHTML = "";
             try { box.innerHTML = "<b>x</b>"; return false; } catch (error) { return error instanceof TypeError; }
           }"""
    )
    assert refused
    assert any("TrustedHTML" in said for said in watch.complaints), "a report that nobody would see proves nothing"


@pytest.mark.parametrize("context_options", [CALM], ids=["calm"])
def test_with_less_motion_the_first_picture_is_the_last(page: Page) -> None:
    [found] = open_charts(page, ["columns"])
    wait_drawn([found])
    page.evaluate("() => new Promise(requestAnimationFrame)")
    first = picture(found)
    page.wait_for_timeout(500)
    assert picture(found) == first


def test_the_table_says_the_same_as_the_drawing_and_opens_by_keyboard(page: Page) -> None:
    [found] = open_charts(page, ["bars"])
    summary = found.locator("summary")
    expect(summary).to_have_text("Show as a table: A bars chart")
    summary.focus()
    page.keyboard.press("Enter")
    table = found.get_by_role("table", name="A bars chart")
    expect(table.get_by_role("columnheader")).to_have_text(["Field", "SHAP", "Permutation"])
    expect(table.get_by_role("row").nth(2).get_by_role("cell")).to_have_text(["50.0\u00a0%", "20.0\u00a0%"])
    expect(found.locator(".data-chart-legend li")).to_have_text(["SHAP", "Permutation"])


def test_a_long_line_has_a_short_table_that_says_so(page: Page) -> None:
    [found] = open_charts(page, ["line"])
    found.locator("summary").click()
    rows = found.get_by_role("row").count() - 1
    assert rows <= 25
    expect(found.locator("[data-slot=thinned]")).to_have_text(
        f"{rows} of the 204 points that are drawn, evenly spread."
    )


def test_setting_a_chart_again_redraws_in_place_and_leaves_the_table_open(page: Page) -> None:
    [found] = open_charts(page, ["line"])
    wait_drawn([found])
    found.locator("summary").click()
    before = picture(found)
    changed = CHARTS["line"] | {"title": "Something else.", "marks": []}
    found.evaluate("(element, chart) => (element.chart = chart)", changed)
    expect(found.locator("figcaption")).to_contain_text("Something else.")
    page.wait_for_function("(old) => document.querySelector('canvas').toDataURL() !== old", arg=before)
    expect(found.locator("canvas")).to_have_count(1)
    expect(found.locator("details")).to_have_attribute("open", "")
    expect(found.locator("summary")).to_be_focused()


def test_a_cell_of_a_heatmap_leads_on_from_the_drawing_and_from_the_table(page: Page) -> None:
    [found] = open_charts(page, ["heatmap"])
    wait_drawn([found])
    found.locator("summary").click()
    links = found.get_by_role("table").get_by_role("link")
    assert [link.get_attribute("href") for link in links.all()] == CHARTS["heatmap"]["links"]
    box = found.get_by_role("img").bounding_box()
    assert box
    page.wait_for_timeout(400)
    page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.2)
    page.wait_for_url("**/customers.html?q=b")


@pytest.mark.parametrize("context_options", [CALM | {"color_scheme": "light"}], ids=["calm"])
def test_a_change_of_theme_redraws(page: Page) -> None:
    [found] = open_charts(page, ["line"])
    wait_drawn([found])
    light = picture(found)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("(old) => document.querySelector('canvas').toDataURL() !== old", arg=light)
    dark = picture(found)
    page.emulate_media(color_scheme="light")
    page.wait_for_function("(old) => document.querySelector('canvas').toDataURL() !== old", arg=dark)


@pytest.mark.parametrize("context_options", [CALM], ids=["calm"])
def test_a_drawing_follows_the_width_of_its_page(page: Page) -> None:
    found = open_charts(page, EVERY)
    wait_drawn(found)
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function("() => [...document.querySelectorAll('canvas')].every((one) => one.clientWidth <= 360)")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(
    "context_options", [CALM, CALM | {"color_scheme": "dark"}, PHONE], ids=["light", "dark", "360"]
)
def test_axe_finds_nothing(page: Page) -> None:
    found = open_charts(page, EVERY)
    wait_drawn(found)
    for each in found:
        each.locator("summary").click()
    report = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG_22_AA}})
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_without_the_library_the_tables_are_open_and_say_why(page: Page, watch: Watch) -> None:
    watch.expect("status of 404")
    page.route("**/static/vendor/echarts.js", lambda route: route.fulfill(status=404, body=""))
    for each in open_charts(page, EVERY):
        expect(each.get_by_text("Charts are not installed on this server: the table says the same.")).to_be_visible()
        expect(each.get_by_role("table")).to_be_visible()
        expect(each.get_by_role("img")).to_have_count(0)
    assert len(watch.complaints) == 1, "the one that no page can keep a browser from"
