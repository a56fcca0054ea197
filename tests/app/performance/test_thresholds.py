import numpy as np
import pytest
from sklearn import metrics

from app.performance.held_out import TAILS, wilson
from app.performance.thresholds import COLUMNS, COUNTS, confusion, decision_figures, threshold_table
from app.telecom.policy import TIER_CUT_POINTS


@pytest.mark.parametrize("cut_point", [0.0, 0.01, *TIER_CUT_POINTS, 0.305, 0.7, 0.99, 1.0])
def test_the_counts_are_scikit_learns_at_any_cut_point(held_out, weights, cut_point):
    found = confusion(held_out.churned, held_out.churn_probability, weights, cut_point)
    called = held_out.churn_probability >= cut_point
    (tn, fp), (fn, tp) = metrics.confusion_matrix(held_out.churned, called)
    assert [found[name] for name in COUNTS] == [tp, fp, fn, tn]
    expected = {
        "accuracy": metrics.accuracy_score(held_out.churned, called),
        "precision": metrics.precision_score(held_out.churned, called, zero_division=0),
        "recall": metrics.recall_score(held_out.churned, called),
        "f1": metrics.f1_score(held_out.churned, called, zero_division=0),
        "specificity": tn / (tn + fp),
    }
    for name, value in expected.items():
        figure = found["figures"][name]
        if name == "precision" and not called.any():
            assert figure is None
            continue
        assert figure["value"] == pytest.approx(value, abs=1e-6), name
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_an_interval_is_the_quantiles_of_the_resamples(held_out, weights):
    cut_point = TIER_CUT_POINTS[-1]
    found = decision_figures(held_out.churned, held_out.churn_probability, weights, cut_point)["recall"]
    values = []
    for row in weights[1:].astype(int):
        churned, probability = (np.repeat(a, row) for a in (held_out.churned, held_out.churn_probability))
        values.append(metrics.recall_score(churned, probability >= cut_point))
    assert (found["low"], found["high"]) == pytest.approx(np.quantile(values, TAILS), abs=1e-6)


def test_a_few_customers_who_are_all_alike_have_wilsons_interval(held_out, weights):
    churned = held_out.churned.copy()
    churned[-6:] = True
    apart = np.r_[np.zeros(len(churned) - 6), np.ones(6)]
    found = confusion(churned, apart, weights, 0.9)["figures"]
    assert found["precision"] == wilson(6, 6)
    assert found["precision"]["low"] < 0.7
    stayed = int((~churned).sum())
    assert found["specificity"] == wilson(stayed, stayed)


def test_no_share_has_an_interval_narrower_than_wilsons(held_out, weights):
    for cut_point in (0.0, 0.2, 0.5, 0.8, 0.9):
        found = confusion(held_out.churned, held_out.churn_probability, weights, cut_point)
        tp, fp, fn, tn = (found[name] for name in COUNTS)
        n = tp + fp + fn + tn
        parts = {"accuracy": (tp + tn, n), "precision": (tp, tp + fp), "recall": (tp, tp + fn),
                 "specificity": (tn, tn + fp)}  # fmt: skip
        resampled = decision_figures(held_out.churned, held_out.churn_probability, weights, cut_point)
        for name, (part, whole) in parts.items():
            counted, shown = wilson(part, whole), found["figures"][name]
            wider = max(counted, resampled[name], key=lambda figure: figure["high"] - figure["low"])
            assert shown == wider, (cut_point, name)
        assert found["figures"]["f1"] == resampled["f1"]


def test_where_nobody_is_called_there_is_no_precision(held_out, weights):
    found = confusion(held_out.churned, np.zeros(len(held_out.churned)), weights, 0.5)["figures"]
    assert found["precision"] is None
    assert (found["recall"]["value"], found["recall"]["high"] > 0) == (0.0, True)


def test_a_customer_on_the_cut_point_is_called(held_out, weights):
    on = float(held_out.churn_probability[len(held_out.churned) // 2])
    exactly = (held_out.churn_probability == on).sum()
    assert exactly > 0
    found, above = (
        confusion(held_out.churned, held_out.churn_probability, weights, cut) for cut in (on, np.nextafter(on, 1))
    )
    assert round((found["called_share"] - above["called_share"]) * len(held_out.churned)) == exactly


def test_accuracy_stands_beside_the_majority_share(held_out, weights):
    figures = confusion(held_out.churned, held_out.churn_probability, weights, 1.0)["figures"]
    rate = held_out.churned.mean()
    assert figures["churn_rate"] == pytest.approx(rate, abs=1e-6)
    assert figures["majority_share"] == pytest.approx(max(rate, 1 - rate), abs=1e-6)


def test_the_table_says_at_each_cut_point_what_the_matrix_says(held_out, weights):
    table = threshold_table(held_out.churned, held_out.churn_probability, weights)
    names = [column["name"] for column in table["columns"]]
    assert table["columns"] == list(COLUMNS)
    assert {row["cut_point"] for row in table["rows"]} >= {0.0, *TIER_CUT_POINTS, 1.0}
    for row in table["rows"]:
        assert sorted(row) == sorted(names)
        matrix = confusion(held_out.churned, held_out.churn_probability, weights, row["cut_point"])
        assert {name: row[name] for name in COUNTS} == {name: matrix[name] for name in COUNTS}
        assert row["f1"] == matrix["figures"]["f1"]
