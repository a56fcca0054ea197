"""The features of users as of a date: one row a user, from the events before it and nothing else.

Needs the events of a user whole, and only those: users can be worked on apart, on any machine, and give the same bits.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.events.columns import DAY_US, Events, Floats, Integers, Micros
from app.events.diversity import item_features
from app.events.feature_table import FEATURE_NAMES, Windows
from app.events.histories import Flags, History, histories
from app.events.money import money_features
from app.events.regularity import active_days, day_features, gaps_between
from app.events.sessions import session_features, sessions_of
from app.events.signals import days_since_trouble, hour_features, kind_features, level_changes
from app.events.sums import quotient

WHOLE_WITHIN: Final = "user"
"""The group of events that must be whole: what may be split by, and what a service must load."""


@dataclass(frozen=True, eq=False)
class FeatureFrame:
    """Features of n users as of a date.

    Attributes
    ----------
    values : ndarray of float64, shape (n, len(FEATURES))
        Columns in the order of ``FEATURES``; finite everywhere.
    user_ids : tuple of str
        The users, in the order of the events' ``user_ids``.
    active : ndarray of bool, shape (n,)
        Whether the user has an event in the observation window.
    events : ndarray of int64, shape (n,)
        Number of events before the date.
    first_ts, last_ts : ndarray of int64, shape (n,), microseconds since 1970-01-01 UTC
        First and last event before the date; the date itself where ``events`` is 0.
    """

    values: Floats
    user_ids: tuple[str, ...]
    active: Flags
    events: Integers
    first_ts: Integers
    last_ts: Integers


def features_as_of(events: Events, as_of: Micros, windows: Windows) -> FeatureFrame:
    """Work the features of every user out, from events strictly before a date.

    Parameters
    ----------
    events : Events
        In any order; those of unknown users, and those at or after ``as_of``, are left out.
    as_of : int, microseconds since 1970-01-01 UTC
        The date. Days are counted back from it: with midnight UTC they are UTC days.
    windows : Windows
        The observation window and its recent part.

    Returns
    -------
    FeatureFrame
        A row for each of ``events.user_ids``. Nothing before the date: the values that ``FEATURES`` state, and not
        active.

    Notes
    -----
    Sums are taken in one order, so any order of events gives the same bits, and so does any split by user. Values and
    durations below 0 count as 0, those above ``LARGEST_AMOUNT`` as that.

    Examples
    --------
    >>> from app.events.columns import no_events
    >>> frame = features_as_of(no_events(("a",)), 0, Windows())
    >>> frame.values[0, FEATURE_NAMES.index("days_inactive")], frame.active.tolist()
    (np.float64(90.0), [False])
    """
    users = len(events.user_ids)
    values = np.empty((users, len(FEATURE_NAMES)))
    counts = np.zeros(users, dtype=np.int64)
    first, last = np.full(users, as_of), np.full(users, as_of)
    for block, history in histories(events, as_of):
        counts[block] = np.bincount(history.user, minlength=history.users)
        present = np.flatnonzero(counts[block])
        ends = np.cumsum(counts[block])[present]
        first[block][present] = history.ts[ends - counts[block][present]]
        last[block][present] = history.ts[ends - 1]
        columns = _columns(history, windows, first[block], last[block], counts[block] > 0)
        rows = values[block]
        for place, name in enumerate(FEATURE_NAMES):
            rows[:, place] = columns[name]
    active = (counts > 0) & (last >= as_of - windows.observation_days * DAY_US)
    return FeatureFrame(values, events.user_ids, active, counts, first, last)


def _columns(history: History, windows: Windows, first: Integers, last: Integers, present: Flags) -> dict[str, Floats]:
    users, observation = history.users, float(windows.observation_days)
    observed = history.younger_than(windows.observation_days)
    days = active_days(history.user, history.age)
    gaps = gaps_between(days, users, without=observation)
    first_age = np.where(present, (history.as_of - 1 - first) // DAY_US, -1)
    silence = np.where(present, np.minimum((history.as_of - last) / DAY_US, observation), observation)
    sessions = session_features(sessions_of(observed), users, windows)
    kinds = kind_features(observed, windows)
    return {
        "days_inactive": silence,
        "inactivity_over_usual_gap": silence / gaps.mean,
        "days_since_trouble": days_since_trouble(observed, windows),
        "tenure_days": (history.as_of - first) / DAY_US,
        "events_per_session": quotient(kinds["events"], sessions["sessions"]),
        "minutes_per_event": quotient(sessions["time_spent_minutes"], kinds["events"]),
        "level_changes": level_changes(history, windows),
        **sessions,
        **kinds,
        **day_features(days, gaps, first_age, windows),
        **hour_features(observed, kinds["events"]),
        **item_features(history, windows),
        **money_features(history, windows),
    }
