"""The Models page: figures, cut-points and money of a sealed version, each as the service says it."""

import json
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.drawn_charts import require_library
from tests.browser.shown_model import (
    CUT_BOX,
    MODELS,
    WORK_OUT,
    address,
    answer,
    change_versions,
    figures,
    open_models,
    section,
    share,
    shown_version,
    slide,
    wait_shown,
)
from tests.browser.steps import described_by, field, summary

pytestmark = pytest.mark.browser


def test_the_figures_are_the_service_s_with_what_to_read_them_beside(page: Page) -> None:
    open_models(page)
    said = answer(page, "performance")
    ranking, decision = (figures(page.locator(f"#{name}-figures")) for name in ("ranking", "decision"))
    auc, accuracy = said["figures"]["roc_auc"], said["figures"]["accuracy"]
    assert ranking["ROC AUC"] == (f"{auc['value']:.3f}", f"{auc['low']:.3f} to {auc['high']:.3f}; guessing: 0.5")
    assert decision["Accuracy"][0] == share(accuracy["value"])
    assert f"calling nobody: {share(said['figures']['majority_share'])}" in decision["Accuracy"][1]
    expect(section(page, "How good it is")).to_contain_text(f"{said['held_out']['rows']} customers")
    expect(section(page, "Limits").get_by_role("listitem")).to_have_text(said["limits"])


def test_every_chart_of_the_version_is_drawn_with_its_message(page: Page) -> None:
    require_library()
    open_models(page)
    charts = answer(page, "performance")["charts"]
    for chart in [*charts, answer(page, "profit")["chart"]]:
        drawn = page.get_by_role("img", name=f"{chart['name']}. {chart['title']}")
        expect(drawn.locator("canvas").first).to_be_attached()
    assert page.locator("data-chart:visible").count() == len(charts) + 1


def test_the_sharpest_version_that_answers_is_shown_first_and_another_can_be_chosen(page: Page) -> None:
    open_models(page)
    assert shown_version(page).startswith("/models/telecom-usage/versions/")
    first = figures(page.locator("#ranking-figures"))
    choice = page.get_by_label("Model and version")
    other = choice.locator("option", has_text="telecom-core").first.inner_text()
    choice.select_option(label=other)
    expect(page.locator("#version-sentence")).to_contain_text("This version")
    page.wait_for_function("(path) => document.querySelector('#report').href.includes(path)", arg="telecom-core")
    expect(page.locator("#ranking-figures")).not_to_contain_text(first["ROC AUC"][0])
    assert address(page)["model"] == "telecom-core"
    page.go_back()
    expect(page.locator("#ranking-figures")).to_contain_text(first["ROC AUC"][0])


def test_the_slider_decides_what_the_service_counts(page: Page) -> None:
    open_models(page)
    slide(page, "0.62")
    said = answer(page, "confusion?cut_point=0.62")
    cells = section(page, "Try a cut-point").locator("#confusion-table").get_by_role("cell")
    counts = [said[f"{name}s"] for name in ("true_positive", "false_negative", "false_positive", "true_negative")]
    assert [int(text.split("\n")[0].replace(",", "")) for text in cells.all_inner_texts()] == counts
    found = figures(page.locator("#confusion-figures"))
    assert found["Recall"][0] == share(said["figures"]["recall"]["value"])
    assert f"calling nobody: {share(said['figures']['majority_share'])}" in found["Accuracy"][1]
    assert field(page, CUT_BOX).input_value() == "0.62"
    assert address(page)["cut_point"] == "0.62"
    page.reload()
    wait_shown(page)
    expect(page.locator("#confusion-message")).to_contain_text("From 0.62 on")


def test_what_is_typed_before_the_first_answer_stays(page: Page) -> None:
    held: list[Route] = []
    for part in ("confusion*", "profit*"):
        page.route(f"**/{part}", lambda route: held.append(route), times=1)
    page.goto(f"{MODELS}?contact_cost=5")
    expect(page.get_by_role("heading", name="How good it is")).to_be_visible()
    page.wait_for_function("() => !document.querySelector('#version-links').hidden")
    field(page, CUT_BOX).fill("0.")
    field(page, "Cost of an offer").fill("1")
    while len(held) < 2:
        page.wait_for_timeout(50)
    for route in held:
        route.continue_()
    wait_shown(page)
    expect(field(page, CUT_BOX)).to_have_value("0.")
    expect(field(page, "Cost of an offer")).to_have_value("1")
    expect(field(page, "Cost of a contact")).to_have_value("5")
    field(page, CUT_BOX).fill("")
    field(page, CUT_BOX).press("Enter")
    expect(field(page, CUT_BOX)).not_to_have_value("")


def test_a_typed_cut_point_moves_the_slider_and_a_wrong_one_says_what_it_may_be(page: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    open_models(page)
    box = field(page, CUT_BOX)
    box.fill(".125")
    box.press("Enter")
    expect(page.locator("#confusion-message")).to_contain_text("From 0.125 on")
    assert page.get_by_role("slider").input_value() in ("0.12", "0.13")
    box.fill("2")
    box.press("Enter")
    expect(summary(page)).to_be_focused()
    expect(summary(page).get_by_role("link")).to_have_text(["Cut-point must be a number from 0 to 1"])
    assert page.title().startswith("Error: ")
    assert box.input_value() == "2"
    assert "Cut-point must be a number from 0 to 1" in described_by(box)
    summary(page).get_by_role("link").click()
    expect(box).to_be_focused()
    slide(page, "0.40")
    expect(summary(page)).to_be_hidden()
    assert not page.title().startswith("Error: ")


def test_the_money_panel_shows_what_the_service_works_out(page: Page) -> None:
    open_models(page)
    field(page, "Cost of an offer").fill(" 1,500 ")
    page.get_by_role("button", name=WORK_OUT).click()
    said = answer(page, "profit?offer_cost=1500")
    panel = section(page, "What calling would earn")
    expect(panel.locator("#money-message")).to_have_text(said["message"])
    assert field(page, "Cost of an offer").input_value() == " 1,500 "
    rows = panel.locator("#policy-table").get_by_role("row")
    expect(rows).to_have_count(len(said["policies"]) + 1)
    best = figures(panel.locator("#best-figures"))
    assert best["Customers called"][0] == share(said["best"]["called_share"])
    expect(panel.locator("#save-rate-is")).to_contain_text("assumed")
    assert address(page)["offer_cost"] == "1500"
    page.reload()
    wait_shown(page)
    assert field(page, "Cost of an offer").input_value() == "1500"
    expect(panel.locator("#money-message")).to_have_text(said["message"])


def test_wrong_assumptions_are_listed_beside_their_fields_in_the_service_s_words(page: Page, watch: Watch) -> None:
    watch.expect("status of 422")
    open_models(page)
    before = page.locator("#money-message").inner_text()
    field(page, "Save rate").fill("half")
    field(page, "Cost of a contact").fill("-1")
    page.get_by_role("button", name=WORK_OUT).click()
    expect(summary(page)).to_be_focused()
    links = summary(page).get_by_role("link")
    expect(links).to_have_count(2)
    assert "Save rate must be a number from 0 to 1" in links.all_inner_texts()
    assert field(page, "Save rate").input_value() == "half"
    assert "Save rate must be" in described_by(field(page, "Save rate"))
    assert page.locator("#money-message").inner_text() == before, "what was worked out before stays"
    links.filter(has_text="Save rate").click()
    expect(field(page, "Save rate")).to_be_focused()


def test_the_best_cut_point_can_be_tried_and_taken_along(page: Page, tmp_path: Path) -> None:
    open_models(page)
    page.get_by_role("button", name="Try the best cut-point").click()
    best = answer(page, "profit")["best"]["cut_point"]
    expect(page.locator("#confusion-message")).to_contain_text(f"From {best:.2f} on")
    expect(page.get_by_role("button", name="Try the best cut-point")).to_be_hidden()
    link = page.get_by_role("link", name=f"Download the policy for {best:.2f} (JSON)")
    with page.expect_download() as download:
        link.click()
    file = tmp_path / "policy.json"
    download.value.save_as(file)
    policy = json.loads(file.read_text())
    assert policy["cut_point"] == best
    assert policy["inputs"]["save_rate"] == 0.3
    assert "Nothing has changed" in policy["note"]


def test_where_no_cut_point_pays_none_is_named_or_offered(page: Page) -> None:
    open_models(page)
    for label, text in (("Cost of a contact", "50"), ("Cost of an offer", "500"), ("Save rate", "0.1")):
        field(page, label).fill(text)
    for label in ("Lowest save rate (optional)", "Highest save rate (optional)"):
        field(page, label).fill("")
    field(page, "Value saved").fill("0.2")
    page.get_by_role("button", name=WORK_OUT).click()
    panel = section(page, "What calling would earn")
    expect(panel.locator("#money-message")).to_contain_text("no cut-point pays for its calls")
    assert figures(panel.locator("#best-figures"))["Best cut-point"] == ("None", "No cut-point pays")
    expect(page.get_by_role("button", name="Try the best cut-point")).to_be_hidden()
    expect(panel.locator("#profit-chart")).to_contain_text("No cut-point pays for its calls at an assumed save rate")


def test_the_customers_are_parted_by_the_chosen_field_and_small_parts_are_counted(page: Page) -> None:
    open_models(page)
    slices = answer(page, "slices")
    by_state = next(dimension for dimension in slices["dimensions"] if dimension["name"] == "state")
    part = section(page, "Parts of the customers")
    part.get_by_label("Part them by").select_option("State")
    expect(part.get_by_role("table").locator("tbody").get_by_role("row")).to_have_count(len(by_state["rows"]))
    expect(part.locator("#slices-message")).to_have_text(by_state["message"])
    if by_state["hidden"]["slices"]:
        expect(part.locator("#slices-hidden")).to_contain_text(f"fewer than {slices['least_customers']} customers")
    assert address(page)["slice"] == "state"


def test_rivals_and_importance_have_their_tables(page: Page) -> None:
    open_models(page)
    said = answer(page, "performance")
    rivals = section(page, "Compared with other models").get_by_role("table").locator("tbody").get_by_role("row")
    expect(rivals).to_have_count(len(said["comparison"]["rows"]))
    expect(rivals.first).to_contain_text("this model")
    part = section(page, "What moves the score")
    part.get_by_text("Both ways of asking, with their intervals").click()
    rows = part.get_by_role("table", name="How much each field matters").locator("tbody").get_by_role("row")
    expect(rows).to_have_count(len(said["importance"]["rows"]))


def test_the_printable_card_and_the_card_for_programs_are_there(page: Page) -> None:
    open_models(page)
    path = shown_version(page)
    assert page.request.get(f"{path}/report").headers["content-type"].startswith("text/html")
    card = page.get_by_role("link", name="Card as JSON").get_attribute("href")
    assert card == path
    assert page.request.get(path).json()["version"] == path.rpartition("/")[2]


def test_a_version_that_is_not_there_leads_back_to_one_that_is(page: Page) -> None:
    page.goto(f"{MODELS}?model=telecom-usage&version=999")
    expect(page.get_by_role("heading", name="There is no such version")).to_be_visible()
    page.get_by_role("link", name="Show the version that answers").click()
    wait_shown(page)


def test_a_version_without_figures_says_why(page: Page) -> None:
    page.route("**/models/*/versions", partial(change_versions, has_performance=False))
    page.goto(MODELS)
    expect(page.get_by_role("heading", name="This version has no figures")).to_be_visible()
    expect(page.locator("#no-figures-reason")).to_contain_text("held-out customers")


def test_without_models_the_page_says_what_will_be_here(page: Page) -> None:
    page.route("**/models", lambda route: route.fulfill(json={"models": []}))
    page.goto(MODELS)
    expect(page.get_by_role("heading", name="No models yet")).to_be_visible()
    expect(page.get_by_label("Model and version")).to_be_hidden()


def test_when_the_server_is_down_the_page_says_so_and_tries_again(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    page.route("**/performance", lambda route: route.abort("connectionrefused"))
    page.goto(MODELS)
    retry = page.get_by_role("button", name="Retry")
    expect(retry).to_be_visible()
    assert page.title().startswith("Error: ")
    page.unroute_all()
    retry.click()
    wait_shown(page)
    assert not page.title().startswith("Error: ")


def test_a_part_that_gets_no_answer_says_so_and_leaves_the_others(page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED")
    page.route("**/profit*", lambda route: route.abort("connectionrefused"))
    page.goto(MODELS)
    expect(page.locator("#money-failure")).to_contain_text("The profit could not be worked out.")
    expect(page.locator("#confusion-message")).to_contain_text("customers are called")
    page.unroute_all()
    page.get_by_role("button", name=WORK_OUT).click()
    expect(page.locator("#money-result")).to_be_visible()
    expect(page.locator("#money-failure")).to_be_empty()
