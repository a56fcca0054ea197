"""What a cut-point decides: who is called a leaver, how many rightly, and at which price in wrong calls."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.performance.held_out import Booleans, Figure, Floats, decimal, figure, weighted_sum, wilson

CUT_POINTS: Final = np.arange(21) / 20
"""Cut-points of the threshold table; the policy's own are among them."""
COUNTS: Final = ("true_positives", "false_positives", "false_negatives", "true_negatives")
COLUMNS: Final = (
    {"name": "cut_point", "label": "Cut-point", "unit": "probability"},
    {"name": "called_share", "label": "Called", "unit": "share"},
    {"name": "true_positives", "label": "Leavers called", "unit": "count"},
    {"name": "false_positives", "label": "Stayers called", "unit": "count"},
    {"name": "false_negatives", "label": "Leavers missed", "unit": "count"},
    {"name": "true_negatives", "label": "Stayers left alone", "unit": "count"},
    {"name": "precision", "label": "Precision", "unit": "share"},
    {"name": "recall", "label": "Recall", "unit": "share"},
    {"name": "f1", "label": "F1", "unit": "share"},
    {"name": "specificity", "label": "Specificity", "unit": "share"},
    {"name": "accuracy", "label": "Accuracy", "unit": "share"},
)

MATRIX_INTERVALS: Final = (
    "95 % intervals over resamples of the held-out customers, or Wilson's where that is wider, as it is for few "
    "customers. F1 is no share and has the former alone."
)
TABLE_NOTE: Final = (
    "The intervals of this table are over resamples of the held-out customers alone: where few customers are called "
    "they are too narrow, and where nobody is called precision is written as 0."
)


@dataclass(frozen=True)
class Decided:
    """Weighted counts in every resample, each shape (b,) or (b, m) for m cut-points."""

    true_positives: Floats
    false_positives: Floats
    false_negatives: Floats
    true_negatives: Floats

    @property
    def accuracy(self) -> Floats:
        """Share decided rightly; to be read beside the majority share."""
        right = self.true_positives + self.true_negatives
        return right / (right + self.false_positives + self.false_negatives)

    @property
    def precision(self) -> Floats:
        """Share of leavers among those called; 0 where nobody is called."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> Floats:
        """Share of leavers who are called."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> Floats:
        """Harmonic mean of precision and recall; 0 where nobody is called rightly."""
        wrong = self.false_positives + self.false_negatives
        return _share(2 * self.true_positives, 2 * self.true_positives + wrong)

    @property
    def specificity(self) -> Floats:
        """Share of stayers who are left alone."""
        return _share(self.true_negatives, self.true_negatives + self.false_positives)


DECISION_METRICS: Final = ("accuracy", "precision", "recall", "f1", "specificity")


def decided(churned: Booleans, probability: Floats, weights: Floats, cut_points: Floats) -> Decided:
    """Count who is called rightly and wrongly at each cut-point: those with at least that probability are called.

    Parameters
    ----------
    churned, probability : ndarray, shape (n,)
    weights : ndarray, shape (b, n)
    cut_points : ndarray, shape (m,)

    Returns
    -------
    Decided
        Arrays of shape (b, m).
    """
    called = probability[:, None] >= cut_points
    both = (churned[:, None], ~churned[:, None])
    true, false = (weighted_sum(weights, (called & label).astype(np.float64)) for label in both)
    leavers, stayers = (weighted_sum(weights, label.astype(np.float64)) for label in both)
    return Decided(true, false, leavers - true, stayers - false)


def decision_figures(churned: Booleans, probability: Floats, weights: Floats, cut_point: float) -> dict[str, Figure]:
    """Give every decision metric at one cut-point with its interval."""
    counts = decided(churned, probability, weights, np.array([cut_point]))
    return {name: figure(getattr(counts, name)[:, 0]) for name in DECISION_METRICS}


def base_rates(churned: Booleans) -> dict[str, float]:
    """Give what every accuracy is to be read beside: the share that left, and of the larger class."""
    rate = float(churned.mean())
    return {"churn_rate": decimal(rate), "majority_share": decimal(max(rate, 1 - rate))}


def confusion(churned: Booleans, probability: Floats, weights: Floats, cut_point: float) -> dict[str, Any]:
    """Give the four counts at one cut-point, and the figures that follow from them.

    Resamples of a few customers who are all alike do not vary: a share's interval is never narrower than Wilson's.
    There is no precision (None) where nobody is called.
    """
    decisions = decided(churned, probability, weights[:1], np.array([cut_point]))
    counts = {name: int(getattr(decisions, name)[0, 0]) for name in COUNTS}
    figures: dict[str, Figure | None] = {**decision_figures(churned, probability, weights, cut_point)}
    for name, (part, whole) in _parts(**counts).items():
        counted = wilson(part, whole) if whole else None
        resampled = figures[name]
        if counted is None or resampled is None or _width(resampled) < _width(counted):
            figures[name] = counted
    return {
        "cut_point": cut_point,
        "customers": len(churned),
        **counts,
        "called_share": decimal((probability >= cut_point).mean()),
        "figures": {**figures, **base_rates(churned)},
        "intervals": MATRIX_INTERVALS,
    }


def _parts(
    true_positives: int, false_positives: int, false_negatives: int, true_negatives: int
) -> dict[str, tuple[int, int]]:
    """Give each metric that is a share of customers as who counts, of how many."""
    right, wrong = true_positives + true_negatives, false_positives + false_negatives
    return {
        "accuracy": (right, right + wrong),
        "precision": (true_positives, true_positives + false_positives),
        "recall": (true_positives, true_positives + false_negatives),
        "specificity": (true_negatives, true_negatives + false_positives),
    }


def _width(found: Figure) -> float:
    return found["high"] - found["low"]


def threshold_table(churned: Booleans, probability: Floats, weights: Floats) -> dict[str, Any]:
    """Lay the same out for a row of cut-points from 0 to 1, every figure with its interval."""
    counts = decided(churned, probability, weights, CUT_POINTS)
    rows = []
    for place, cut_point in enumerate(CUT_POINTS.tolist()):
        row: dict[str, Any] = {"cut_point": cut_point, "called_share": decimal((probability >= cut_point).mean())}
        row |= {name: int(getattr(counts, name)[0, place]) for name in COUNTS}
        row |= {name: figure(getattr(counts, name)[:, place]) for name in DECISION_METRICS}
        rows.append(row)
    return {"columns": list(COLUMNS), "rows": rows}


def _share(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), 0.0)
