"""Fit the calibration table on out-of-fold scores: Venn-ABERS, widened by resampling."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from sklearn.isotonic import IsotonicRegression

from app.telecom.calibration import CalibrationTable

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

BOOTSTRAP_ROUNDS: Final = 200
COVERAGE: Final = 0.90
BLOCK_COVERAGE: Final = 0.95
_DECIMALS: Final = 8


def venn_abers(score: Floats, churned: Booleans, at: Floats) -> tuple[Floats, Floats]:
    """Compute the two probabilities of a Venn-ABERS predictor at given scores.

    For each score v, isotonic regression is fitted to the calibration rows and one more row at v: labelled stayed it
    gives p0, labelled churned it gives p1 (Vovk and Petej 2014, "Venn-Abers predictors"). One of the two is perfectly
    calibrated, whichever label the customer turns out to have.

    Parameters
    ----------
    score, churned : ndarray, shape (n,)
        Out-of-fold scores and labels of the calibration rows.
    at : ndarray, shape (m,)
        Scores to evaluate.

    Returns
    -------
    p0, p1 : ndarray, shape (m,)
        With ``p0 <= p1``.
    """
    order = np.argsort(score, kind="stable")
    sorted_score, label = score[order], churned[order].astype(np.float64)
    bounds = np.empty((2, len(at)))
    for position, v in enumerate(at):
        row = int(np.searchsorted(sorted_score, v))
        with_row = np.insert(sorted_score, row, v)
        for added in (0, 1):
            fitted = IsotonicRegression(y_min=0.0, y_max=1.0).fit(with_row, np.insert(label, row, added))
            bounds[added, position] = fitted.predict([v])[0]
    return bounds[0], bounds[1]


def resampled_bounds(
    score: Floats, churned: Booleans, at: Floats, seed: int, person: NDArray[np.intp] | None = None
) -> tuple[Floats, Floats]:
    """Find the 5 % and 95 % quantile of isotonic regression at ``at`` over bootstrap samples.

    Rows are drawn, or with ``person`` (codes from 0, shape (n,)) whole persons with all their rows.
    """
    random = np.random.default_rng(seed)
    curves = np.empty((BOOTSTRAP_ROUNDS, len(at)))
    rows_of = (
        None if person is None else np.split(np.argsort(person, kind="stable"), np.cumsum(np.bincount(person))[:-1])
    )
    for curve in curves:
        drawn = random.integers(0, len(rows_of or score), len(rows_of or score))
        drawn = drawn if rows_of is None else np.concatenate([rows_of[number] for number in drawn])
        fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(score[drawn], churned[drawn])
        curve[:] = fitted.predict(at)
    low, high = np.quantile(curves, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2], axis=0)
    return low, high


def block_bounds(score: Floats, churned: Booleans, at: Floats, persons_a_row: float = 1.0) -> tuple[Floats, Floats]:
    """Bound the share of churners in the isotonic block around each score: Jeffreys' 95 % interval.

    A block is a run of scores to which isotonic regression gives one value. Resampling alone cannot bound a block in
    which everybody stayed or everybody left: each resample of it says 0 or 1 again (Brown, Cai and DasGupta 2001,
    "Interval Estimation for a Binomial Proportion"). 95 %, not 90 %: the data that fill a block also chose it.
    Where persons have several rows each, a block counts as if it held only as many rows as that leaves persons.
    """
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(score, churned)
    values, block = np.unique(fitted.predict(score), return_inverse=True)
    rows = np.bincount(block) * persons_a_row
    leavers = np.bincount(block, weights=churned) * persons_a_row
    tail = (1 - BLOCK_COVERAGE) / 2
    low = np.where(leavers == 0, 0.0, beta.ppf(tail, leavers + 0.5, rows - leavers + 0.5))
    high = np.where(leavers == rows, 1.0, beta.ppf(1 - tail, leavers + 0.5, rows - leavers + 0.5))
    place = np.searchsorted(values, fitted.predict(at), side="left").clip(max=len(values) - 1)
    return low[place], high[place]


def fit_table(
    score: Floats, churned: Booleans, seed: int, person: NDArray[np.intp] | None = None
) -> CalibrationTable:  # fmt: skip
    """Fit the table that the service reads.

    The probability is the Venn-ABERS pair merged as p1 / (1 - p0 + p1), the choice that minimises the largest log
    loss (Vovk, Petej and Fedorova 2015). Its interval is the pair widened to the 90 % bootstrap interval of the
    calibration curve and to the interval of the curve's block: the pair alone narrows as 1/n and would promise more
    than the number of churners can support. Each bound is then tightened by what monotony says: no lower bound is
    below that of a lower score, no upper bound above that of a higher one.
    The interval speaks of the share of churners among customers with this score, not of the forest's own fit.

    Parameters
    ----------
    score : ndarray, shape (n,)
        Out-of-fold forest scores in [0, 1].
    churned : ndarray of bool, shape (n,)
        Labels; both classes must occur.
    seed : int
        Seed of the resampling.
    person : ndarray of int, shape (n,), optional
        Codes from 0 of whose row each is, where persons have several: what rows of one person say is not independent.

    Raises
    ------
    ValueError
        Only one class occurs: no probability can be calibrated.
    """
    if churned.all() or not churned.any():
        raise ValueError("calibration needs customers who stayed and customers who churned")
    score = np.round(score, _DECIMALS)
    knots = np.unique(np.concatenate([[0.0, 1.0], score]))
    p0, p1 = venn_abers(score, churned, knots)
    persons_a_row = 1.0 if person is None else len(np.unique(person)) / len(score)
    bounds = [
        (p0, p1),
        resampled_bounds(score, churned, knots, seed, person),
        block_bounds(score, churned, knots, persons_a_row),
    ]
    merged = np.maximum.accumulate(p1 / (1.0 - p0 + p1))
    lowest = np.min([low for low, _ in bounds], axis=0)
    highest = np.max([high for _, high in bounds], axis=0)
    low = np.minimum(np.maximum.accumulate(lowest), merged)
    high = np.maximum(np.minimum.accumulate(highest[::-1])[::-1], merged)
    curves = np.round(np.vstack([merged, low, high]), _DECIMALS)
    inner = (curves[:, 1:-1] == curves[:, :-2]) & (curves[:, 1:-1] == curves[:, 2:])
    kept = np.concatenate([[True], ~inner.all(axis=0), [True]])
    return CalibrationTable(knots[kept], *curves[:, kept])


def cross_calibrated(score: Floats, churned: Booleans, fold: NDArray[np.intp]) -> Floats:
    """Calibrate each fold's scores by isotonic regression on the other folds: honest probabilities for choosing."""
    probability = np.empty(len(score))
    for held_out in np.unique(fold):
        inside = fold == held_out
        fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(score[~inside], churned[~inside])
        probability[inside] = fitted.predict(score[inside])
    return probability
