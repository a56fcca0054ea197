"""Figures that go into a card, each with a bootstrap interval, and the words to read them by."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
)

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Figure = dict[str, float]

BOOTSTRAP_ROUNDS: Final = 500
COVERAGE: Final = 0.95
DECIMALS: Final = 6
_SMALLEST_PROBABILITY: Final = 1e-4


def calibration_error(churned: Booleans, probability: Floats, bins: int = 10) -> float:
    """Expected calibration error over equal-mass bins (Naeini, Cooper and Hauskrecht 2015).

    Rows are sorted by probability (ties in row order) and cut into ``bins`` parts of equal size; the error is the mean
    of |observed share - mean probability|, weighted by the size of the part.

    Examples
    --------
    >>> calibration_error(np.array([False, True]), np.array([0.0, 1.0]), bins=2)
    0.0
    """
    order = np.argsort(probability, kind="stable")
    gaps = [len(part) * abs(churned[part].mean() - probability[part].mean()) for part in np.array_split(order, bins)]
    return float(sum(gaps) / len(churned))


def bounded_log_loss(churned: Booleans, probability: Floats) -> float:
    """Mean negative log-likelihood, with probabilities kept 1e-4 away from 0 and 1."""
    return float(log_loss(churned, np.clip(probability, _SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)))


RANKING_METRICS: Final[Mapping[str, Callable[[Booleans, Floats], float]]] = {
    "roc_auc": roc_auc_score,
    "average_precision": average_precision_score,
}
PROBABILITY_METRICS: Final[Mapping[str, Callable[[Booleans, Floats], float]]] = {
    "brier_score": brier_score_loss,
    "log_loss": bounded_log_loss,
}
DECISION_METRICS: Final[Mapping[str, Callable[[Booleans, Booleans], float]]] = {
    "accuracy": accuracy_score,
    "precision": lambda churned, called: precision_score(churned, called, zero_division=0.0),
    "recall": recall_score,
    "f1": f1_score,
}


def with_interval(metric: Callable[..., float], *rows: NDArray[Any], seed: int) -> Figure:
    """Compute a metric and its 95 % percentile-bootstrap interval over customers.

    Resamples in which the metric is not defined (a single class, say) are drawn again, so the interval always rests
    on ``BOOTSTRAP_ROUNDS`` values. The first array is the label.

    Returns
    -------
    dict
        ``value``, ``low`` and ``high``, rounded to 6 decimals.
    """
    random = np.random.default_rng(seed)
    values: list[float] = []
    label = rows[0]
    while len(values) < BOOTSTRAP_ROUNDS:
        drawn = random.integers(0, len(label), len(label))
        if label.dtype == np.bool_ and not 0 < label[drawn].sum() < len(drawn):
            continue
        values.append(float(metric(*(array[drawn] for array in rows))))
    low, high = np.quantile(values, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    named = {"value": float(metric(*rows)), "low": float(low), "high": float(high)}
    return {name: round(number, DECIMALS) for name, number in named.items()}


def churn_figures(churned: Booleans, probability: Floats, cut_point: float, seed: int) -> dict[str, Any]:
    """Give every churn figure of a card: ranking, probability and decision metrics, beside the majority share.

    Parameters
    ----------
    churned : ndarray of bool, shape (n,)
        Whether each customer left.
    probability : ndarray, shape (n,)
        Calibrated churn probability.
    cut_point : float
        Probability from which a customer is called a leaver.
    seed : int
        Seed of the bootstrap.
    """
    called = probability >= cut_point
    figures: dict[str, Any] = {
        "rows": len(churned),
        "churn_rate": round(float(churned.mean()), DECIMALS),
        "majority_share": round(float(max(churned.mean(), 1 - churned.mean())), DECIMALS),
        "cut_point": cut_point,
    }
    for name, metric in {**RANKING_METRICS, **PROBABILITY_METRICS}.items():
        figures[name] = with_interval(metric, churned, probability, seed=seed)
    # No interval: a resample of a calibrated model is less calibrated than the model, so the bootstrap only goes up.
    figures["calibration_error"] = {"value": round(calibration_error(churned, probability), DECIMALS)}
    for name, decided in DECISION_METRICS.items():
        figures[name] = with_interval(decided, churned, called, seed=seed)
    return figures


def clv_figures(target_usd: Floats, clv_usd: Floats, low_usd: Floats, high_usd: Floats, seed: int) -> dict[str, Any]:
    """Give every lifetime-value figure of a card, against the derived target (USD)."""

    def mean_absolute_error_ratio(target: Floats, predicted: Floats) -> float:
        return float(np.abs(target - predicted).mean() / target.mean())

    def covered(target: Floats, low: Floats, high: Floats) -> float:
        return float(((low <= target) & (target <= high)).mean())

    return {
        "rows": len(target_usd),
        "mean_target_usd": round(float(target_usd.mean()), 2),
        "r2": with_interval(r2_score, target_usd, clv_usd, seed=seed),
        "mean_absolute_error_ratio": with_interval(mean_absolute_error_ratio, target_usd, clv_usd, seed=seed),
        "interval_coverage": with_interval(covered, target_usd, low_usd, high_usd, seed=seed),
    }
