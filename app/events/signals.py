"""What users' events say by their kind, their hour and their plan."""

from typing import Final

import numpy as np

from app.events.columns import CODE_OF_KIND, DAY_US, KINDS, NO_KEY, Floats
from app.events.feature_table import Windows
from app.events.histories import History
from app.events.sums import balance, quotient, sums

NIGHT_BEGINS_HOUR: Final = 22
NIGHT_ENDS_HOUR: Final = 6
_HOUR_US: Final = DAY_US // 24
_FIRST_WEEKDAY: Final = 3
"""Weekday of 1970-01-01, Monday being 0: a Thursday."""
_SATURDAY: Final = 5
_KINDS_AND_OTHER: Final = len(KINDS) + 1
_TROUBLES: Final = ("help", "error", "dislike")


def kind_features(observed: History, windows: Windows) -> dict[str, Floats]:
    """Give the features that count events by kind, from the events of the observation window.

    Returns
    -------
    dict of str to ndarray of float64, shape (m,)
        By the features' names, and ``events``: how many there are in the observation window.
    """
    users, age = observed.users, observed.age
    part = (age >= windows.recent_days).astype(np.int64) + (age >= 2 * windows.recent_days)
    cell = (observed.user * 3 + part) * _KINDS_AND_OTHER + (observed.kind + 1)
    table = np.bincount(cell, minlength=users * 3 * _KINDS_AND_OTHER).reshape(users, 3, _KINDS_AND_OTHER)
    table = table.astype(np.float64)
    by_kind = table.sum(axis=1)
    events = by_kind.sum(axis=1)
    count = {name: by_kind[:, code + 1] for name, code in CODE_OF_KIND.items()}
    troubles = table[:, :, [CODE_OF_KIND[name] + 1 for name in _TROUBLES]].sum(axis=2)
    return {
        "events": events,
        "events_recent": table[:, 0].sum(axis=1),
        "kinds": (by_kind > 0).sum(axis=1).astype(np.float64),
        "searches": count["search"],
        "help_requests": count["help"],
        "errors": count["error"],
        "trouble_share": quotient(count["help"] + count["error"], events),
        "dislikes_share": quotient(count["dislike"], events),
        "likes_share": quotient(count["like"] + count["save"], events),
        "social_actions": count["social"],
        "adverts_share": quotient(count["advert"], events),
        "plan_views": count["settings"] + count["plan"],
        "upgrades": count["upgrade"],
        "downgrades": count["downgrade"],
        "trouble_trend": balance(troubles[:, 0], troubles[:, 1]),
    }


def days_since_trouble(observed: History, windows: Windows) -> Floats:
    """Give the days since the last help request, error or dislike, the observation window at most: shape (m,)."""
    is_trouble = np.zeros(_KINDS_AND_OTHER, dtype=bool)
    is_trouble[[CODE_OF_KIND[name] for name in _TROUBLES]] = True
    rows = np.flatnonzero(is_trouble[observed.kind])
    since = np.full(observed.users, float(windows.observation_days))
    since[observed.user[rows]] = (observed.as_of - observed.ts[rows]) / DAY_US
    return since


def hour_features(observed: History, events: Floats) -> dict[str, Floats]:
    """Give the shares of events at weekends and at night (UTC).

    Parameters
    ----------
    observed : History
        Events of the observation window.
    events : ndarray of float64, shape (m,)
        How many each user has of them.
    """
    day, since_midnight = np.divmod(observed.ts, DAY_US)
    weekend = (day + _FIRST_WEEKDAY) % 7 >= _SATURDAY
    night = (since_midnight >= NIGHT_BEGINS_HOUR * _HOUR_US) | (since_midnight < NIGHT_ENDS_HOUR * _HOUR_US)
    user, users = observed.user, observed.users
    return {
        "weekend_share": quotient(sums(user[weekend], None, users), events),
        "night_share": quotient(sums(user[night], None, users), events),
    }


def level_changes(history: History, windows: Windows) -> Floats:
    """Count the events of the observation window whose level differs from that of the user's event before: shape (m,).

    Events without a level are passed over.
    """
    rows = np.flatnonzero(history.level != NO_KEY)
    user, level, age = history.user[rows], history.level[rows], history.age[rows]
    changed = (level[1:] != level[:-1]) & (user[1:] == user[:-1]) & (age[1:] < windows.observation_days)
    return sums(user[1:][changed], None, history.users)
