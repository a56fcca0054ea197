"""A simulator of a subscription service's event log: any number of users, and the probability behind each cancellation.

Tests, demos, load and the shipped models use it, so none of them needs a real log. ``training.event_process`` decides
who joins, who is in which mood and who cancels; this module lets it show:

==================  ================================================================================================
sessions            Poisson a day: more with engagement and mood. Regular users have days of the week and an hour of
                    their own; irregular ones come in bursts of a week, at any hour. The mood makes them longer
events              plays, ratings, searches, ... in shares that follow the mood; help and errors follow the user's
                    trouble; adverts are shown on the free plan; plays are cut shorter in a low mood
tastes              a user plays mostly one of 20 kinds of music, some songs far more than others
money               add-ons are bought by everybody, ten times as often by spenders; every user has a price range
plans               free or paid; a change is an ``upgrade`` or ``downgrade`` event in the next session
cancelling          a ``cancel`` event ends the user's last session; nothing comes after it
blank users         1 % of the sessions have no user at all, 12 % a run of events without one
session ids         4 % of the sessions carry the id of another user's session on another day
==================  ================================================================================================

A session lies within one day UTC, its events are numbered from 0. An event's columns hold keys; ``canonical_rows``
writes the ids out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.events.columns import (
    COLUMNS,
    DAY_US,
    DTYPES,
    KINDS,
    SECOND_US,
    Events,
    Floats,
    Micros,
    key_of,
)
from training import event_process
from training.event_process import LEVELS, Process
from training.event_sessions import ADD_ONS, SONGS, plan_sessions, write_events

START: Final[Micros] = 1_767_571_200 * SECOND_US
"""Default first moment of a log: 2026-01-05 00:00 UTC, a Monday."""
USERS_AT_ONCE: Final = 4_000
_KEY: Final = key_of.__wrapped__


@dataclass(frozen=True, eq=False)
class SimulatedLog:
    """A log in the order of time, and the truth behind it.

    Attributes
    ----------
    events : Events
        What a service would have written down: some users are blank. Its ``user_ids`` are all users, also those
        without an event.
    true_user : ndarray of int32, shape (n events,)
        The user of every event, also of the blank ones.
    process : Process
        Traits, moods, plans and days of joining and cancelling, by user in the order of ``events.user_ids``.
    start : int, microseconds since 1970-01-01 UTC
        Midnight of the first day.
    sessions : int
        Sessions are numbered from 1 to this; some numbers are not used.
    """

    events: Events
    true_user: NDArray[np.int32]
    process: Process
    start: Micros
    sessions: int

    @property
    def end(self) -> Micros:
        """The midnight after the last day."""
        return self.start + self.process.days * DAY_US

    @cached_property
    def texts(self) -> dict[int, str | None]:
        """The id of every key of a session, an item or a level."""
        names = [*SONGS, *ADD_ONS, *LEVELS, *(str(number) for number in range(1, self.sessions + 1))]
        return {0: None, **{_KEY(name): name for name in names}}

    def identified(self) -> Events:
        """Give the events with every user known."""
        return self.events.with_users(self.true_user)


def simulate_log(
    users: int,
    days: int = 120,
    seed: int = 0,
    *,
    sessions_per_week: float = 3.0,
    events_per_session: float = 8.0,
    start: Micros = START,
) -> SimulatedLog:
    """Simulate the log of a subscription service.

    Parameters
    ----------
    users : int
        How many people ever use it, cancelled ones included.
    days : int
        Length of the log. About 23 % cancel in 120 days.
    seed : int
        The same arguments give the same log.
    sessions_per_week, events_per_session : float
        Means of a user of middling engagement and mood. With the defaults a user has about 460 events in 120 days.
    start : int, microseconds since 1970-01-01 UTC
        Midnight of the first day.

    Returns
    -------
    SimulatedLog
        In the order of time. 58 bytes an event, and about twice that while it is made.

    Raises
    ------
    ValueError
        A number is negative, or ``start`` is not a midnight.

    Examples
    --------
    >>> log = simulate_log(50, days=30, seed=1)
    >>> len(log.events.user_ids), bool((log.events.ts == simulate_log(50, 30, 1).events.ts).all())
    (50, True)
    """
    if users < 0 or days < 0 or sessions_per_week < 0 or events_per_session < 1 or start % DAY_US:
        raise ValueError("users, days and sessions must be 0 or more, events of a session 1 or more, start a midnight")
    seeds = np.random.SeedSequence(seed).spawn(2 + users // USERS_AT_ONCE)
    rng = np.random.default_rng(seeds[0])
    process = event_process.run(rng, event_process.draw_traits(rng, users), days)
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in (*COLUMNS, "true_user")}
    sessions = 0
    for first, part_seed in zip(range(0, users, USERS_AT_ONCE), seeds[1:], strict=False):
        people = np.arange(first, min(first + USERS_AT_ONCE, users))
        plan = plan_sessions(np.random.default_rng(part_seed), process, people, sessions_per_week, events_per_session)
        count = len(plan.length)
        keys = np.array([_KEY(str(sessions + number)) for number in range(1, count + 1)], dtype=np.int64)
        columns = write_events(plan, process, people)
        columns |= {"ts": columns["ts"] + start, "session": keys[columns["session"]]}
        for name, column in columns.items():
            parts[name].append(column)
        sessions += count
    whole = {name: _joined(parts[name], name) for name in parts}
    order = np.argsort(whole["ts"], kind="stable")
    for name in whole:
        whole[name] = whole[name][order]
    true_user = whole.pop("true_user")
    user_ids = tuple(f"u{number:06d}" for number in range(1, users + 1))
    return SimulatedLog(Events(**whole, user_ids=user_ids), true_user, process, start, sessions)


def churn_probability(log: SimulatedLog, as_of: Micros, horizon_days: int) -> Floats:
    """Give the generating process's own probability of cancelling in ``[as_of, as_of + horizon_days)``.

    It knows every user's traits, mood and plan at ``as_of``, so no model on behaviour can beat it but by luck.

    Parameters
    ----------
    as_of : int, microseconds since 1970-01-01 UTC
        A midnight from the first of the log to the one after its last day.

    Returns
    -------
    ndarray, shape (n users,), float64
        In the order of ``events.user_ids``; NaN for who has not joined before ``as_of`` or has cancelled before it.

    Raises
    ------
    ValueError
        ``as_of`` is not such a midnight.
    """
    day, rest = divmod(as_of - log.start, DAY_US)
    if rest:
        raise ValueError("the state of the process is known at midnights only")
    return event_process.churn_probability(log.process, day, horizon_days)


def canonical_rows(log: SimulatedLog, first: int = 0, last: int | None = None) -> Iterator[dict[str, Any]]:
    """Write events ``first`` to ``last`` out as canonical rows, with their ids as text."""
    events = log.events.take(np.arange(len(log.events))[first:last])
    texts, names = log.texts, [*(kind.name for kind in KINDS)]
    people = (*events.user_ids, None)
    columns = [getattr(events, name).tolist() for name in COLUMNS]
    for user, session, number, ts, kind, value, duration, item, level in zip(*columns, strict=True):
        yield {
            "user_id": people[user],
            "session_id": texts[session],
            "item_in_session": number,
            "ts": ts,
            "kind": names[kind],
            "value": value if value == value else None,
            "duration_seconds": duration if duration == duration else None,
            "item_id": texts[item],
            "level": texts[level],
        }


def _joined(parts: list[NDArray[Any]], name: str) -> NDArray[Any]:
    """Put the parts of one column together and let go of them, so that no two copies of a log are held."""
    if not parts:
        return np.empty(0, DTYPES.get(name, np.int32))
    whole = np.concatenate(parts)
    parts.clear()
    return whole
