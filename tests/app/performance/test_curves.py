"""Figures and curves over resamples are scikit-learn's on the rows that were drawn."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn import metrics

from app.performance import curves
from app.performance.curves import (
    calibration_bins,
    calibration_error,
    clv_figures,
    gain_curve,
    precision_recall_curve,
    probability_figures,
    ranked,
    ranking_figures,
    roc_curve,
)
from app.performance.held_out import TAILS


def drawn(weights, row, *arrays):
    """The rows of one resample, one by one."""
    return [np.repeat(array, weights[row].astype(int)) for array in arrays]


@pytest.fixture(scope="module")
def steps(held_out, weights):
    return ranked(held_out.churned, held_out.churn_probability, weights)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(curves.roc_auc, metrics.roc_auc_score), (curves.average_precision, metrics.average_precision_score)],
)
def test_ranking_metrics_are_scikit_learns_in_every_resample(held_out, weights, steps, ours, theirs):
    values = ours(steps)
    for row in (0, 1, 2, 250, 500):
        assert values[row] == pytest.approx(
            theirs(*drawn(weights, row, held_out.churned, held_out.churn_probability)), abs=1e-12
        )


@pytest.mark.parametrize("name", ["brier_score", "log_loss"])
def test_probability_metrics_are_scikit_learns_in_every_resample(held_out, weights, name):
    values = curves.PROBABILITY_METRICS[name](held_out.churned, held_out.churn_probability, weights)
    theirs = {"brier_score": metrics.brier_score_loss, "log_loss": metrics.log_loss}[name]
    for row in (0, 1, 2, 250, 500):
        churned, probability = drawn(weights, row, held_out.churned, held_out.churn_probability)
        assert values[row] == pytest.approx(theirs(churned, probability.clip(1e-4, 1 - 1e-4)), abs=5e-5)


def test_an_interval_is_the_quantiles_of_the_resamples(held_out, weights):
    found = ranking_figures(held_out.churned, held_out.churn_probability, weights)["roc_auc"]
    values = [
        metrics.roc_auc_score(*drawn(weights, row, held_out.churned, held_out.churn_probability))
        for row in range(1, len(weights))
    ]
    assert (found["low"], found["high"]) == pytest.approx(np.quantile(values, TAILS), abs=1e-6)


def test_the_order_of_rows_changes_no_figure(held_out, weights):
    mixed = np.random.default_rng(1).permutation(len(held_out.churned))
    churned, probability = held_out.churned, held_out.churn_probability
    for figures in (ranking_figures, probability_figures):
        assert figures(churned, probability, weights) == figures(churned[mixed], probability[mixed], weights[:, mixed])


def test_the_roc_curve_is_scikit_learns(held_out, steps):
    x, y = roc_curve(steps)
    false, true, _ = metrics.roc_curve(held_out.churned, held_out.churn_probability, drop_intermediate=False)
    np.testing.assert_allclose(y[0], np.interp(x, false, true), atol=1e-12)
    assert len(x) <= 101
    assert (x[0], x[-1], y[0, -1]) == (0, 1, 1)
    assert (np.diff(y, axis=1) >= 0).all()


def test_precision_is_that_of_the_highest_cut_point_reaching_the_recall(held_out, steps):
    x, y = precision_recall_curve(steps)
    precision, recall, _ = metrics.precision_recall_curve(held_out.churned, held_out.churn_probability)
    for share, value in zip(x, y[0], strict=True):
        assert value == pytest.approx(precision[np.flatnonzero(recall >= share - 1e-12)[-1]], abs=1e-12)


def test_the_gain_of_calling_everybody_down_to_a_cut_point_is_counted(held_out, steps):
    x, y = gain_curve(steps)
    assert y[0, -1] == 1
    for cut_point in (0.1, 0.35, 0.8):
        called = held_out.churn_probability >= cut_point
        reached = held_out.churned[called].sum() / held_out.churned.sum()
        assert np.interp(called.mean(), x, y[0]) == pytest.approx(reached, abs=0.01)


def test_calibration_error_of_a_case_by_hand():
    churned = np.array([False, True, True, True])
    probability = np.array([0.1, 0.2, 0.8, 0.9])
    # Two bins of two rows: |0.5 - 0.15| and |1.0 - 0.85|, equally weighted.
    assert calibration_error(churned, probability, bins=2) == pytest.approx((0.35 + 0.15) / 2)


def test_equal_probabilities_share_their_outcomes_when_a_bin_ends_between_them():
    probability = np.full(4, 0.5)
    for churned in ([True, True, False, False], [True, False, True, False]):
        assert calibration_error(np.array(churned), probability, bins=2) == 0


def test_calibration_error_is_small_for_true_probabilities_and_large_for_inflated_ones(held_out):
    assert calibration_error(held_out.churned, held_out.churn_probability) < 0.06
    assert calibration_error(held_out.churned, held_out.churn_probability**0.4) > 0.15


def test_bins_hold_everybody_once_and_never_part_equal_probabilities(held_out):
    bins = calibration_bins(held_out.churned, held_out.churn_probability)
    assert sum(part["customers"] for part in bins) == len(held_out.churned)
    assert sum(part["churned"] for part in bins) == held_out.churned.sum()
    assert min(part["customers"] for part in bins) >= 30
    assert 3 < len(bins) <= 20
    for before, after in pairwise(bins):
        assert before["high"] < after["low"]
    for part in bins:
        inside = (held_out.churn_probability >= part["low"]) & (held_out.churn_probability <= part["high"])
        assert part["observed"]["value"] == pytest.approx(held_out.churned[inside].mean(), abs=1e-6)


def test_a_small_rest_at_the_top_joins_the_bin_below():
    probability = np.repeat([0.1, 0.2, 0.3, 0.9], [40, 35, 50, 5])
    bins = calibration_bins(np.arange(130) % 2 == 0, probability)
    assert [(part["low"], part["high"], part["customers"]) for part in bins] == [
        (0.1, 0.1, 40),
        (0.2, 0.2, 35),
        (0.3, 0.9, 55),
    ]


def test_one_probability_for_all_is_one_bin():
    (only,) = calibration_bins(np.arange(40) < 10, np.full(40, 0.25))
    assert (only["customers"], only["churned"]) == (40, 10)


def test_lifetime_value_figures_are_scikit_learns(held_out, weights):
    found = clv_figures(held_out.target_clv_usd, held_out.clv_usd, weights)
    target, answered = held_out.target_clv_usd, held_out.clv_usd
    expected = {
        "r2": metrics.r2_score(target, answered),
        "mean_absolute_error_usd": metrics.mean_absolute_error(target, answered),
        "root_mean_squared_error_usd": metrics.root_mean_squared_error(target, answered),
        "mean_absolute_error_ratio": metrics.mean_absolute_error(target, answered) / target.mean(),
    }
    for name, value in expected.items():
        assert found[name]["value"] == pytest.approx(value, abs=1e-6), name
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]
    values = [metrics.r2_score(*drawn(weights, row, target, answered)) for row in range(1, len(weights))]
    assert (found["r2"]["low"], found["r2"]["high"]) == pytest.approx(np.quantile(values, TAILS), abs=1e-6)
