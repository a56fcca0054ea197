"""How moods and traits show: the number of sessions on a day, the kinds of events in them, and what is bought."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.events.columns import CODE_OF_KIND
from training.event_process import MOODS, NEVER, PAID, Process

KIND_SLOTS: Final = 4096
"""Entries of a kind table: a kind's share of a class is a whole number of them."""
OWN_WEEKDAYS: Final = 3
ON_OWN_WEEKDAY: Final = 1.9
_FEW_ADVERTS: Final = 0.06
_MANY_ADVERTS: Final = 0.25


def session_counts(
    rng: np.random.Generator, process: Process, people: NDArray[np.intp], per_week: float
) -> NDArray[np.int64]:
    """Draw how many sessions some users have on each day.

    Returns
    -------
    ndarray, shape (len(people), days), int64
        One on the day of joining at least; one exactly on the day of cancelling; none outside membership.
    """
    traits, days = process.traits, process.days
    irregular = traits.irregular[people].astype(bool)
    usual = per_week / 7.0 * np.exp(0.35 * traits.engagement[people] - 0.06)
    mean = usual[:, None] * np.exp(0.55 * MOODS - 0.15)[process.mood[:days, people].T]
    weekday = np.arange(days) % 7
    own = rng.random((len(people), 7)).argsort(axis=1) < OWN_WEEKDAYS
    other = (7 - OWN_WEEKDAYS * ON_OWN_WEEKDAY) / (7 - OWN_WEEKDAYS)
    rhythm = np.where(own, ON_OWN_WEEKDAY, other)[:, weekday]
    bursts = rng.gamma(4.0, 0.25, (len(people), days // 7 + 1))[:, np.arange(days) // 7]
    counts: NDArray[np.int64] = rng.poisson(mean * np.where(irregular[:, None], bursts, rhythm))
    day, joined, cancelled = np.arange(days), process.joined_day[people], process.cancelled_day[people]
    counts[(joined[:, None] == day) & (joined[:, None] > 0) & (counts == 0)] = 1
    counts[day < joined[:, None]] = 0
    leaves = cancelled != NEVER
    counts[leaves[:, None] & (day > cancelled[:, None])] = 0
    counts[leaves, cancelled[leaves]] = 1
    return counts


def kind_table() -> NDArray[np.int16]:
    """Lay out the kinds of ordinary events for every class of (mood, trouble, adverts, spender).

    Returns
    -------
    ndarray, shape (classes, KIND_SLOTS), int16
        Drawing a slot evenly draws a kind; ``kind_class`` numbers the classes.
    """
    rows = []
    for mood in MOODS:
        for trouble in range(3):
            for adverts in (0.0, _FEW_ADVERTS, _MANY_ADVERTS):
                for buys in (0.002, 0.03):
                    rows.append(_slots(_weights(mood, trouble, adverts, buys)))
    return np.array(rows, dtype=np.int16)


def kind_class(process: Process, user: NDArray[np.intp], day: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number the class that a user is in on a day."""
    traits = process.traits
    adverts = np.where(process.level[day, user] == PAID, 0, 1 + traits.many_adverts[user])
    place = (process.mood[day, user].astype(np.intp) * 3 + traits.trouble[user]) * 3 + adverts
    numbered: NDArray[np.intp] = place * 2 + traits.spender[user]
    return numbered


def _weights(mood: float, trouble: int, adverts: float, buys: float) -> dict[str, float]:
    """Give the relative frequency of every kind an ordinary event may have."""
    return {
        "play": 0.70,
        "visit": 0.09,
        "search": 0.04,
        "social": 0.012 * np.exp(0.3 * mood),
        "like": 0.070 * np.exp(0.8 * mood),
        "dislike": 0.040 * np.exp(-1.3 * mood),
        "save": 0.022 * np.exp(0.5 * mood),
        "advert": adverts,
        "help": (0.004, 0.050, 0.140)[trouble] * np.exp(-1.0 * mood),
        "error": (0.004, 0.050, 0.140)[trouble] * np.exp(-1.0 * mood),
        "settings": 0.010,
        "plan": 0.012 * np.exp(-1.0 * mood),
        "purchase": buys,
    }


def _slots(weights: dict[str, float]) -> NDArray[np.int64]:
    share = np.cumsum(list(weights.values()))
    ends = np.rint(share / share[-1] * KIND_SLOTS).astype(np.int64)
    codes = np.array([CODE_OF_KIND[name] for name in weights])
    return np.repeat(codes, np.diff(ends, prepend=0))
