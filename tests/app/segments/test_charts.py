import re

import pytest

from app.segments.charts import FEWEST_TO_COMPARE, learned_charts, size_and_churn_chart, value_at_risk_chart
from app.segments.sums import by_cell
from app.web.charts import Chart
from tests.app.segments.portfolios import every_cell
from tests.app.segments.segment_cards import PERSONAS, a_card, a_rules_card
from tests.app.segments.test_sums import rows


def charts(card):
    return {chart["id"]: Chart.model_validate(chart) for chart in learned_charts(card)}


@pytest.mark.parametrize("card", [a_card(), a_rules_card()])
def test_every_chart_has_its_message_and_holds_what_it_draws(card):
    found = charts(card)
    assert list(found) == [
        "profiles",
        *(f"differences-{segment['id']}" for segment in card["segments"]),
        "silhouette",
        "stability",
    ]
    for chart in found.values():
        assert chart.title.endswith(".") and re.search("[0-9]", chart.title)
        for series in chart.series:
            assert len(series.points) <= 101
            if chart.x.categories:
                assert [point[0] for point in series.points] == list(range(len(chart.x.categories)))


def test_a_profile_has_a_line_for_each_segment_and_an_axis_for_each_feature():
    chart = charts(a_card())["profiles"]
    assert [series.name for series in chart.series] == [*PERSONAS, "All customers"]
    assert all(0 <= value <= 1 for series in chart.series for _, value in series.points)
    assert len(chart.x.categories) == len(a_card()["segments"][0]["profile"])


def test_all_customers_are_drawn_beside_the_segments():
    chart = charts(a_card())["profiles"]
    reference = chart.series[-1]
    assert (reference.role, {series.role for series in chart.series[:-1]}) == ("reference", {"main", "rival"})
    drawn = dict(zip(chart.x.categories, (value for _, value in reference.points), strict=True))
    assert drawn.pop("International plan") == 0.1
    assert set(drawn.values()) == {0.5}
    assert "all customers together are at 50 %" in chart.notes[0]


def test_the_title_of_the_profiles_names_the_widest_gap():
    card = a_card()
    card["segments"][2]["profile"][3]["value"] = 0.99
    title = charts(card)["profiles"].title
    assert "voice mail messages" in title
    assert f"10 % for {PERSONAS[0]}" in title and f"99 % for {PERSONAS[2]}, 50 % for all customers." in title


def test_differences_are_ranked_and_the_title_gives_both_means():
    card = a_card()
    chart = charts(card)["differences-2"]
    heights = [abs(value) for _, value in chart.series[0].points]
    assert heights == sorted(heights, reverse=True)
    first = card["segments"][2]["differences"][0]
    assert f"{first['mean']:.2f}" in chart.title and f"{first['overall_mean']:.2f}" in chart.title


def test_the_number_of_groups_in_use_is_marked_on_both_curves():
    found = charts(a_card())
    for name, value in (("silhouette", "0.40"), ("stability", "0.90")):
        assert ("x", 3.0) in [(mark.axis, mark.value) for mark in found[name].marks]
        assert value in found[name].title
        assert found[name].series[0].band[0] == (2.0, float(value) - 0.02, float(value) + 0.02)


def test_what_a_stricter_rule_would_keep_is_told_where_it_differs():
    notes = charts(a_card())["silhouette"].notes
    assert "A stricter rule" in notes[-1] and notes[-1].endswith("would keep 2.")
    same = a_card(rule={**a_card()["rule"], "one_standard_error_k": 3})
    assert not any("stricter" in note for note in charts(same)["silhouette"].notes)


def test_without_groups_no_number_is_marked_and_the_title_says_so():
    found = charts(a_rules_card())
    assert [mark.axis for mark in found["silhouette"].marks] == ["y"]
    assert found["silhouette"].title.startswith("No number of groups will do")


def test_size_and_churn_are_those_of_the_training_customers_until_somebody_is_scored():
    segments = [{"persona": s["persona"], "training": s, "portfolio": None} for s in a_card()["segments"]]
    chart = Chart.model_validate(size_and_churn_chart(segments, is_live=False))
    sizes, churn = chart.series
    assert [value for _, value in sizes.points] == [0.3, 0.3, 0.3]
    assert [value for _, value in churn.points] == [s["churn_rate"]["value"] for s in a_card()["segments"]]
    assert len(churn.band) == len(PERSONAS)
    assert chart.title.startswith(f"{PERSONAS[2]}: the highest risk, 20 % of them left")


def test_a_segment_without_customers_has_no_bar_of_churn():
    nobody = {"customers": 0, "share": 0.0, "mean_churn_probability": None}
    some = {"customers": 30, "share": 0.25, "mean_churn_probability": 0.1234}
    segments = [{"persona": "Nobody", "portfolio": nobody}, {"persona": "Some", "portfolio": some}]
    chart = Chart.model_validate(size_and_churn_chart(segments, is_live=True))
    assert chart.series[1].points == [[1.0, 0.1234]]
    assert chart.title == "Some: the highest risk, a mean churn probability of 12.3 %, among 25 % of the customers."


def test_a_few_customers_are_never_the_highest_risk():
    def portfolio(customers, rate):
        return {"customers": customers, "share": 0.5, "mean_churn_probability": rate}

    few, many = portfolio(FEWEST_TO_COMPARE - 1, 0.9), portfolio(FEWEST_TO_COMPARE, 0.1)
    segments = [{"persona": "Few", "portfolio": few}, {"persona": "Many", "portfolio": many}]
    assert size_and_churn_chart(segments, is_live=True)["title"].startswith("Many: the highest risk")
    title = Chart.model_validate(size_and_churn_chart(segments[:1], is_live=True)).title
    assert title == "No segment has 30 customers yet, too few to say which has the highest risk."


def test_a_segment_without_a_training_customer_has_no_bar_of_churn():
    empty = {"customers": 0, "share": 0.0, "churn_rate": None}
    segments = [{"persona": s["persona"], "training": s} for s in a_rules_card()["segments"]]
    chart = Chart.model_validate(size_and_churn_chart([{"persona": "Nobody", "training": empty}, *segments], False))
    assert [place for place, _ in chart.series[1].points] == [1, 2, 3, 4, 5, 6]
    assert [place for place, *_ in chart.series[1].band] == [1, 2, 3, 4, 5, 6]
    nobody = Chart.model_validate(size_and_churn_chart([{"persona": "Nobody", "training": empty}], False))
    assert (nobody.series[1].points, nobody.series[1].band) == ([], [])


def test_every_cell_of_the_heatmap_leads_to_its_customers():
    cells = by_cell(rows(every_cell()))
    chart = Chart.model_validate(value_at_risk_chart(cells, "Said."))
    assert chart.links == [cell["href"] for cell in cells]
    drawn = {(chart.y.categories[int(y)].split()[0].lower(), chart.x.categories[int(x)]): value
             for x, y, value in chart.series[0].points}  # fmt: skip
    assert drawn == {(cell["value_band"], cell["tier"]): cell["value_at_risk_usd"] for cell in cells}
