"""Calibrate event scores: a table over out-of-fold scores by user, and what the time of the year adds to it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from app.events.columns import DAY_US
from app.events.seasons import Seasons, day_of_year, shifted
from app.telecom.calibration import CalibrationTable
from training.calibration import fit_table
from training.event_grid import FOLDS, Rows

Floats = NDArray[np.float64]

KNOTS: Final = 200
LEAST_SPAN_DAYS: Final = 250
"""From the first training date to the last: below this, a time of the year cannot be told from a trend."""
NEWTON_STEPS: Final = 50


def calibration_of(scores: Floats, training: Rows, seed: int) -> CalibrationTable:
    """Fit the table that the service reads, on out-of-fold scores; intervals are over whole users.

    Scores are gathered in 200 bins of equal mass first: Venn-ABERS then has 200 places to answer for and not one a row.
    """
    return fit_table(binned(scores), training.left, seed, training.person)


def binned(scores: Floats, bins: int = KNOTS) -> Floats:
    """Replace each score by the mean of its bin; bins have equal mass, and equal scores share one."""
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, scores, side="left")
    rows = np.bincount(place)
    means = np.bincount(place, weights=scores) / np.maximum(rows, 1)
    found: Floats = means[place]
    return found


def seasons_of(probability: Floats, training: Rows) -> Seasons:
    """Find what each training date adds to the log-odds of calibrated out-of-fold probabilities.

    At each date the shift makes the mean probability equal the share that left. Shifts are drawn towards 0 by as much
    as chance alone would scatter them (Efron and Morris 1975, "Data analysis using Stein's estimator"). Dates that span
    less than 250 days give none: what differs among them may be a trend or a season, and nobody can tell.

    Parameters
    ----------
    probability : ndarray, shape (n,)
        Calibrated without the season.
    training : Rows
        The same rows.
    """
    dates = np.unique(training.as_of)
    if dates[-1] - dates[0] < LEAST_SPAN_DAYS * DAY_US:
        return Seasons()
    shifts, errors = np.empty(len(dates)), np.empty(len(dates))
    for place, as_of in enumerate(dates):
        inside = training.as_of == as_of
        shifts[place], errors[place] = _shift(probability[inside], training.left[inside])
    spread = float((shifts**2 - errors**2).mean())
    if spread <= 0:
        return Seasons()
    kept = shifts * spread / (spread + errors**2)
    days = [round(day_of_year(int(as_of)), 4) for as_of in dates]
    return Seasons(tuple(days), tuple(np.round(kept, 6).tolist()))


def cross_calibrated_later(
    out_of_fold: Floats, training: Rows, later: Floats, held_out: Rows, seasons: Seasons
) -> Floats:  # fmt: skip
    """Calibrate the scores of later rows by isotonic curves that have not seen their users, and by the season."""
    probability = np.empty(len(later))
    fold, later_fold = training.fold, held_out.fold
    for number in range(FOLDS):
        fits, inside = fold != number, later_fold == number
        if inside.any():
            curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
            probability[inside] = curve.fit(out_of_fold[fits], training.left[fits]).predict(later[inside])
    for as_of in np.unique(held_out.as_of):
        inside = held_out.as_of == as_of
        probability[inside] = shifted(probability[inside], seasons.shift_at(int(as_of)))
    return probability


def _shift(probability: Floats, left: NDArray[np.bool_]) -> tuple[float, float]:
    """Solve for the shift of the log-odds at which the mean probability is the share that left; and its error."""
    rows = len(left)
    target = min(max(float(left.mean()), 0.5 / rows), 1 - 0.5 / rows)
    inner = np.clip(probability, 1e-6, 1 - 1e-6)
    shift = 0.0
    for _ in range(NEWTON_STEPS):
        moved = shifted(inner, shift)
        slope = float((moved * (1 - moved)).mean())
        step = (target - float(moved.mean())) / slope
        shift += min(max(step, -1.0), 1.0)
    moved = shifted(inner, shift)
    return shift, float(1 / np.sqrt((moved * (1 - moved)).sum()))
