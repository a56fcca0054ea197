from dataclasses import replace

import pytest

from app.performance import charts
from app.performance.curves import calibration_bins, calibration_error, clv_figures, ranked, roc_auc
from app.performance.held_out import figure
from app.performance.money import called_sums, evaluate, taken_off
from app.telecom.policy import TIER_CUT_POINTS
from app.web.charts import Chart
from tests.app.performance.test_money import INPUTS

CUT_POINT = TIER_CUT_POINTS[-1]
ROWS = [
    {"label": name, "shap": {"value": shap}, "auc_drop": {"value": drop}}
    for name, shap, drop in (("Day minutes", 0.2, 0.05), ("Day calls", 0.1, 0.1), ("State", 0.0, -0.01))
]


@pytest.fixture(scope="module")
def drawn(held_out, weights):
    """Every chart by its id."""
    steps = ranked(held_out.churned, held_out.churn_probability, weights)
    rate = float(held_out.churned.mean())
    bins = calibration_bins(held_out.churned, held_out.churn_probability)
    all_of_them = [
        charts.roc_chart(steps, CUT_POINT),
        charts.precision_recall_chart(steps, rate, CUT_POINT),
        charts.calibration_chart(bins, calibration_error(held_out.churned, held_out.churn_probability)),
        charts.gain_chart(steps, rate),
        charts.lift_chart(steps),
        charts.histogram_chart(held_out, CUT_POINT),
        charts.importance_chart(ROWS),
        *charts.clv_charts(held_out, clv_figures(held_out.target_clv_usd, held_out.clv_usd, weights)),
        charts.profit_chart(evaluate(held_out, weights, called_sums(held_out, weights), INPUTS), INPUTS),
    ]
    return {chart["id"]: chart for chart in all_of_them}


def points(chart, name="This model"):
    (series,) = (series for series in chart["series"] if series["name"] == name)
    return series["points"]


def test_every_chart_is_one_the_pages_can_draw(drawn):
    assert len(drawn) == 10
    for chart in drawn.values():
        Chart.model_validate(chart)
        assert chart["title"].endswith("."), chart["title"]
        assert not chart["title"][0].islower()
        for series in chart["series"]:
            assert len(series["points"]) <= (101 if chart["kind"] == "line" else charts.MOST_POINTS)


def test_every_curve_carries_a_band_around_its_line(drawn):
    for name in ("roc", "precision-recall", "calibration", "gain", "lift", "profit"):
        (main,) = (series for series in drawn[name]["series"] if series["role"] == "main")
        line = dict(main["points"][-len(main["band"]) :])
        assert all(low <= high for _, low, high in main["band"])
        inside = [low - 1e-6 <= line[x] <= high + 1e-6 for x, low, high in main["band"]]
        assert sum(inside) >= 0.95 * len(inside), name


def test_the_title_of_the_roc_curve_says_its_area(held_out, weights, drawn):
    auc = figure(roc_auc(ranked(held_out.churned, held_out.churn_probability, weights)))
    said = f"{100 * auc['value']:.0f} % ({100 * auc['low']:.0f} to {100 * auc['high']:.0f} %)"
    assert said in drawn["roc"]["title"]
    assert points(drawn["roc"])[0] == [0.0, 0.0]
    assert points(drawn["roc"])[-1] == [1.0, 1.0]


def test_the_mark_stands_where_the_cut_point_in_use_is(held_out, drawn):
    called = held_out.churn_probability >= CUT_POINT
    (mark,) = drawn["roc"]["marks"]
    assert mark["value"] == pytest.approx(called[~held_out.churned].mean(), abs=1e-6)
    (mark,) = drawn["precision-recall"]["marks"]
    assert mark["value"] == pytest.approx(called[held_out.churned].mean(), abs=1e-6)


def test_lift_is_gain_for_each_customer_called(drawn):
    for (share, reached), (_, lift) in zip(points(drawn["gain"])[1:], points(drawn["lift"]), strict=True):
        assert lift == pytest.approx(reached / share, abs=1e-4)


def test_the_histogram_holds_every_customer_once(held_out, drawn):
    histogram = drawn["score-histogram"]
    left, stayed = (sum(count for _, count in points(histogram, name)) for name in ("Left", "Stayed"))
    assert (left, stayed) == (held_out.churned.sum(), (~held_out.churned).sum())
    assert len(histogram["x"]["categories"]) == len(points(histogram, "Left"))


def test_importance_is_drawn_as_a_share_of_the_largest(drawn):
    chart = drawn["importance"]
    assert points(chart, "SHAP") == [[0, 1.0], [1, 0.5], [2, 0.0]]
    assert points(chart, "Permutation") == [[0, 0.5], [1, 1.0], [2, -0.1]]
    assert chart["title"] == "What moves the score most: day minutes; by permutation, day calls."


def test_a_scatter_shows_what_it_says_it_shows(held_out, drawn):
    customers = points(drawn["clv-predicted"], "Customers")
    assert len(customers) == charts.MOST_POINTS
    known = set(zip(held_out.target_clv_usd.tolist(), held_out.clv_usd.tolist(), strict=True))
    assert all((target, answered) in known for target, answered in customers)
    assert [held_out.target_clv_usd.min(), held_out.target_clv_usd.max()] == [customers[0][0], customers[-1][0]]
    for (target, answered), (x, residual) in zip(
        customers, points(drawn["clv-residuals"], "Customers"), strict=True
    ):  # fmt: skip
        assert (x, residual) == (answered, pytest.approx(answered - target, abs=1e-6))


def test_the_profit_chart_marks_the_best_cut_point(held_out, weights, drawn):
    answer = evaluate(held_out, weights, called_sums(held_out, weights), INPUTS)
    (mark,) = drawn["profit"]["marks"]
    assert mark["value"] == answer.best["cut_point"]
    assert f"{answer.best['profit_usd_per_1000']['value']:,.0f} USD for 1,000 customers" in drawn["profit"]["title"]
    counted = answer.best["profit_usd_per_1000"]["value"] + answer.best["optimism_usd_per_1000"]
    assert dict(points(drawn["profit"], "Profit"))[mark["value"]] == pytest.approx(counted, abs=0.011)
    assert taken_off(answer.best) in drawn["profit"]["notes"][-1]


def test_the_profit_chart_names_no_cut_point_where_none_pays(held_out, weights):
    hopeless = replace(INPUTS, contact_cost=50.0, offer_cost=500.0, save_rate=0.1, save_rate_low=0.0, value_share=0.2)
    chart = charts.profit_chart(evaluate(held_out, weights, called_sums(held_out, weights), hopeless), hopeless)
    assert chart["title"] == "No cut-point pays for its calls at an assumed save rate of 10 %."
    assert chart["marks"] == []
    Chart.model_validate(chart)
