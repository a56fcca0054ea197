"""A job over a log: every line is stored as an event, found to be stored already, or reported."""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row

from app.batch.blocks import Piece
from app.batch.event_counts import EventCounts
from app.batch.event_intake import as_planned
from app.batch.event_reading import ERRORS_HEADER, LogPiece, read_log_piece
from app.batch.event_tally import owners_of, tally_of
from app.batch.job_files import ERRORS, TALLY
from app.batch.side_process import side_process
from app.events.store import StoredRow, append_chunk, stored_rows
from app.settings import Settings

MOST_PIECE_BYTES: Final = 1024 * 1024
"""A chunk: about 2,000 to 10,000 events."""


@dataclass
class EventChunk:
    """A piece of a log, ready to be stored.

    Attributes
    ----------
    rows : list of StoredRow
    results : bytes
        What is added to the tally.
    read : LogPiece
        What else the piece says; its events are in ``rows``.
    """

    rows: list[StoredRow]
    results: bytes
    read: LogPiece

    @property
    def errors(self) -> bytes:
        """Lines of errors.csv."""
        return self.read.errors

    def store(self, connection: Connection, counts: EventCounts) -> EventCounts:
        """Store the events in the caller's transaction and count on."""
        outcome = append_chunk(connection, self.rows)
        return counts.plus(
            accepted=outcome.accepted,
            duplicates=outcome.duplicates,
            rejected=self.read.rejected,
            blank_lines=self.read.blank_lines,
            rejections=self.read.rejections,
            unknown_kinds=self.read.unknown_kinds,
        )


def as_chunk(read: LogPiece) -> EventChunk:
    """Make what was read ready to be stored."""
    rows = stored_rows(read.events)
    return EventChunk(rows, tally_of(rows), replace(read, events=[]))


def read_piece(piece: Piece, told: Mapping[str, Any], created_at: str) -> EventChunk:
    """Read one piece of a log, inside the reading process."""
    return as_chunk(read_log_piece(piece, as_planned(told, created_at)))


def get_ready() -> None:
    """Have the modules loaded before the first piece comes: they come with this function."""


def reading_process() -> ProcessPoolExecutor:
    """Start the process that reads."""
    return side_process(get_ready)


class EventWork:
    """What is done with a log; the loop around it is ``JobRun``'s."""

    files = (TALLY, ERRORS)

    def __init__(self, _settings: Settings, job: Row[Any]) -> None:
        self._told = json.loads(job.mapping)
        # Moments are held against the time when the file came, so that a job that goes on decides as it began.
        self._created_at = job.created_at
        self.dialect = as_planned(self._told, job.created_at).dialect
        self.most_bytes = MOST_PIECE_BYTES

    def headers(self) -> tuple[bytes, bytes]:
        """First lines of the files."""
        return b"", ERRORS_HEADER

    def process(self) -> ProcessPoolExecutor:
        """Start the process that reads."""
        return reading_process()

    def submit(self, process: ProcessPoolExecutor, piece: Piece) -> "Future[EventChunk]":
        """Let the process read a piece."""
        return process.submit(read_piece, piece, self._told, self._created_at)

    def counts(self, text: str) -> EventCounts:
        """Read what has been counted so far."""
        return EventCounts.from_json(text)

    def storing(self, chunk: EventChunk) -> Callable[[Connection, EventCounts], EventCounts]:
        """Give what stores a chunk in a transaction and counts on."""
        return chunk.store

    def closing(self, engine: Engine, folder: Path, counts: EventCounts, between: Callable[[], None]) -> dict[str, Any]:
        """Count whose the events are, from what is stored; the tally has served then."""
        try:
            with (folder / TALLY).open("rb") as tally:
                closed = with_owners(counts, engine, tally, between)
        except FileNotFoundError:  # the job never began
            closed = counts
        return {"counts": closed.to_json(), "results_bytes": 0}


def with_owners(
    counts: EventCounts, engine: Engine, tally: Iterable[bytes], between: Callable[[], None]
) -> EventCounts:
    """Add whose the events of a whole file are to its counts."""
    owners = owners_of(engine, tally, between)
    return replace(counts, identified=owners.identified, unidentified=owners.unidentified, users=len(owners.users))
