"""Sums by user, and divisions that have an answer for everybody."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.events.columns import Floats, Integers


def quotient(over: Floats, under: Floats, without: float = 0.0) -> Floats:
    """Divide, and give ``without`` where the divisor is 0.

    Examples
    --------
    >>> quotient(np.array([1.0, 1.0]), np.array([4.0, 0.0]), without=9.0).tolist()
    [0.25, 9.0]
    """
    answer: Floats = np.divide(over, under, out=np.full(len(over), without), where=under > 0)
    return answer


def balance(recent: Floats, before: Floats) -> Floats:
    """Compare two amounts: -1 when all lies before, 1 when all is recent, 0 when they are equal or there is nothing.

    Examples
    --------
    >>> balance(np.array([3.0, 0.0, 0.0]), np.array([1.0, 2.0, 0.0])).tolist()
    [0.5, -1.0, 0.0]
    """
    return quotient(recent - before, recent + before)


def sums(user: Integers, weights: NDArray[Any] | None, users: int) -> Floats:
    """Add weights up by user, in the order of the rows; without weights, count.

    Examples
    --------
    >>> sums(np.array([0, 2, 2]), np.array([0.5, 1.0, 2.0]), 3).tolist(), sums(np.array([0, 2, 2]), None, 3).tolist()
    ([0.5, 0.0, 3.0], [1.0, 0.0, 2.0])
    """
    return np.bincount(user, weights=weights, minlength=users).astype(np.float64, copy=False)
