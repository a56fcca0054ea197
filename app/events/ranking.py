"""Read users in pages, those most likely to leave first, and a user's events, the newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, func, select, tuple_

from app.db.prefixes import has_prefix
from app.db.tables import events, users
from app.events.clock import begin_of, days_between, moment_text
from app.events.users import DUE_AT_ONCE, WAITING, Standing
from app.telecom.policy import TIERS, Tier

Position = tuple[float | None, str]
"""Where a page of users ends: the probability, None for users without a score, and the id."""
EventPosition = tuple[int, int]
"""Where a page of events ends: the moment and the digest."""

_FEW_BY_ID: Final = 15_000
"""Users of one id prefix that are read and sorted, in about 10 ms; among more, a walk soon meets a page of them."""
_LARGEST_LOOK_UP: Final = 500
_own: Final = users.c
_SHOWN: Final = (
    events.c.ts,
    events.c.digest,
    events.c.session_id,
    events.c.item_in_session,
    events.c.kind,
    events.c.value,
    events.c.duration_seconds,
    events.c.item_id,
    events.c.level,
    events.c.is_blank,
)


@dataclass(frozen=True)
class Wanted:
    """Which users a list shows."""

    tier: Tier | None = None
    prefix: str = ""
    standing: Standing = "active"


@dataclass(frozen=True)
class Standings:
    """How many users there are, how many wait for a score of the day, and the active ones by tier."""

    users: int
    pending: int
    tiers: Mapping[str, int]


def read_page(connection: Connection, wanted: Wanted, after: Position | None, limit: int) -> list[Row[Any]]:
    """Read the next users of the ranking; those without a score follow at the end, in the order of their ids.

    Ids are found by walking the index of the list, which holds all that is filtered by, or through their prefix where
    few have it: the time it takes depends on neither the page nor the number of users.
    """
    ids: list[str] = []
    if after is None or after[0] is not None:
        ids = list(connection.execute(_scored(connection, wanted, after).limit(limit)).scalars())
        after = None
    if len(ids) < limit and wanted.tier is None and wanted.standing == "active":
        ids += connection.execute(_unscored(wanted, after).limit(limit - len(ids))).scalars()
    found = read_users(connection, ids)
    return [found[user_id] for user_id in ids]


def position(row: Row[Any]) -> Position:
    """Give the place of a user in the ranking."""
    return row.churn_probability, row.id


def read_users(connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Read users by their ids; those that nobody has are left out."""
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(ids), _LARGEST_LOOK_UP):
        part = ids[start : start + _LARGEST_LOOK_UP]
        found |= {row.id: row for row in connection.execute(select(users).where(_own.id.in_(part)))}
    return found


def count_users(connection: Connection, clock: date | None) -> Standings:
    """Count users from the indexes alone."""
    groups = select(_own.standing, _own.tier, func.count()).group_by(_own.standing, _own.tier)
    counts = {(standing, tier): count for standing, tier, count in connection.execute(groups)}
    due = select(func.count()).where(_own.due < (clock.isoformat() if clock else DUE_AT_ONCE))
    return Standings(
        users=sum(counts.values()),
        pending=connection.execute(due).scalar_one(),
        tiers={tier: counts.get(("active", tier), 0) for tier in TIERS},
    )


def read_events(connection: Connection, user_id: str, before: EventPosition | None, limit: int) -> Sequence[Any]:
    """Read a user's stored events, newest first."""
    query = select(*_SHOWN).where(events.c.user_id == user_id)
    if before is not None:
        query = query.where(tuple_(events.c.ts, events.c.digest) < before)
    return connection.execute(query.order_by(events.c.ts.desc(), events.c.digest.desc()).limit(limit)).all()


def event_entry(row: Row[Any]) -> dict[str, Any]:
    """Lay a stored event out as lists show it."""
    shown = ("kind", "item_in_session", "value", "duration_seconds", "item_id", "level")
    return {
        "ts": moment_text(row.ts),
        "session_id": row.session_id or None,
        **{name: getattr(row, name) for name in shown},
        "recovered": bool(row.is_blank),
    }


def user_entry(row: Row[Any], clock: date) -> dict[str, Any]:
    """Lay a user out as lists show it on the day the log reaches."""
    return {
        "user_id": row.id,
        "churn_probability": row.churn_probability,
        "tier": row.tier,
        "as_of": row.as_of,
        "standing": row.standing,
        "first_event_at": moment_text(row.first_ts),
        "last_event_at": moment_text(row.last_ts),
        "events": row.events,
        "days_inactive": days_between(row.last_ts, begin_of(clock)),
        "is_current": row.due >= clock.isoformat(),
    }


def _scored(connection: Connection, wanted: Wanted, after: Position | None) -> Any:
    probability = _own.churn_probability
    where: list[ColumnElement[bool]] = [_own.standing == wanted.standing]
    columns: tuple[ColumnElement[Any], ...] = (probability, _own.id)
    if wanted.prefix and _is_rare(connection, wanted.prefix):
        ids = select(_own.id, _own.standing, _own.tier, probability).where(*has_prefix(wanted.prefix, _own.id))
        near = ids.limit(_FEW_BY_ID).subquery()
        columns = (near.c.churn_probability, near.c.id)
        where = [near.c.standing == wanted.standing]
        where += [near.c.tier == wanted.tier] if wanted.tier else []
    else:
        where += [_own.tier == wanted.tier] if wanted.tier else []
        where += has_prefix(wanted.prefix, _own.id)
    if after is not None:
        where.append(tuple_(*columns) < after)
    return select(columns[1]).where(*where).order_by(*(column.desc() for column in columns))


def _unscored(wanted: Wanted, after: Position | None) -> Any:
    later = [_own.id > after[1]] if after else []
    return (
        select(_own.id)
        .where(_own.standing == WAITING, *has_prefix(wanted.prefix, _own.id), *later)
        .order_by(_own.churn_probability, _own.id)
    )


def _is_rare(connection: Connection, prefix: str) -> bool:
    probe = select(_own.id).where(*has_prefix(prefix, _own.id)).limit(_FEW_BY_ID + 1).subquery()
    return bool(connection.execute(select(func.count()).select_from(probe)).scalar_one() <= _FEW_BY_ID)
