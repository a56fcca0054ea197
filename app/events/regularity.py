"""Active days of users and the gaps between them."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.events.columns import Floats, Integers
from app.events.feature_table import Windows
from app.events.histories import starts
from app.events.sums import balance, quotient, sums

DAYS_IN_A_WEEK: Final = 7


@dataclass(frozen=True, eq=False)
class ActiveDays:
    """Days on which something happened, by user and time.

    Attributes
    ----------
    user : ndarray of int64, shape (d,)
        Whose day it is, ascending.
    age : ndarray of int64, shape (d,)
        Whole days before ``as_of``, descending within a user, each once.
    """

    user: Integers
    age: Integers


@dataclass(frozen=True, eq=False)
class Gaps:
    """What the gaps between neighbouring active days of m users look like; every array has shape (m,).

    Attributes
    ----------
    days : ndarray of float64
        Number of active days.
    mean : ndarray of float64, days
        Mean gap; ``without`` where there are fewer than two active days.
    spread : ndarray of float64
        Standard deviation of the gaps over their mean; 0 with fewer than three active days.
    longest : ndarray of float64, days
        Longest gap; 0 with fewer than two active days.
    last : ndarray of float64, days
        Gap before the last active day; 0 with fewer than two.
    """

    days: Floats
    mean: Floats
    spread: Floats
    longest: Floats
    last: Floats


def active_days(user: Integers, age: Integers) -> ActiveDays:
    """Give each user's days once, from events in order of user and time."""
    first = np.flatnonzero(starts(user, age))
    return ActiveDays(user=user[first], age=age[first])


def gaps_between(days: ActiveDays, users: int, without: float) -> Gaps:
    """Describe the gaps between active days.

    Parameters
    ----------
    days : ActiveDays
        Of users 0 to ``users`` - 1.
    users : int
        m.
    without : float, days
        Mean gap of a user with fewer than two active days.

    Returns
    -------
    Gaps
        Sums of gaps and of their squares are whole numbers, so nothing is lost in them.
    """
    count = sums(days.user, None, users)
    within = days.user[1:] == days.user[:-1]
    user = days.user[1:][within]
    gap = (days.age[:-1] - days.age[1:])[within].astype(np.float64)
    gaps = np.maximum(count - 1, 0.0)
    total = sums(user, gap, users)
    squares = sums(user, gap * gap, users)
    longest, last = np.zeros(users), np.zeros(users)
    np.maximum.at(longest, user, gap)
    last[user] = gap
    deviation = np.sqrt(np.maximum(gaps * squares - total * total, 0.0))
    return Gaps(
        days=count,
        mean=quotient(total, gaps, without),
        spread=quotient(deviation, total),
        longest=longest,
        last=last,
    )


def day_features(days: ActiveDays, gaps: Gaps, first_age: Integers, windows: Windows) -> dict[str, Floats]:
    """Give the features that count active days and weeks, and those of the gaps between them.

    Parameters
    ----------
    days : ActiveDays
        Every active day before the date.
    gaps : Gaps
        The gaps between them, for m users.
    first_age : ndarray of int64, shape (m,)
        Whole days from the day of the first event to the date; -1 without an event.
    windows : Windows
        The windows to count in.

    Returns
    -------
    dict of str to ndarray of float64, shape (m,)
        By the features' names.
    """
    user, age, users = days.user, days.age, len(first_age)
    within = {span: age < span for span in (DAYS_IN_A_WEEK, windows.recent_days, windows.observation_days)}
    recent = sums(user[within[windows.recent_days]], None, users)
    before = sums(user[~within[windows.recent_days] & (age < 2 * windows.recent_days)], None, users)
    observed = within[windows.observation_days]
    in_window, week = user[observed], age[observed] // DAYS_IN_A_WEEK
    active_weeks = sums(in_window[starts(in_window, week)], None, users)
    weeks = np.minimum(first_age, windows.observation_days - 1) // DAYS_IN_A_WEEK + 1
    return {
        "active_days_last_week": sums(user[within[DAYS_IN_A_WEEK]], None, users),
        "active_days_recent": recent,
        "active_days": sums(in_window, None, users),
        "active_days_share_ever": quotient(gaps.days, (first_age + 1).astype(np.float64)),
        "active_weeks_share": quotient(active_weeks, weeks.astype(np.float64)),
        "usual_gap_days": gaps.mean,
        "gap_spread": gaps.spread,
        "longest_gap_days": gaps.longest,
        "active_days_trend": balance(recent, before),
        "last_gap_over_usual": quotient(gaps.last, gaps.mean),
    }
