import numpy as np
import pytest

from app.performance.held_out import resamples
from training.metrics import churn_figures, clv_figures

RANDOM = np.random.default_rng(0)
PROBABILITY = RANDOM.random(2000)
CHURNED = RANDOM.random(2000) < PROBABILITY


def figures_of(churned, probability):
    return churn_figures(churned, probability, 0.5, resamples(len(churned), 0, churned))


def test_every_figure_encloses_its_value_and_narrows_with_rows():
    few = figures_of(CHURNED[:100], PROBABILITY[:100])
    many = figures_of(CHURNED, PROBABILITY)
    for name, figure in many.items():
        if isinstance(figure, dict) and "low" in figure:
            assert figure["low"] <= figure["value"] <= figure["high"], name
            assert figure["high"] - figure["low"] < (few[name]["high"] - few[name]["low"]) / 2, name
    assert figures_of(CHURNED, PROBABILITY) == many


def test_the_calibration_error_has_no_interval():
    assert figures_of(CHURNED, PROBABILITY)["calibration_error"].keys() == {"value"}


def test_always_no_is_shown_beside_the_accuracy():
    figures = figures_of(CHURNED, np.zeros(2000))
    assert figures["accuracy"]["value"] == pytest.approx(1 - CHURNED.mean(), abs=1e-6)
    assert figures["majority_share"] == pytest.approx(max(CHURNED.mean(), 1 - CHURNED.mean()), abs=1e-6)
    assert figures["recall"]["value"] == figures["precision"]["value"] == 0.0
    assert figures["specificity"]["value"] == 1.0


def test_lifetime_value_figures_of_a_case_by_hand():
    target = np.array([100.0, 200.0, 300.0])
    predicted = np.array([110.0, 190.0, 300.0])
    figures = clv_figures(target, predicted, predicted - 5, predicted + 5, resamples(3, seed=0))
    assert figures["mean_absolute_error_usd"]["value"] == pytest.approx(20 / 3, abs=1e-6)
    assert figures["root_mean_squared_error_usd"]["value"] == pytest.approx((200 / 3) ** 0.5, abs=1e-6)
    assert figures["mean_absolute_error_ratio"]["value"] == pytest.approx(20 / 3 / 200, abs=1e-6)
    assert figures["interval_coverage"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert figures["r2"]["value"] == pytest.approx(1 - 200 / 20_000, abs=1e-6)
