"""Checks that refuse to train: a label among the columns, a feature that sees the future, a user on both sides."""

from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.events.columns import DAY_US, Events, Micros

Booleans: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]

NEAR_ONE: Final = 0.98
"""AUC from which one or two columns alone are taken for the rule that made the label."""
BINS: Final = 32
LEAST_ROWS: Final = 64
"""Rows of each outcome below which a rule of two columns cannot be told from chance."""
_AROUND: Final = 4
_MOST_NAMED: Final = 5


class LeakFound(ValueError):
    """The training data would let a model look up what it is meant to foresee."""


def ranking_strength(column: Floats, left: Booleans) -> float:
    """AUC of one column alone, in its better direction, ties counting one half: 0.5 to 1.

    Examples
    --------
    >>> ranking_strength(np.array([1.0, 2.0, 3.0]), np.array([True, False, False]))
    1.0
    """
    _, place, sizes = np.unique(column, return_inverse=True, return_counts=True)
    middle = np.cumsum(sizes) - (sizes - 1) / 2  # mean rank of each distinct value, from 1
    leavers = int(left.sum())
    stayers = len(left) - leavers
    if not leavers or not stayers:
        return 0.5
    area = (middle[place][left].sum() - leavers * (leavers + 1) / 2) / (leavers * stayers)
    return float(max(area, 1 - area))


def check_no_leak(
    design: NDArray[np.floating], names: Sequence[str], left: Booleans, near_one: float = NEAR_ONE
) -> None:
    """Refuse columns of which one alone, or two together, all but give the label away.

    Nothing that is known before a date says so surely who leaves after it. Where one column does, the label was copied
    or computed from it; where two do, the label is a rule on them, and a model would only recite the rule.

    A pair is judged by a table of 32 x 32 cells of equal mass: shares of leavers from one half of the rows rank the
    other half, so that chance alone cannot fill a cell.

    Parameters
    ----------
    design : ndarray, shape (n, k)
    names : sequence of str
        One a column.
    left : ndarray of bool, shape (n,)
    near_one : float
        AUC from which a rule is refused.

    Raises
    ------
    LeakFound
        Naming the columns.
    """
    values = np.asarray(design, dtype=np.float64)
    strengths = [ranking_strength(column, left) for column in values.T]
    strong = [name for name, strength in zip(names, strengths, strict=True) if strength >= near_one]
    if strong:
        raise LeakFound(
            f"{_named(strong)} alone tells who left (AUC {max(strengths):.3f}): is the label among the columns?"
        )
    if min(left.sum(), (~left).sum()) < LEAST_ROWS:
        return
    cells = [_cells(column) for column in values.T]
    for first in range(len(cells)):
        for second in range(first):
            strength = _pair_strength(cells[first] * BINS + cells[second], left)
            if strength >= near_one:
                both = f"{names[second]} and {names[first]}"
                raise LeakFound(
                    f"{both} together tell who left (AUC {strength:.3f}): the label is a rule on these two columns. "
                    "A model of it would only recite the rule. Label by a later window than the features read."
                )


def check_sees_no_future(
    compute: Callable[[Events], Floats], names: Sequence[str], events: Events, as_of: Micros
) -> None:
    """Refuse features that change when everything at or after ``as_of`` is taken out of the log.

    Parameters
    ----------
    compute : callable
        Events to features, shape (n_users, k), at ``as_of``.
    names : sequence of str
        One a feature.
    events : Events
        A log that goes on after ``as_of``.
    as_of : int, microseconds since 1970 UTC

    Raises
    ------
    LeakFound
        Naming the features that read past the date.
    """
    whole, before = compute(events), compute(events.take(events.ts < as_of))
    differs = (whole != before) & ~(np.isnan(whole) & np.isnan(before))
    changed = [name for name, moved in zip(names, differs.any(axis=0), strict=True) if moved]
    if changed:
        raise LeakFound(f"{_named(changed)} read events at or after the date: the score would have seen the future")


def check_split(training_users: Collection[str], held_out_users: Collection[str]) -> None:
    """Refuse a split with a user on both sides; raises LeakFound with how many there are."""
    shared = set(training_users) & set(held_out_users)
    if shared:
        raise LeakFound(f"{len(shared):,} users are both trained on and held out: a model may simply remember them")


def check_forward(training_as_of: Sequence[Micros], test_as_of: Sequence[Micros], label_days: int) -> None:
    """Refuse a test date before the last training label was complete.

    Parameters
    ----------
    training_as_of, test_as_of : sequence of int, microseconds since 1970 UTC
    label_days : int
        Lead and horizon together.

    Raises
    ------
    LeakFound
        On the day of the test, the training labels were not all known.
    """
    if training_as_of and test_as_of and max(training_as_of) + label_days * DAY_US > min(test_as_of):
        raise LeakFound("a test date lies before the training labels were complete: it would be a test of the past")


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _cells(column: Floats) -> Codes:
    """Cut a column into at most 32 bins of equal mass, a frequent value being a bin of its own: values 0 to 31."""
    edges = np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.searchsorted(edges, column, side="left")


def _pair_strength(cell: Codes, left: Booleans) -> float:
    """AUC of the share of leavers in a pair's cells, from one half of the rows to the other.

    A cell without rows says what the 4 x 4 cells around it say.
    """
    half = np.arange(len(cell)) % 2 == 0
    around = cell // BINS // _AROUND * BINS + cell % BINS // _AROUND
    share = np.full(len(cell), left[half].mean())
    for group in (around, cell):
        rows = np.bincount(group[half], minlength=BINS * BINS)
        leavers = np.bincount(group[half], weights=left[half], minlength=BINS * BINS)
        share = (leavers[group] + share) / (rows[group] + 1)
    return ranking_strength(share[~half], left[~half])
