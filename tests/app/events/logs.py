"""Small logs made by hand: events in two lines, frames of them, and a small simulated log."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from app.events.columns import (
    CODE_OF_KIND,
    DAY_US,
    DTYPES,
    NO_ITEM_NUMBER,
    OTHER,
    SECOND_US,
    UNKNOWN_USER,
    Events,
    Micros,
    key_of,
)
from training.event_simulator import SimulatedLog, simulate_log

JANUARY: Micros = 1_767_225_600 * SECOND_US
"""2026-01-01 00:00 UTC, a Thursday: day 0 of the hand-made logs."""
HOUR_US: Micros = 3600 * SECOND_US
MINUTE_US: Micros = 60 * SECOND_US


def at(day: float, hour: float = 0.0, second: float = 0.0) -> Micros:
    """Give a moment counted from 2026-01-01 00:00 UTC: ``at(0)`` is that midnight, ``at(-1, 12)`` the noon before."""
    return JANUARY + round(day * DAY_US) + round(hour * HOUR_US) + round(second * SECOND_US)


def row(ts: Micros = JANUARY, user_id: str | None = "ann", kind: str = "play", **changes: Any) -> dict[str, Any]:
    """Give one canonical row, the plain form that readers give and the store takes."""
    plain: dict[str, Any] = {
        "user_id": user_id,
        "session_id": "s1",
        "item_in_session": 0,
        "ts": ts,
        "kind": kind,
        "value": None,
        "duration_seconds": None,
        "item_id": None,
        "level": None,
    }
    unknown = changes.keys() - plain.keys()
    assert not unknown, f"no such field: {unknown}"
    return plain | changes


def visits(user_id: str | None, *days: float, kind: str = "visit") -> list[dict[str, Any]]:
    """Give one event a day, each in a session of its own."""
    return [row(at(day, 12), user_id, kind, session_id=f"{user_id}-{day}") for day in days]


def run(session_id: str, users: Iterable[str | None], start: Micros = JANUARY, first: int = 0) -> list[dict[str, Any]]:
    """Give one session with consecutive item numbers, a minute apart, of the users named one after the other."""
    return [
        row(start + place * MINUTE_US, user_id, session_id=session_id, item_in_session=first + place)
        for place, user_id in enumerate(users)
    ]


def frame(rows: Iterable[dict[str, Any]], user_ids: Iterable[str] = ()) -> Events:
    """Turn canonical rows into a frame; the users are those named first, then the others as they appear.

    This is written apart from ``app.events.records.frame_of`` so that tests of the one can use the other.
    """
    listed = list(rows)
    codes = {user_id: code for code, user_id in enumerate(user_ids)}
    columns: dict[str, list[Any]] = {name: [] for name in DTYPES}
    for each in listed:
        user_id = each["user_id"]
        columns["user"].append(UNKNOWN_USER if user_id is None else codes.setdefault(user_id, len(codes)))
        columns["session"].append(key_of(each["session_id"]))
        number = each["item_in_session"]
        columns["item_in_session"].append(NO_ITEM_NUMBER if number is None else number)
        columns["ts"].append(each["ts"])
        columns["kind"].append(CODE_OF_KIND.get(each["kind"], OTHER))
        columns["value"].append(np.nan if each["value"] is None else each["value"])
        duration = each["duration_seconds"]
        columns["duration_seconds"].append(np.nan if duration is None else duration)
        columns["item"].append(key_of(each["item_id"]))
        columns["level"].append(key_of(each["level"]))
    arrays = {name: np.array(values, dtype=DTYPES[name]) for name, values in columns.items()}
    return Events(**arrays, user_ids=tuple(codes))


@cache
def simulated(users: int = 300, days: int = 120, seed: int = 5) -> SimulatedLog:
    """Give a small simulated log, made once for all tests; the events are read-only by habit, not by force."""
    return simulate_log(users, days, seed)
