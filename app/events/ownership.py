"""Say whose the stored events are that came without a user: each session is read whole and decided as identity does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import Connection, Select, bindparam, func, literal_column, select

from app.db.prepared import Prepared
from app.db.tables import events
from app.events.columns import UNKNOWN_USER
from app.events.identity import REASONS, recover
from app.events.records import frame_of_records

NOBODY: Final = ""
"""What stands for the user of an event, or for its session, while there is none."""
LONGEST_SESSION: Final = 20_000
"""Events of a session that are read to decide its blank ones; in a longer one they stay blank."""
SESSION_TOO_LONG: Final = "session_too_long"
NO_SESSION: Final = "no_session"
MESSAGES: Final[Mapping[str, str]] = {
    **{reason.name: reason.sentence for reason in REASONS},
    SESSION_TOO_LONG: f"Its session has more than {LONGEST_SESSION:,} events, so that it is no longer one visit.",
}
"""What is said of each reason."""
_LARGEST_LOOK_UP: Final = 512
_LARGEST_FRAME: Final = 50_000
# Written into the statement: a value that is bound would keep both databases from the index of the blank events.
_IS_BLANK: Final = events.c.is_blank == literal_column("1")
_own: Final = events.c
_IN_SESSION: Final = _own.session_id == bindparam("session_id")
_EVENTS: Final = select(_own.session_id, _own.user_id, _own.ts, _own.digest, _own.is_blank, _own.record)
_BLANK: Final = select(_own.session_id).where(_IS_BLANK).distinct()
_LENGTH: Final = Prepared(
    select(func.count()).select_from(
        select(literal_column("1")).where(_IN_SESSION).limit(bindparam("most")).offset(literal_column("0")).subquery()
    )
)
_IS_STORED: Final = Prepared(
    select(_own.ts).where(_IN_SESSION, _own.ts == bindparam("ts"), _own.digest == bindparam("digest"))
)
_DECIDED: Final = Prepared(
    select(_own.session_id, _own.ts, _own.digest, _own.user_id).where(
        _IN_SESSION, _IS_BLANK, _own.user_id > literal_column("''")
    )
)


class Verdict(NamedTuple):
    """Whose an event is that came without a user, before and now; ``reason`` says why."""

    session_id: str
    ts: int
    digest: int
    before: str
    after: str
    reason: str


def decide(connection: Connection, session_ids: Iterable[str]) -> list[Verdict]:
    """Decide every blank event of sessions; what comes out depends on nothing but the events that are stored."""
    verdicts: list[Verdict] = []
    frame: list[str] = []
    size = 0
    for session_id in _with_blanks(connection, sorted(set(session_ids) - {NOBODY})):
        length = _LENGTH.one(connection, {"session_id": session_id, "most": LONGEST_SESSION + 1}).scalar_one()
        if length > LONGEST_SESSION:
            verdicts += _give_up(connection, session_id)
            continue
        if size + length > _LARGEST_FRAME:
            verdicts += _decide_frame(connection, frame)
            frame, size = [], 0
        frame.append(session_id)
        size += length
    return verdicts + _decide_frame(connection, frame)


@dataclass
class Standing:
    """What has become of events that came without a user: those identified, and why the others are not.

    ``gone`` counts those that are no longer stored, because their user has been erased since.
    """

    identified: int = 0
    gone: int = 0
    users: set[str] = field(default_factory=set)
    reasons: Counter[str] = field(default_factory=Counter)


def standing(connection: Connection, blanks: Iterable[tuple[str, int, int]]) -> Standing:
    """Count what has become of stored blank events, each named by session id, moment and digest."""
    wanted = set(blanks)
    decided = {verdict[:3]: verdict for verdict in decide(connection, (blank[0] for blank in wanted))}
    found = Standing()
    for blank in wanted:
        verdict = decided.get(blank)
        if verdict is None:
            verdict = _undecided(connection, blank)
        if verdict is None:
            found.gone += 1
        elif verdict.after:
            found.identified += 1
            found.users.add(verdict.after)
        else:
            found.reasons[verdict.reason] += 1
    return found


def reason_without_verdict(session_id: str) -> str:
    """Say why a blank event that was not decided has no user: it has no session, or one that is too long."""
    return SESSION_TOO_LONG if session_id else NO_SESSION


def _undecided(connection: Connection, blank: tuple[str, int, int]) -> Verdict | None:
    session_id, ts, digest = blank
    named = {"session_id": session_id, "ts": ts, "digest": digest}
    if _IS_STORED.one(connection, named).one_or_none() is None:
        return None
    return Verdict(session_id, ts, digest, NOBODY, NOBODY, reason_without_verdict(session_id))


def _decide_frame(connection: Connection, session_ids: Sequence[str]) -> list[Verdict]:
    rows: list[Any] = []
    for part in _parts(session_ids):
        rows += _look_up(_EVENTS, len(part)).one(connection, _named(part)).all()
    if not rows:
        return []
    codes: dict[str, int] = {}
    user = [UNKNOWN_USER if row.is_blank else codes.setdefault(row.user_id, len(codes)) for row in rows]
    frame = frame_of_records(b"".join(row.record for row in rows), np.array(user, dtype=np.int32), tuple(codes))
    recovery = recover(frame)
    names = (*codes, NOBODY)  # the code of nobody is -1: the last
    return [
        Verdict(row.session_id, row.ts, row.digest, row.user_id, names[code], REASONS[reason].name)
        for row, code, reason in zip(rows, recovery.user.tolist(), recovery.reason.tolist(), strict=True)
        if row.is_blank
    ]


def _give_up(connection: Connection, session_id: str) -> list[Verdict]:
    """Take back what was decided in a session that has grown too long, and count nothing else of it."""
    found = _DECIDED.one(connection, {"session_id": session_id})
    return [Verdict(row.session_id, row.ts, row.digest, row.user_id, NOBODY, SESSION_TOO_LONG) for row in found]


def _with_blanks(connection: Connection, session_ids: Sequence[str]) -> Iterator[str]:
    for part in _parts(session_ids):
        yield from _look_up(_BLANK, len(part)).one(connection, _named(part)).scalars().all()


@cache
def _look_up(query: Select[Any], size: int) -> Prepared:
    """Prepare a query for ``size`` sessions at once."""
    return Prepared(query.where(_own.session_id.in_([bindparam(f"id{place}") for place in range(size)])))


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _LARGEST_LOOK_UP):
        yield values[start : start + _LARGEST_LOOK_UP]


def _named(part: Sequence[str]) -> Mapping[str, str]:
    """Name the values of a look-up, filled up with the last one."""
    return {f"id{place}": part[min(place, len(part) - 1)] for place in range(_size(len(part)))}


def _size(count: int) -> int:
    """Give the power of two that holds a look-up: ten statements serve every number of sessions."""
    return 1 << (count - 1).bit_length()
