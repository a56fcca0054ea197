"""How much likelier than usual leaving is at a time of the year, as the year before showed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.events.columns import DAY_US, Micros

Floats: TypeAlias = NDArray[np.float64]

YEAR_DAYS: Final = 365.2425
REACH_DAYS: Final = 31.0
"""How far a date of the training year speaks for its neighbours; at this distance it says nothing any more."""


@dataclass(frozen=True)
class Seasons:
    """Shifts of the log-odds by time of the year; none for a log that does not span most of a year.

    Attributes
    ----------
    day_of_year : tuple of float
        Days after 1 January (UTC, mean year) of the training dates, 0 to 365.2425.
    log_odds : tuple of float
        What to add to the log-odds of a calibrated probability at that time of the year.

    Raises
    ------
    ValueError
        They differ in length or are not finite.
    """

    day_of_year: tuple[float, ...] = ()
    log_odds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.day_of_year) != len(self.log_odds):
            raise ValueError("a season needs a day of the year and a shift")
        if not np.isfinite([*self.day_of_year, *self.log_odds]).all():
            raise ValueError("a season's day and shift are finite numbers")

    @classmethod
    def from_card(cls, entries: Sequence[Mapping[str, float]]) -> "Seasons":
        """Read what ``to_card`` wrote."""
        days, shifts = ([float(entry[name]) for entry in entries] for name in ("day_of_year", "log_odds"))
        return cls(tuple(days), tuple(shifts))

    def to_card(self) -> list[dict[str, float]]:
        """Give the shifts as plain numbers for a card."""
        return [
            {"day_of_year": day, "log_odds": shift} for day, shift in zip(self.day_of_year, self.log_odds, strict=True)
        ]

    def shift_at(self, as_of: Micros) -> float:
        """Give the shift of the log-odds at a date: between two training dates in proportion, 0 far from all of them.

        Examples
        --------
        >>> Seasons((0.0,), (0.5,)).shift_at(0), Seasons((0.0,), (0.5,)).shift_at(180 * DAY_US), Seasons().shift_at(0)
        (0.5, 0.0, 0.0)
        """
        if not self.day_of_year:
            return 0.0
        apart = np.abs(np.array(self.day_of_year) - day_of_year(as_of))
        weight = np.maximum(0.0, 1.0 - np.minimum(apart, YEAR_DAYS - apart) / REACH_DAYS)
        return float((weight * self.log_odds).sum() / max(1.0, weight.sum()))


def day_of_year(moment: Micros) -> float:
    """Days since 1 January in years of 365.2425 days, counted from 1970: 0 to 365.2425.

    The mean year keeps the same date of two years within a day of each other, which is all a season needs.

    Examples
    --------
    >>> day_of_year(0), round(day_of_year(366 * DAY_US), 4)
    (0.0, 0.7575)
    """
    return float((moment / DAY_US) % YEAR_DAYS)


def shifted(probability: Floats, log_odds: float) -> Floats:
    """Add to the log-odds of probabilities; 0 and 1 stay, and so does the order.

    Examples
    --------
    >>> shifted(np.array([0.0, 0.5, 1.0]), np.log(3.0)).round(2).tolist()
    [0.0, 0.75, 1.0]
    """
    if not log_odds:
        return probability
    odds = np.exp(log_odds)
    moved: Floats = probability * odds / (1 - probability + probability * odds)
    return moved
