"""Events of users before a date, put in the one order that sums are taken in."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.events.columns import DAY_US, UNKNOWN_USER, Events, Floats, Integers, Micros

Flags: TypeAlias = NDArray[np.bool_]

EVENTS_IN_A_BLOCK: Final = 1 << 19
"""Events worked on at a time: bounds memory and keeps the columns in the processor's caches. Users are never cut."""
LARGEST_AMOUNT: Final = 1e12
"""Larger values and durations count as this, so that no sum runs over."""
_TIE_BREAKERS: Final = ("item_in_session", "session", "kind", "value", "duration_seconds", "item", "level")
"""Columns that order events of the same user and moment, the first one first; they end where there is no tie left."""


@dataclass(frozen=True, eq=False)
class History:
    """Events of m users before a date, by user, then time, then every other column: any input order gives this one.

    Attributes
    ----------
    user : ndarray of int64, shape (n,)
        Place of the user among the m, ascending.
    ts, session, item, level : ndarray of int64, shape (n,)
        As in ``Events``; ``ts`` ascends within a user.
    kind : ndarray of int16, shape (n,)
        As in ``Events``.
    value, duration_seconds : ndarray of float64, shape (n,)
        As in ``Events``, but from 0 to ``LARGEST_AMOUNT``, and 0 where there is none or it is negative.
    age : ndarray of int64, shape (n,)
        Whole days of 24 hours before ``as_of``: 0 is the last one. With midnight UTC as ``as_of`` they are UTC days.
    users : int
        m.
    as_of : int, microseconds since 1970-01-01 UTC
        Every event lies before it.
    """

    user: Integers
    ts: Integers
    session: Integers
    kind: NDArray[np.int16]
    value: Floats
    duration_seconds: Floats
    item: Integers
    level: Integers
    age: Integers
    users: int
    as_of: Micros

    def younger_than(self, days: int) -> "History":
        """Keep the events of the last so many days."""
        kept = self.age < days
        if kept.all():
            return self
        columns = ("user", "ts", "session", "kind", "value", "duration_seconds", "item", "level", "age")
        return History(**{name: getattr(self, name)[kept] for name in columns}, users=self.users, as_of=self.as_of)


def histories(events: Events, as_of: Micros) -> Iterator[tuple[slice, History]]:
    """Cut a frame into histories of whole users.

    Parameters
    ----------
    events : Events
        In any order. Events of unknown users and events at or after ``as_of`` are left out.
    as_of : int, microseconds since 1970-01-01 UTC
        The date.

    Yields
    ------
    slice, History
        Which of ``events.user_ids`` the history is of, and the history. Every user comes once, in order.
    """
    users = len(events.user_ids)
    if len(events) <= EVENTS_IN_A_BLOCK:
        rows = np.flatnonzero((events.user != UNKNOWN_USER) & (events.ts < as_of))
        yield slice(0, users), _history(events, rows, slice(0, users), as_of)
        return
    known = events.user != UNKNOWN_USER
    until = np.cumsum(np.bincount(events.user[known], minlength=users))
    begins = starts((until - 1) // EVENTS_IN_A_BLOCK)
    blocks = int(begins.sum())
    block_of_user = np.append(np.cumsum(begins) - 1, blocks).astype(np.min_scalar_type(blocks))
    order = np.argsort(block_of_user[events.user], kind="stable")
    first = [*np.flatnonzero(begins).tolist(), users]
    for start, stop in pairwise(first):
        rows = order[until[start - 1] if start else 0 : until[stop - 1]]
        yield slice(start, stop), _history(events, rows[events.ts[rows] < as_of], slice(start, stop), as_of)


def _history(events: Events, rows: Integers, users: slice, as_of: Micros) -> History:
    user = events.user[rows].astype(np.int64) - users.start
    ts = events.ts[rows]
    order = _order(events, rows, user, ts)
    rows, ts = rows[order], ts[order]
    return History(
        user=user[order],
        ts=ts,
        session=events.session[rows],
        kind=events.kind[rows],
        value=_amount(events.value[rows]),
        duration_seconds=_amount(events.duration_seconds[rows]),
        item=events.item[rows],
        level=events.level[rows],
        age=(as_of - 1 - ts) // DAY_US,
        users=users.stop - users.start,
        as_of=as_of,
    )


def _order(events: Events, rows: Integers, user: Integers, ts: Integers) -> NDArray[np.intp]:
    """Order rows by user, time and every other column; the other columns are looked at only where the first two tie."""
    key = packed(user, ts)
    if key is None:
        order = np.lexsort((ts, user))
        user, ts = user[order], ts[order]
        same = (user[1:] == user[:-1]) & (ts[1:] == ts[:-1])
    else:
        order = np.argsort(key)
        key = key[order]
        same = key[1:] == key[:-1]
    _break_ties(events, rows, order, same)
    return order


def _break_ties(events: Events, rows: Integers, order: NDArray[np.intp], same: Flags) -> None:
    """Put the rows that ``same`` says tie with the row before them in the order of the first column they differ in."""
    places = np.arange(len(order))
    for name in _TIE_BREAKERS:
        if not same.any():
            return
        tied = np.zeros(len(places), dtype=bool)
        tied[1:] = same
        tied[:-1] |= same
        group = np.cumsum(~np.append(False, same))[tied]
        places = places[tied]
        column = getattr(events, name)[rows[order[places]]]
        if column.dtype == np.float64:
            column = _amount(column)
        within = group[1:] == group[:-1]
        if (within & (column[1:] != column[:-1])).any():
            by_column = np.lexsort((column, group))
            order[places] = order[places][by_column]
            column = column[by_column]
        same = within & (column[1:] == column[:-1])


def packed(*columns: Integers) -> Integers | None:
    """Pack columns of whole numbers into one that sorts as they do, the first column first; None when 63 bits are few.

    Examples
    --------
    >>> packed(np.array([0, 1, 1]), np.array([7, 5, 7])).tolist()
    [2, 3, 5]
    >>> packed(np.array([0, 2**62]), np.array([0, 2**62])) is None
    True
    """
    if not len(columns[0]):
        return columns[0]
    bounds = [(int(column.min()), int(column.max())) for column in columns]
    sizes = [high - low + 1 for low, high in bounds]
    if np.prod(np.array(sizes, dtype=object)) >= 1 << 63:
        return None
    key = columns[0] - bounds[0][0]
    for column, (low, _), size in zip(columns[1:], bounds[1:], sizes[1:], strict=True):
        key *= size
        key += column - low
    return key


def _amount(column: Floats) -> Floats:
    return np.fmin(np.fmax(column, 0.0), LARGEST_AMOUNT) + 0.0


def starts(*columns: NDArray[Any]) -> Flags:
    """Flag the rows where any of the columns differs from the row before; the first row is flagged."""
    flags = np.empty(len(columns[0]), dtype=bool)
    flags[:1] = True
    np.not_equal(columns[0][1:], columns[0][:-1], out=flags[1:])
    for column in columns[1:]:
        flags[1:] |= column[1:] != column[:-1]
    return flags
