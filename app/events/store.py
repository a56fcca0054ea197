"""Store events once, give the blank ones to their users, and keep the users in step: all in one transaction."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update

from app.db.prepared import Prepared
from app.db.tables import events, idempotency_keys, users
from app.events.columns import CODE_OF_KIND
from app.events.ownership import MESSAGES, NOBODY, Verdict, decide, reason_without_verdict
from app.events.records import RECORD, digests_of, pack_all
from app.events.users import Shifts, store_scores
from app.predictions.idempotency import claim

_TOGETHER: Final = 256
"""Rows of one INSERT; what is left over goes in powers of two, so that nine statements serve every number."""
_PLACEHOLDER: Final = {"sqlite": "?", "postgresql": "%s"}
UNFINISHED: Final = {"refreshed": None}
"""Stands in a stored answer until the users it touched have been scored."""
_MOVE: Final = Prepared(
    update(events)
    .where(
        events.c.user_id == bindparam("before"), events.c.ts == bindparam("ts"), events.c.digest == bindparam("digest")
    )
    .values(user_id=bindparam("after"))
)


class StoredRow(NamedTuple):
    """A row of ``events``, its values in the order of the columns."""

    user_id: str
    ts: int
    digest: int
    session_id: str
    item_in_session: int | None
    kind: str
    value: float | None
    duration_seconds: float | None
    item_id: str | None
    level: str | None
    is_blank: int
    record: bytes


@dataclass
class Outcome:
    """What became of the events of one request or chunk.

    ``identified`` counts blank events among them whose user was found, ``also_identified`` those stored earlier whose
    user these events gave away, and ``withdrawn`` those whose user is in doubt again.
    """

    accepted: int = 0
    duplicates: int = 0
    identified: int = 0
    also_identified: int = 0
    withdrawn: int = 0
    unidentified: Counter[str] = field(default_factory=Counter)
    unknown_kinds: Counter[str] = field(default_factory=Counter)
    touched: set[str] = field(default_factory=set)

    def as_answer(self) -> dict[str, Any]:
        """Lay it out as the API answers it."""
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "identified": self.identified,
            "also_identified": self.also_identified,
            "withdrawn": self.withdrawn,
            "unidentified": [
                {"reason": reason, "message": MESSAGES[reason], "events": count}
                for reason, count in self.unidentified.most_common()
            ],
            "unknown_kinds": [{"kind": kind, "events": count} for kind, count in self.unknown_kinds.most_common()],
            "users": len(self.touched),
        }


def stored_rows(rows: Sequence[Mapping[str, Any]]) -> list[StoredRow]:
    """Lay canonical events out as they are stored; before the transaction, which others wait for."""
    records, size = pack_all(rows), RECORD.itemsize
    return [
        StoredRow(
            row["user_id"] or NOBODY,
            row["ts"],
            digest,
            row["session_id"] or NOBODY,
            row["item_in_session"],
            row["kind"],
            row["value"],
            row["duration_seconds"],
            row["item_id"],
            row["level"],
            int(not row["user_id"]),
            records[place * size : place * size + size],
        )
        for place, (row, digest) in enumerate(zip(rows, digests_of(rows), strict=True))
    ]


def append(connection: Connection, entries: Sequence[dict[str, Any]]) -> None:
    """Store the events of requests, unless a request's key was used before.

    An entry has ``rows`` and ``key_row``, None or a row of ``idempotency_keys``; it is told in ``outcome`` what became
    of its events, None when its key is taken. What the key made is stored with it, so that a retry hears the same.
    """
    for entry in entries:
        key_row = entry["key_row"]
        entry["outcome"] = None
        if key_row is not None and not claim(connection, key_row):
            continue
        entry["outcome"] = append_chunk(connection, entry["rows"])
        if key_row is not None:
            keep_answer(connection, key_row["key"], {**entry["outcome"].as_answer(), **UNFINISHED})


def append_chunk(connection: Connection, rows: Sequence[StoredRow]) -> Outcome:
    """Store events that are not stored yet and bring everything that follows from them up to date.

    Whose an event is depends on the events that are stored and not on the order in which they came: every session that
    holds a blank event is decided anew when it gains one, and events move between users and nobody accordingly.
    """
    distinct = {row[1:4]: row for row in rows}
    fresh = _insert(connection, sorted(distinct.values()))
    outcome = Outcome(accepted=len(fresh), duplicates=len(rows) - len(fresh))
    outcome.unknown_kinds.update(row.kind for row in fresh if row.kind not in CODE_OF_KIND)
    shifts = Shifts()
    for row in fresh:
        shifts.gain(row.user_id, row.ts)
    verdicts = _decide_anew(connection, (row.session_id for row in fresh), shifts)
    _count_blanks(outcome, fresh, verdicts)
    outcome.touched = shifts.apply(connection)
    return outcome


def erase_users(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Erase users in the caller's transaction, overwriting what SQLite lets go; a row has ``key``.

    Gone are all events that are theirs or were found to be, and those of their sessions of which nobody knows whose
    they are. What is left of the sessions is decided anew.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    for row in rows:
        own = (
            select(events.c.session_id).where(events.c.user_id == row["key"], events.c.session_id != NOBODY).distinct()
        )
        session_ids = connection.execute(own).scalars().all()
        connection.execute(delete(events).where(events.c.user_id == row["key"]))
        connection.execute(delete(users).where(users.c.id == row["key"]))
        for session_id in session_ids:
            nobodys = (events.c.session_id == session_id, events.c.user_id == NOBODY)
            connection.execute(delete(events).where(*nobodys))
        shifts = Shifts()
        _decide_anew(connection, session_ids, shifts)
        shifts.apply(connection)


def _decide_anew(connection: Connection, session_ids: Iterable[str], shifts: Shifts) -> list[Verdict]:
    verdicts = decide(connection, session_ids)
    moves = [verdict for verdict in verdicts if verdict.before != verdict.after]
    _MOVE.many(connection, [verdict._asdict() for verdict in moves])
    for move in moves:
        shifts.gain(move.after, move.ts)
        shifts.lose(move.before)
    return verdicts


def finish(connection: Connection, entries: Sequence[dict[str, Any]]) -> None:
    """Store the scores that came of a request, and with its key the whole answer.

    An entry has ``scores`` and ``key``, and unless that is None ``answer`` and ``as_of``; it is told in ``refreshed``
    how many of the scores count.
    """
    for entry in entries:
        entry["refreshed"] = store_scores(connection, entry["scores"])
        if entry["key"] is not None:
            keep_answer(connection, entry["key"], with_scores(entry["answer"], entry["refreshed"], entry["as_of"]))


def with_scores(answer: Mapping[str, Any], refreshed: int, as_of: str | None) -> dict[str, Any]:
    """Complete an answer by how many of the users it touched have been scored, and as of which day."""
    return {**answer, "refreshed": refreshed, "pending": answer["users"] - refreshed, "as_of": as_of}


def _insert(connection: Connection, rows: Sequence[StoredRow]) -> list[StoredRow]:
    """Insert the rows that are not there yet, and give them."""
    placeholder = _PLACEHOLDER[connection.dialect.name]
    fresh: set[int] = set()
    start = 0
    while start < len(rows):
        size = min(_TOGETHER, 1 << ((len(rows) - start).bit_length() - 1))
        values = tuple(chain.from_iterable(rows[start : start + size]))
        fresh.update(connection.exec_driver_sql(_insert_statement(size, placeholder), values).scalars())
        start += size
    return [row for row in rows if row.digest in fresh]


@cache
def _insert_statement(size: int, placeholder: str) -> str:
    row = f"({', '.join([placeholder] * len(StoredRow._fields))})"
    return (
        f"INSERT INTO events ({', '.join(StoredRow._fields)}) VALUES {', '.join([row] * size)} "  # noqa: S608
        "ON CONFLICT DO NOTHING RETURNING digest"
    )


def _count_blanks(outcome: Outcome, fresh: Iterable[StoredRow], verdicts: Iterable[Verdict]) -> None:
    new = {row[1:4]: row.session_id for row in fresh if row.is_blank}
    for verdict in verdicts:
        if new.pop((verdict.ts, verdict.digest, verdict.session_id), None) is None:
            outcome.also_identified += not verdict.before and bool(verdict.after)
            outcome.withdrawn += bool(verdict.before) and not verdict.after
        elif verdict.after:
            outcome.identified += 1
        else:
            outcome.unidentified[verdict.reason] += 1
    outcome.unidentified.update(map(reason_without_verdict, new.values()))


def keep_answer(connection: Connection, key: str, answer: Mapping[str, Any]) -> None:
    """Store what a key made, as a retry is to hear it."""
    made = update(idempotency_keys).where(idempotency_keys.c.key == key)
    connection.execute(made.values(reference=json.dumps(answer, ensure_ascii=False)))
