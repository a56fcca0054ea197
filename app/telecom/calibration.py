"""Calibration table: from a forest's score to a churn probability with its interval."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CalibrationTable:
    """Knots of three non-decreasing curves over the forest's score.

    Attributes
    ----------
    score : ndarray, shape (m,)
        Strictly increasing forest scores in [0, 1].
    probability : ndarray, shape (m,)
        Calibrated churn probability at each knot, in [0, 1]; no time horizon, because the table has no dates.
    low, high : ndarray, shape (m,)
        Lower and upper bound of the probability at each knot; ``low <= probability <= high``.

    Raises
    ------
    ValueError
        The knots are not increasing, a curve falls, leaves [0, 1] or crosses another.
    """

    score: Floats
    probability: Floats
    low: Floats
    high: Floats

    def __post_init__(self) -> None:
        curves = (self.low, self.probability, self.high)
        if len(self.score) < 2 or np.any(np.diff(self.score) <= 0):
            raise ValueError("calibration scores must be strictly increasing")
        if any(len(curve) != len(self.score) or np.any(np.diff(curve) < 0) for curve in curves):
            raise ValueError("calibration curves must not fall")
        if np.any(self.low > self.probability) or np.any(self.probability > self.high):
            raise ValueError("calibration bounds must enclose the probability")
        if self.low[0] < 0 or self.high[-1] > 1:
            raise ValueError("calibrated probabilities must lie between 0 and 1")

    @classmethod
    def from_card(cls, knots: Mapping[str, list[float]]) -> "CalibrationTable":
        """Rebuild the table from the lists a card stores."""
        return cls(*(np.array(knots[name], dtype=np.float64) for name in ("score", "probability", "low", "high")))

    def to_card(self) -> dict[str, list[float]]:
        """Give the knots as plain lists for a card."""
        return {name: getattr(self, name).tolist() for name in ("score", "probability", "low", "high")}

    def apply(self, score: Floats) -> tuple[Floats, Floats, Floats]:
        """Read the three curves at each score, linearly between knots and flat outside them.

        Parameters
        ----------
        score : ndarray, shape (n,)
            Forest scores in [0, 1].

        Returns
        -------
        probability, low, high : ndarray, shape (n,)
            With ``low <= probability <= high`` for every row; ties stay ties, and order is never reversed.

        Examples
        --------
        >>> table = CalibrationTable(*map(np.array, ([0.0, 1.0], [0.1, 0.9], [0.0, 0.8], [0.2, 1.0])))
        >>> [curve.round(2).tolist() for curve in table.apply(np.array([0.5]))]
        [[0.5], [0.4], [0.6]]
        """
        probability, low, high = (np.interp(score, self.score, c) for c in (self.probability, self.low, self.high))
        return probability, np.minimum(low, probability), np.maximum(high, probability)
