"""Logs as files: events written as JSON lines or CSV, and jobs over them that run in this process."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Self

import pytest
import uuid_utils
from sqlalchemy import Row, select

from app.batch import event_job, job_run, store
from app.batch.event_counts import EventCounts
from app.batch.event_intake import AUTO, resolve_log
from app.batch.job_files import ERRORS, TALLY, UPLOAD
from app.db.tables import events
from app.events.adapters import ADAPTERS
from app.events.reading import read_lines
from tests.app.batch.job_running import NOW, Bench, records

FIELDS = ("user_id", "session_id", "item_in_session", "ts", "kind", "value", "duration_seconds", "item_id", "level")
SMALL_PIECE = 600
"""Bytes: some five events, so that a short log has many chunks."""


def an_event(place: int = 0, user_id: str | None = "ann", session_id: str = "s-1", **changes: Any) -> dict[str, Any]:
    """An event as the API takes it, a minute after the one before it in its session."""
    moment = f"2026-03-01T{10 + place // 60:02}:{place % 60:02}:00Z"
    event = {"user_id": user_id, "session_id": session_id, "item_in_session": place, "ts": moment, "kind": "play"}
    return event | changes


def a_session(users: Iterable[str | None], session_id: str = "s-1") -> list[dict[str, Any]]:
    """A session whose events follow each other, one of each user named."""
    return [an_event(place, user, session_id) for place, user in enumerate(users)]


def many_events(count: int, prefix: str = "u") -> list[dict[str, Any]]:
    """Events of many users, ten a session, every tenth one without its user."""
    return [
        an_event(place % 10, None if place % 10 == 5 else f"{prefix}-{place // 30}", f"{prefix}-s{place // 10}")
        for place in range(count)
    ]


def json_lines(rows: Iterable[Any]) -> bytes:
    """Write rows as JSON lines; a text stands as it is."""
    return "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows).encode()


def canonical(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Read rows as a log of our own names is read."""
    return read_lines(json_lines(rows), ADAPTERS["canonical"], 1, 1_800_000_000_000_000).events


def csv_log(rows: Iterable[dict[str, Any]], columns: Sequence[str] = FIELDS, **style: Any) -> bytes:
    """Write rows as CSV with a header."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, **style)
    writer.writerow(columns)
    writer.writerows([["" if row.get(name) is None else row[name] for name in columns] for row in rows])
    return text.getvalue().encode()


class ReadingHere:
    """Stands in for the reading process: the same calls, made at once."""

    def submit(self, call: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(call(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def read_here(monkeypatch: pytest.MonkeyPatch, piece_bytes: int = SMALL_PIECE) -> None:
    """Let jobs over logs run in this process, in small chunks and without pauses."""
    monkeypatch.setattr(event_job, "reading_process", ReadingHere)
    monkeypatch.setattr(event_job, "MOST_PIECE_BYTES", piece_bytes)
    monkeypatch.setattr(job_run, "LEAST_PIECE_BYTES", piece_bytes)
    monkeypatch.setattr(job_run, "GAP_SECONDS", 0.0)
    monkeypatch.setattr(job_run, "RETRY_SECONDS", 0.0)


@dataclass
class LogBench(Bench):
    """Jobs over logs, one database and one data folder."""

    def log_job(self, content: bytes, adapter: str = AUTO, **changes: Any) -> str:
        """Take a log in as the service does; returns the id of its job."""
        job_id = str(uuid_utils.uuid7())
        folder = self.settings.batch_dir / job_id
        folder.mkdir(parents=True)
        (folder / UPLOAD).write_bytes(content)
        row = store.a_new_job(
            id=job_id,
            kind="events",
            created_at=NOW,
            file_name="events.jsonl",
            file_bytes=len(content),
            mapping=json.dumps(resolve_log(content[:262_144], adapter, None)),
            models="[]",
            counts=EventCounts().to_json(),
            rows_known=content.count(b"\n"),
        )
        with self.engine.begin() as connection:
            store.insert_job(connection, [{"job": {**row, **changes}, "key_row": None}])
        return job_id

    def finish(self, content: bytes, adapter: str = AUTO) -> EventCounts:
        """Run a job over a log to its end; returns what it has counted."""
        job_id = self.log_job(content, adapter)
        self.take_over(job_id).run()
        assert self.row(job_id).state == "done"
        return self.event_counts(job_id)

    def event_counts(self, job_id: str) -> EventCounts:
        """What a job has counted."""
        return EventCounts.from_json(self.row(job_id).counts)

    def stored(self) -> list[Row[Any]]:
        """The stored events, by session and moment."""
        query = select(events).order_by(events.c.session_id, events.c.ts, events.c.digest)
        with self.engine.connect().execution_options(read_only=True) as connection:
            return list(connection.execute(query))

    def check_log(self, job_id: str, accepted: int, rejected: int = 0, duplicates: int = 0) -> None:
        """Hold database, counts and files against each other: every line once in one place."""
        row, counts = self.row(job_id), self.event_counts(job_id)
        assert (counts.accepted, counts.duplicates, counts.rejected) == (accepted, duplicates, rejected)
        assert row.rows_done == accepted + duplicates + rejected
        assert len(records(self.path(job_id, ERRORS).read_bytes())) == rejected
        assert self.path(job_id, ERRORS).stat().st_size == row.errors_bytes
        assert not self.path(job_id, TALLY).exists()
        assert row.results_bytes == 0
        blanks = sum(1 for event in self.stored() if event.is_blank)
        assert counts.identified is not None
        assert counts.identified + counts.unidentified.total() == blanks
