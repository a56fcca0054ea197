"""Sessions of users: which events belong together, and how many minutes they lasted."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.events.columns import NO_KEY, SECOND_US, Floats, Integers
from app.events.feature_table import Windows
from app.events.histories import History, starts
from app.events.sums import balance, quotient, sums

PAUSE_US: Final = 30 * 60 * SECOND_US
"""A longer pause ends a session that has no id, and time beyond it is not counted as spent."""
SHORT_MINUTES: Final = 1.0
"""A shorter session is a short one."""


@dataclass(frozen=True, eq=False)
class Sessions:
    """Sessions by user and start.

    Attributes
    ----------
    user : ndarray of int64, shape (s,)
        Whose session it is, ascending.
    begin : ndarray of int64, shape (s,), microseconds since 1970-01-01 UTC
        Its first event.
    age : ndarray of int64, shape (s,)
        Whole days before ``as_of`` at which it began.
    minutes : ndarray of float64, shape (s,)
        The longer of the events' durations together and the time between them, pauses counted as 30 minutes at most.
    """

    user: Integers
    begin: Integers
    age: Integers
    minutes: Floats


def sessions_of(history: History) -> Sessions:
    """Put the events of a history together into sessions.

    Parameters
    ----------
    history : History
        The events; a session is as much of it as the history holds.

    Returns
    -------
    Sessions
        A session is a session id within one user: users who share an id have sessions of their own. Events without an
        id form sessions of their own, which end at a pause of more than 30 minutes.
    """
    key = _with_keys_by_pause(history)
    piece_starts = starts(history.user, key)
    first = np.flatnonzero(piece_starts)
    session_of_piece, count = _numbered(history.user[first], key[first])
    session = session_of_piece[np.cumsum(piece_starts) - 1]
    order = slice(None) if count == len(first) else np.argsort(session, kind="stable")
    session, ts = session[order], history.ts[order]
    begins = np.flatnonzero(starts(session))
    spent = np.zeros(len(ts))
    np.minimum(ts[1:] - ts[:-1], PAUSE_US, out=spent[1:])
    spent[begins] = 0.0
    between = np.bincount(session, weights=spent, minlength=count) / SECOND_US
    lasted = np.bincount(session, weights=history.duration_seconds[order], minlength=count)
    minutes = np.maximum(between, lasted) / 60.0
    return Sessions(history.user[order][begins], ts[begins], history.age[order][begins], minutes)


def session_features(sessions: Sessions, users: int, windows: Windows) -> dict[str, Floats]:
    """Give the features that count sessions and their minutes; each array has shape (users,)."""
    user, minutes = sessions.user, sessions.minutes
    recent = sessions.age < windows.recent_days
    before = ~recent & (sessions.age < 2 * windows.recent_days)
    count, count_recent, count_before = (sums(user, each, users) for each in (None, recent, before))
    spent, spent_recent, spent_before = (
        sums(user, each, users) for each in (minutes, minutes * recent, minutes * before)
    )
    longest, last = np.zeros(users), np.zeros(users)
    np.maximum.at(longest, user, minutes)
    last_begin = np.full(users, np.iinfo(np.int64).min)
    np.maximum.at(last_begin, user, sessions.begin)
    began_last = sessions.begin == last_begin[user]
    np.maximum.at(last, user[began_last], minutes[began_last])
    return {
        "sessions_recent": count_recent,
        "sessions": count,
        "time_spent_minutes_recent": spent_recent,
        "time_spent_minutes": spent,
        "longest_session_minutes": longest,
        "last_session_minutes": last,
        "short_session_share": quotient(sums(user, minutes < SHORT_MINUTES, users), count),
        "sessions_trend": balance(count_recent, count_before),
        "time_spent_trend": balance(spent_recent, spent_before),
    }


def _with_keys_by_pause(history: History) -> Integers:
    """Give events without a session id negative keys, one for each stretch without a pause."""
    without = np.flatnonzero(history.session == NO_KEY)
    if not len(without):
        return history.session
    user, ts = history.user[without], history.ts[without]
    begins = starts(user)
    begins[1:] |= ts[1:] - ts[:-1] > PAUSE_US
    key = history.session.copy()
    key[without] = -np.cumsum(begins, dtype=np.int64)
    return key


def _numbered(user: Integers, key: Integers) -> tuple[Integers, int]:
    """Number the sessions that pieces belong to, in the order of their first pieces, and count them."""
    order = np.lexsort((key, user))
    begins = starts(user[order], key[order])
    first_piece = order[begins]
    is_first = np.zeros(len(order), dtype=np.int64)
    is_first[first_piece] = 1
    place = np.cumsum(is_first) - 1
    number = np.empty(len(order), dtype=np.int64)
    number[order] = place[first_piece][np.cumsum(begins) - 1]
    return number, len(first_piece)
