"""How well scores rank and how true probabilities are: figures and curves over resamples, vectorised.

Every function takes ``weights``, shape (b, n), from ``held_out.resamples``: row 0 gives the figure, the others its
interval. Customers of equal score are one step of a curve, so their order never matters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.performance.held_out import Booleans, Figure, Floats, decimal, figure, mean_metric, wilson

SMALLEST_PROBABILITY: Final = 1e-4
LEAST_IN_BIN: Final = 30
MOST_BINS: Final = 20
FINE_SHARES: Final = np.unique(np.concatenate([np.arange(10) / 1000, np.arange(10) / 100, np.arange(5, 51) / 50]))
"""Shares of stayers at which the ROC curve is drawn: close together where it rises, 0 to 1."""
SHARES: Final = np.arange(1, 101) / 100


@dataclass(frozen=True)
class Ranked:
    """Customers by falling score, one step for each distinct score.

    Attributes
    ----------
    score : ndarray, shape (g,)
        Distinct scores, highest first.
    leavers, stayers : ndarray, shape (b, g + 1)
        Weight of those with at least this score; the first column, above every score, is 0.
    """

    score: Floats
    leavers: Floats
    stayers: Floats

    @property
    def recall(self) -> Floats:
        """Share of leavers reached at each step: shape (b, g + 1)."""
        return self.leavers / self.leavers[:, -1:]

    @property
    def false_positive_rate(self) -> Floats:
        """Share of stayers called at each step: shape (b, g + 1)."""
        return self.stayers / self.stayers[:, -1:]

    @property
    def precision(self) -> Floats:
        """Share of leavers among those called at each step: shape (b, g + 1); 1 where nobody is called."""
        called = self.leavers + self.stayers
        return np.where(called > 0, self.leavers / np.where(called > 0, called, 1.0), 1.0)

    @property
    def called_share(self) -> Floats:
        """Share of all customers called at each step: shape (b, g + 1)."""
        called = self.leavers + self.stayers
        return called / called[:, -1:]


def ranked(churned: Booleans, score: Floats, weights: Floats) -> Ranked:
    """Sort customers by score and count leavers and stayers from the top, in every resample."""
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(falling)) + 1])
    sums = [np.add.reduceat(weights[:, order] * label[order], starts, axis=1) for label in (churned, ~churned)]
    leavers, stayers = (np.pad(np.cumsum(part, axis=1), ((0, 0), (1, 0))) for part in sums)
    return Ranked(falling[starts], leavers, stayers)


def roc_auc(steps: Ranked) -> Floats:
    """Area under the ROC curve, ties counting one half: shape (b,) (Hanley and McNeil 1982)."""
    recall = steps.recall
    area: Floats = (np.diff(steps.false_positive_rate) * (recall[:, 1:] + recall[:, :-1]) / 2).sum(axis=1)
    return area


def average_precision(steps: Ranked) -> Floats:
    """Mean precision over the steps that reach new leavers, weighted by how many: shape (b,)."""
    mean: Floats = (np.diff(steps.recall) * steps.precision[:, 1:]).sum(axis=1)
    return mean


RANKING_METRICS: Final = {"roc_auc": roc_auc, "average_precision": average_precision}


def brier_score(churned: Booleans, probability: Floats, weights: Floats) -> Floats:
    """Mean squared distance of probability and outcome (Brier 1950): shape (b,)."""
    return mean_metric((probability - churned) ** 2)(weights)


def log_loss(churned: Booleans, probability: Floats, weights: Floats) -> Floats:
    """Mean negative log-likelihood, with probabilities kept 1e-4 away from 0 and 1: shape (b,)."""
    bounded = np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return mean_metric(-np.log(np.where(churned, bounded, 1 - bounded)))(weights)


PROBABILITY_METRICS: Final = {"brier_score": brier_score, "log_loss": log_loss}


def ranking_figures(churned: Booleans, score: Floats, weights: Floats) -> dict[str, Figure]:
    """Give every ranking metric with its interval."""
    steps = ranked(churned, score, weights)
    return {name: figure(metric(steps)) for name, metric in RANKING_METRICS.items()}


def probability_figures(churned: Booleans, probability: Floats, weights: Floats) -> dict[str, Figure]:
    """Give every metric of probabilities with its interval, and the calibration error without one."""
    found = {name: figure(metric(churned, probability, weights)) for name, metric in PROBABILITY_METRICS.items()}
    # No interval: a resample of a calibrated model is less calibrated than the model, so the bootstrap only goes up.
    return found | {"calibration_error": {"value": decimal(calibration_error(churned, probability))}}


def calibration_error(churned: Booleans, probability: Floats, bins: int = 10) -> float:
    """Expected calibration error over equal-mass bins (Naeini, Cooper and Hauskrecht 2015).

    Rows are sorted by probability and cut into ``bins`` parts of equal size; the error is the mean of |observed share -
    mean probability|, weighted by the size of the part. Equal probabilities share their outcomes evenly, so that the
    order of rows does not matter where a cut goes through them.

    Examples
    --------
    >>> calibration_error(np.array([False, True]), np.array([0.0, 1.0]), bins=2)
    0.0
    """
    order = np.argsort(probability, kind="stable")
    _, group, sizes = np.unique(probability, return_inverse=True, return_counts=True)
    gap = (np.bincount(group, weights=churned) / sizes)[group] - probability
    return float(sum(abs(gap[part].sum()) for part in np.array_split(order, bins)) / len(churned))


def roc_curve(steps: Ranked) -> tuple[Floats, Floats]:
    """Share of leavers called at each share of stayers called, in every resample.

    Where the curve rises straight up its upper end counts, so the first value is what costs no stayer at all.

    Returns
    -------
    x : ndarray, shape (m,)
        ``FINE_SHARES``.
    y : ndarray, shape (b, m)
    """
    rows = zip(steps.false_positive_rate, steps.recall, strict=True)
    return FINE_SHARES, np.array([np.interp(FINE_SHARES, stayers, leavers) for stayers, leavers in rows])


def precision_recall_curve(steps: Ranked) -> tuple[Floats, Floats]:
    """Precision at the highest cut-point that reaches each share of leavers: x (m,), y (b, m)."""
    rows = zip(steps.recall, steps.precision, strict=True)
    # A share that should be reached exactly may miss it by a rounding of the division.
    return SHARES, np.array([precision[np.searchsorted(recall, SHARES - 1e-12)] for recall, precision in rows])


def gain_curve(steps: Ranked) -> tuple[Floats, Floats]:
    """Share of leavers reached by calling each share of customers from the top: x (m,), y (b, m).

    Among customers of equal score the share rises evenly: nobody knows whom of them to call first.
    """
    rows = zip(steps.called_share, steps.recall, strict=True)
    return SHARES, np.array([np.interp(SHARES, called, recall) for called, recall in rows])


def calibration_bins(churned: Booleans, probability: Floats) -> list[dict[str, Any]]:
    """Compare what was said with what happened, in bins of neighbouring probabilities.

    Equal probabilities are never parted, each bin holds at least 30 customers, and there are at most 20.

    Returns
    -------
    list of dict
        ``low`` and ``high`` (smallest and largest probability), ``customers``, ``churned``, ``mean_probability`` and
        ``observed`` (share that left, Wilson's 95 % interval), lowest first.
    """
    least = max(LEAST_IN_BIN, len(churned) / MOST_BINS)
    order = np.argsort(probability, kind="stable")
    _, sizes = np.unique(probability, return_counts=True)
    parts: list[int] = []
    for size in sizes.tolist():
        if parts and parts[-1] < least:
            parts[-1] += size
        else:
            parts.append(size)
    if len(parts) > 1 and parts[-1] < least:
        last = parts.pop()
        parts[-1] += last
    return [_bin(churned[rows], probability[rows]) for rows in np.split(order, np.cumsum(parts)[:-1])]


def _bin(churned: Booleans, probability: Floats) -> dict[str, Any]:
    return {
        "low": decimal(probability.min()),
        "high": decimal(probability.max()),
        "customers": len(churned),
        "churned": int(churned.sum()),
        "mean_probability": decimal(probability.mean()),
        "observed": wilson(int(churned.sum()), len(churned)),
    }


def clv_figures(target_usd: Floats, clv_usd: Floats, weights: Floats) -> dict[str, Any]:
    """Give every figure of the lifetime value against its derived target, with intervals.

    Parameters
    ----------
    target_usd, clv_usd : ndarray, shape (n,)
        By the formula, and as answered (USD).
    """
    rows, mean = weights.sum(axis=1), mean_metric(target_usd)(weights)
    residual = target_usd - clv_usd
    squared, absolute = mean_metric(residual**2)(weights), mean_metric(np.abs(residual))(weights)
    spread = mean_metric((target_usd - target_usd.mean()) ** 2)(weights) - (mean - target_usd.mean()) ** 2
    # In a resample of one value there is nothing to explain, and only exact answers explain it.
    varies = spread > 1e-12 * target_usd.var()
    values: Mapping[str, Floats] = {
        "r2": np.where(varies, 1 - squared / np.where(varies, spread, 1.0), squared == 0),
        "mean_absolute_error_usd": absolute,
        "root_mean_squared_error_usd": np.sqrt(squared),
        "mean_absolute_error_ratio": absolute / mean,
    }
    return {
        "rows": int(rows[0]),
        "mean_target_usd": round(float(mean[0]), 2),
        **{name: figure(value) for name, value in values.items()},
    }
