"""Figures that go into a card, each with a bootstrap interval, and the words to read them by."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.performance.curves import clv_figures as clv_errors
from app.performance.curves import probability_figures, ranking_figures
from app.performance.held_out import figure, mean_metric
from app.performance.thresholds import base_rates, decision_figures

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


def churn_figures(churned: Booleans, probability: Floats, cut_point: float, weights: Floats) -> dict[str, Any]:
    """Give every churn figure of a card: ranking, probability and decision metrics, beside the majority share.

    Parameters
    ----------
    churned : ndarray of bool, shape (n,)
        Whether each customer left.
    probability : ndarray, shape (n,)
        Calibrated churn probability.
    cut_point : float
        Probability from which a customer is called a leaver.
    weights : ndarray, shape (b, n)
        The resamples that all figures share.
    """
    return {
        "rows": len(churned),
        **base_rates(churned),
        "cut_point": cut_point,
        **ranking_figures(churned, probability, weights),
        **probability_figures(churned, probability, weights),
        **decision_figures(churned, probability, weights, cut_point),
    }


def clv_figures(
    target_usd: Floats, clv_usd: Floats, low_usd: Floats, high_usd: Floats, weights: Floats
) -> dict[str, Any]:
    """Give every lifetime-value figure of a card, against the derived target (USD)."""
    covered = mean_metric(((low_usd <= target_usd) & (target_usd <= high_usd)).astype(np.float64))
    return {**clv_errors(target_usd, clv_usd, weights), "interval_coverage": figure(covered(weights))}
