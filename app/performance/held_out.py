"""The customers no model saw: their labels, scores and money as a version seals them, and resamples of them."""

import io
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Figure = dict[str, float]

FILE: Final = "held_out.npz"
PERFORMANCE: Final = "performance.json"
"""What a version's page shows at first, worked out when it was sealed."""
ROUNDS: Final = 500
"""Resamples behind every interval."""
COVERAGE: Final = 0.95
DECIMALS: Final = 6
TAILS: Final = ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)


@dataclass(frozen=True)
class HeldOut:
    """Held-out customers, lowest probability first; no id and no profile is kept.

    Attributes
    ----------
    churned : ndarray of bool, shape (n,)
        Whether the customer left.
    forest_score : ndarray, shape (n,)
        The forest's score before calibration, 0-1.
    churn_probability : ndarray, shape (n,)
        Calibrated probability as it is answered, 0-1, never falling from row to row.
    clv_usd, target_clv_usd : ndarray, shape (n,)
        Lifetime value as answered, and by the formula from the true bill (USD).
    remaining_value_usd : ndarray, shape (n,)
        The true bill times the expected remaining months (USD): what is lost with a customer who leaves.
    predicted_remaining_usd : ndarray, shape (n,)
        The same as far as the model can know it: from the bill, or from the estimated lifetime value without minutes.

    Raises
    ------
    ValueError
        The arrays differ in length, are not in order, hold a value that is not finite, or only one class occurs.
    """

    churned: Booleans
    forest_score: Floats
    churn_probability: Floats
    clv_usd: Floats
    target_clv_usd: Floats
    remaining_value_usd: Floats
    predicted_remaining_usd: Floats

    def __post_init__(self) -> None:
        arrays = [getattr(self, name) for name in NAMES]
        if {array.shape for array in arrays} != {(len(self.churned),)}:
            raise ValueError("held-out arrays must have one value a customer each")
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("held-out values must be finite")
        if np.any(np.diff(self.churn_probability) < 0):
            raise ValueError("held-out customers must be sorted by probability")
        if self.churned.all() or not self.churned.any():
            raise ValueError("held-out customers must hold some who stayed and some who left")

    @classmethod
    def from_npz(cls, content: bytes) -> "HeldOut":
        """Read the arrays of ``held_out.npz``; other arrays are ignored.

        Raises
        ------
        KeyError, ValueError
            An array is missing, or breaks the rules above.
        """
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in NAMES})

    def resamples(self, seed: int) -> Floats:
        """Draw the resamples that every figure of these customers shares: shape (1 + ROUNDS, n).

        They are drawn in the order of the lifetime values, which are exact: where two probabilities differ by another
        processor's rounding, customers change places but keep their weights.
        """
        order = np.argsort(self.target_clv_usd, kind="stable")
        weights = np.empty((1 + ROUNDS, len(order)))
        weights[:, order] = resamples(len(order), seed, self.churned[order])
        return weights

    def to_npz(self) -> bytes:
        """Write the arrays as a compressed ``.npz``: plain numbers, nothing that runs when it is read."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **{name: getattr(self, name) for name in NAMES})
        return buffer.getvalue()


NAMES: Final = tuple(field.name for field in fields(HeldOut))


def in_order(churn_probability: Floats, target_clv_usd: Floats) -> NDArray[np.intp]:
    """Order customers by probability and, where it is equal, by value: the table's own order is not kept."""
    return np.lexsort((np.round(target_clv_usd, 2), churn_probability))


def resamples(rows: int, seed: int, churned: Booleans | None = None) -> Floats:
    """Draw bootstrap resamples as weights, shared by every figure over the same customers.

    Parameters
    ----------
    rows : int
        Number of customers n.
    seed : int
        Seed of the draws.
    churned : ndarray of bool, shape (n,), optional
        Labels; a resample without one of the two classes is drawn again, because ranking has no meaning in it.

    Returns
    -------
    ndarray, shape (1 + ROUNDS, n)
        How often each customer counts. Row 0 counts everybody once: the figure itself.
    """
    random = np.random.default_rng(seed)
    weights = np.ones((1 + ROUNDS, rows))
    for row in weights[1:]:
        while True:
            row[:] = np.bincount(random.integers(0, rows, rows), minlength=rows)
            if churned is None or 0 < row @ churned < rows:
                break
    return weights


def figure(values: Floats) -> Figure:
    """Turn a metric over ``resamples``, shape (1 + ROUNDS,), into its value and 95 % percentile interval."""
    low, high = np.quantile(values[1:], TAILS)
    return rounded(values[0], low, high)


def band(values: Floats) -> tuple[Floats, Floats]:
    """Find the 95 % band of a curve over ``resamples``, shape (1 + ROUNDS, m): its lower and upper line."""
    low, high = np.quantile(values[1:], TAILS, axis=0)
    return low, high


def rounded(value: float, low: float, high: float) -> Figure:
    """Name a figure and its bounds, rounded to 6 decimals."""
    return {"value": decimal(value), "low": decimal(low), "high": decimal(high)}


def decimal(value: float) -> float:
    """Round to 6 decimals, and write a negative zero as zero."""
    return round(float(value), DECIMALS) + 0.0


def wilson(successes: Any, trials: Any) -> Figure:
    """Bound a share by Wilson's 95 % interval (Wilson 1927, "Probable Inference").

    No trial at all says nothing: the share is 0 and its interval the whole of 0-1.

    Examples
    --------
    >>> wilson(5, 10)
    {'value': 0.5, 'low': 0.236593, 'high': 0.763407}
    >>> wilson(0, 0)
    {'value': 0.0, 'low': 0.0, 'high': 1.0}
    """
    if not trials:
        return rounded(0.0, 0.0, 1.0)
    z = 1.959963984540054
    share = successes / trials
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    reach = z / (1 + z**2 / trials) * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return rounded(share, max(0.0, middle - reach), min(1.0, middle + reach))


def weighted_sum(weights: Floats, values: Floats) -> Floats:
    """Add values up over customers in every resample: (b, n) and (n,) or (n, m) to (b,) or (b, m).

    Not by BLAS, whose threads wait for each other when the machine is busy: a slider would wait with them.
    """
    total: Floats = np.einsum("bn,n...->b...", weights, values)
    return total


def mean_metric(per_customer: Floats) -> Callable[[Floats], Floats]:
    """Give the metric that is a mean over customers, as a function of the weights: shape (b, n) to (b,)."""
    return lambda weights: weighted_sum(weights, per_customer) / weights.sum(axis=1)
