"""Canonical events by hand, a model that foresees silence, and what the database holds of a log."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, text

from app.events.clock import begin_of
from app.events.columns import SECOND_US, Floats, Micros
from app.events.feature_table import Windows
from app.events.policy import cut_points_for
from app.events.records import FIELDS
from app.events.scoring import CHURN, EventModel
from app.events.store import Outcome, append_chunk, stored_rows
from app.telecom.calibration import CalibrationTable

FIRST_DAY: Final = date(2026, 1, 1)
START: Final[Micros] = begin_of(FIRST_DAY)
NOON: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""When tests take place that need a present moment."""
Row = dict[str, Any]


def an_event(user: str | None = "ann", minute: float = 0, **changes: Any) -> Row:
    """An event some minutes after the first day began."""
    moment = START + round(minute * 60) * SECOND_US
    return {**dict.fromkeys(FIELDS), "user_id": user, "ts": moment, "kind": "play", **changes}


def a_session(users: Sequence[str | None], session: str = "s1", minute: float = 0, **changes: Any) -> list[Row]:
    """A session whose events follow each other by a minute and by their numbers; a user for each, None for a blank."""
    return [
        an_event(user, minute + number, session_id=session, item_in_session=number, **changes)
        for number, user in enumerate(users)
    ]


def sent(event: Mapping[str, Any]) -> Row:
    """The event as the API takes it."""
    wire = {name: value for name, value in event.items() if value is not None}
    return {**wire, "ts": event["ts"] // 1000}


def store(connection: Connection, rows: Iterable[Row]) -> Outcome:
    """Store events in the transaction under way."""
    return append_chunk(connection, stored_rows(list(rows)))


def stored(connection: Connection) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Everything that is stored of a log, without its scores: what must not depend on how the events came."""
    events = connection.execute(text("SELECT * FROM events ORDER BY user_id, ts, digest")).all()
    users = connection.execute(text("SELECT id, first_ts, last_ts, events FROM users ORDER BY id")).all()
    return [(*row[:-1], bytes(row[-1])) for row in events], [tuple(row) for row in users]


def users_from_events(connection: Connection) -> list[tuple[Any, ...]]:
    """The users as they follow from the events, by counting."""
    counted = (
        "SELECT user_id, min(ts), max(ts), count(*) FROM events WHERE user_id <> '' GROUP BY user_id ORDER BY user_id"
    )
    return [tuple(row) for row in connection.execute(text(counted))]


def owners(connection: Connection) -> list[str]:
    """Whose the stored events are, in the order of time; empty for nobody."""
    return list(connection.execute(text("SELECT user_id FROM events ORDER BY ts, digest")).scalars())


def a_model(version: str = "1", horizon_days: int = 30) -> EventModel:
    """A model of two features: the longer the silence and the fewer the sessions, the likelier the user leaves."""
    names = ("days_inactive", "sessions_recent")
    return EventModel(
        name=CHURN,
        version=version,
        features=names,
        windows=Windows(90, 30),
        horizon_days=horizon_days,
        lead_days=0,
        label="explicit",
        graph=_silence,
        calibration=CalibrationTable(*(np.array([0.0, 1.0]) for _ in range(4))),
        cut_points=cut_points_for(0.2),
        typical_rate=0.2,
        typical={"days_inactive": 3.0, "sessions_recent": 8.0},
        training_range={"days_inactive": (0.0, 90.0), "sessions_recent": (0.0, 200.0)},
    )


def _silence(design: NDArray[np.float32]) -> tuple[Floats, ...]:
    days, sessions = design.astype(np.float64).T
    return (np.clip(0.02 + days / 100 - sessions / 100, 0.001, 0.999),)


class SilentForest:
    """Stands for the trees of ``a_model``: each feature's share of the score."""

    def contributions(self, design: NDArray[np.float32]) -> Floats:
        """Give the shares by feature."""
        return (design.astype(np.float64) - [3.0, 8.0]) * [0.01, -0.01]


def many_users(engine: Engine, count: int, events_each: int = 3) -> list[str]:
    """Store a log in which user ``u0`` was last seen on the first day, ``u1`` a day later, and so on."""
    ids = [f"u{number}" for number in range(count)]
    rows = [
        an_event(user, 1440 * number + minute, session_id=f"s{number}", item_in_session=minute)
        for number, (user, _) in enumerate(zip(ids, itertools.count(), strict=False))
        for minute in range(events_each)
    ]
    with engine.begin() as connection:
        store(connection, rows)
    return ids
