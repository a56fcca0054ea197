import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.metrics import calibration_error, churn_figures, clv_figures, with_interval

RANDOM = np.random.default_rng(0)
PROBABILITY = RANDOM.random(2000)
CHURNED = RANDOM.random(2000) < PROBABILITY


def test_calibration_error_of_a_case_by_hand():
    churned = np.array([False, True, True, True])
    probability = np.array([0.1, 0.2, 0.8, 0.9])
    # Two bins of two rows: |0.5 - 0.15| and |1.0 - 0.85|, equally weighted.
    assert calibration_error(churned, probability, bins=2) == pytest.approx((0.35 + 0.15) / 2)


def test_calibration_error_is_small_for_true_probabilities_and_large_for_inflated_ones():
    assert calibration_error(CHURNED, PROBABILITY) < 0.03
    assert calibration_error(CHURNED, PROBABILITY**0.5) > 0.1


def test_an_interval_encloses_its_value_and_narrows_with_rows():
    few = with_interval(roc_auc_score, CHURNED[:100], PROBABILITY[:100], seed=0)
    many = with_interval(roc_auc_score, CHURNED, PROBABILITY, seed=0)
    for figure in (few, many):
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 2
    assert with_interval(roc_auc_score, CHURNED, PROBABILITY, seed=0) == many


def test_resamples_without_a_churner_are_drawn_again():
    rare = np.zeros(30, dtype=bool)
    rare[0] = True
    figure = with_interval(roc_auc_score, rare, np.linspace(1, 0, 30), seed=0)
    assert figure["value"] == 1.0
    assert np.isfinite([figure["low"], figure["high"]]).all()


def test_always_no_is_shown_beside_the_accuracy():
    figures = churn_figures(CHURNED, np.zeros(2000), cut_point=0.5, seed=0)
    assert figures["accuracy"]["value"] == pytest.approx(1 - CHURNED.mean(), abs=1e-6)
    assert figures["majority_share"] == pytest.approx(max(CHURNED.mean(), 1 - CHURNED.mean()), abs=1e-6)
    assert figures["recall"]["value"] == figures["precision"]["value"] == 0.0


def test_lifetime_value_figures_of_a_case_by_hand():
    target = np.array([100.0, 200.0, 300.0])
    predicted = np.array([110.0, 190.0, 300.0])
    figures = clv_figures(target, predicted, predicted - 5, predicted + 5, seed=0)
    assert figures["mean_absolute_error_ratio"]["value"] == pytest.approx(20 / 3 / 200, abs=1e-6)
    assert figures["interval_coverage"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert figures["r2"]["value"] == pytest.approx(1 - 200 / 20_000, abs=1e-6)
