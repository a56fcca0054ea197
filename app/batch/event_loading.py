"""Load logs from the command line: the reading and the storing of the jobs, without an upload and without a queue."""

import csv
import io
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, NoReturn

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.batch.blocks import Piece, read_pieces
from app.batch.detection import HEAD_BYTES
from app.batch.event_counts import EventCounts
from app.batch.event_intake import AUTO, Head, as_planned, resolve_head, resolve_log
from app.batch.event_job import EventChunk, as_chunk, read_piece, reading_process, with_owners
from app.batch.event_reading import LINE_COLUMN, read_table
from app.batch.exports import as_bytes, errors_header
from app.batch.file_plan import PARQUET, FileRefused
from app.batch.files import EXIT_REFUSED, LOST_PROCESS, replacing
from app.batch.intake import as_dialect
from app.batch.records import LONGEST_RECORD, Dialect
from app.batch.waiting import in_order
from app.db.checkpoint import checkpoint
from app.db.engine import as_unavailable, is_own_fault
from app.errors import InvalidRequest, NotEventFile
from app.web.csv_cells import neutralise, write_lines

PIECE_BYTES: Final = 2 * 1024 * 1024
PARQUET_ROWS: Final = 20_000
FILE_COLUMN: Final = "file"
LARGE_LOG_BYTES: Final = 64 * 1024 * 1024
PATIENCE_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 0.1
AGAIN: Final = "Run the same command again to go on: nothing is stored twice."
_AHEAD: Final = 1

Report = Callable[[Path, int, int, str, int], None]
"""Hears how far it is: the file, the place in it, out of how many, of what unit, and how many rows are done."""


@dataclass(frozen=True)
class LoadRequest:
    """What to load.

    Attributes
    ----------
    sources : tuple of Path
        JSON lines or CSV; Parquet when the name ends so.
    adapter : str
        Name of an adapter, or ``AUTO``.
    mapping : Path or None
        JSON as POST /batch/event-mappings takes it.
    errors : Path or None
        CSV file for the rejected lines.
    """

    sources: tuple[Path, ...]
    adapter: str = AUTO
    mapping: Path | None = None
    errors: Path | None = None


@dataclass(frozen=True)
class Log:
    """An open log: what was found out about it, how long it is, and its parts, each with the place where it ends."""

    path: Path
    told: Mapping[str, Any]
    size: int
    unit: str
    parts: Callable[[], Iterator[tuple[Any, int]]]


def load(
    engine: Engine, request: LoadRequest, created_at: str, report: Report = lambda *_: None
) -> tuple[EventCounts, float]:
    """Load logs, one after the other; what is stored already is found to be so, and so a load can be begun again.

    Parameters
    ----------
    engine : Engine
        Of a database with the tables of this release.
    request : LoadRequest
    created_at : str
        The present moment; later events are refused.
    report : callable, optional

    Returns
    -------
    counts : EventCounts
        Over all the files; whose the events are is counted from what is stored at the end.
    seconds : float

    Raises
    ------
    FileRefused
        A file or the mapping cannot be used; nothing is stored of any file.
    """
    begun, counts = time.monotonic(), EventCounts()
    logs = [_open(path, request) for path in request.sources]
    with ExitStack() as files:
        errors = files.enter_context(replacing(request.errors)) if request.errors else None
        tally = files.enter_context(tempfile.TemporaryFile())
        if errors:
            errors.write(errors_header((LINE_COLUMN, FILE_COLUMN)))
        process = files.enter_context(reading_process())
        for log in logs:
            for chunk, place in _chunks(log, process, created_at):
                counts = _store(engine, chunk, counts, tally)
                if errors:
                    errors.write(_of_file(chunk.errors, log.path))
                report(log.path, place, log.size, log.unit, counts.rows)
        tally.seek(0)
        counts = with_owners(counts, engine, tally, lambda: None)
    return counts, time.monotonic() - begun


def _store(engine: Engine, chunk: EventChunk, counts: EventCounts, tally: IO[bytes]) -> EventCounts:
    """Store a chunk in a transaction of its own; while others keep the database busy, try again."""
    patience_ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with engine.begin() as connection:
                counted = chunk.store(connection, counts)
            break
        except DBAPIError as error:
            if is_own_fault(error):
                raise
            if time.monotonic() > patience_ends:
                raise FileRefused(f"{as_unavailable(error).detail} {AGAIN}") from None
            time.sleep(RETRY_SECONDS)
    tally.write(chunk.results)
    with suppress(sqlite3.Error, DBAPIError):  # the commits themselves report what is wrong
        checkpoint(engine, LARGE_LOG_BYTES)
    return counted


def _of_file(errors: bytes, path: Path) -> bytes:
    """Say of rejected lines which file they are from."""
    csv.field_size_limit(2 * LONGEST_RECORD)
    rows = csv.reader(io.StringIO(errors.decode(), newline=""))
    return as_bytes(write_lines([row[0], neutralise(str(path)), *row[1:]] for row in rows))


def _chunks(log: Log, process: ProcessPoolExecutor, created_at: str) -> Iterator[tuple[EventChunk, int]]:
    """Read a log in another process, a part ahead of what is stored."""

    def submit(part: tuple[Any, int]) -> Future[EventChunk]:
        return process.submit(read_part, part[0], log.told, created_at)

    try:
        for (_, place), chunk in in_order(submit, log.parts(), _AHEAD, _give_up):
            yield chunk, place
    except BrokenProcessPool:
        raise FileRefused(f"{LOST_PROCESS} {AGAIN}") from None


def _give_up() -> NoReturn:
    sys.stderr.write(f"{LOST_PROCESS}\n")
    os._exit(EXIT_REFUSED)


def _open(path: Path, request: LoadRequest) -> Log:
    """Open a log and decide how to read it."""
    mapping = _mapping(request.mapping)
    try:
        if path.suffix == PARQUET:
            return _open_parquet(path, request.adapter, mapping)
        with path.open("rb") as stream:
            told = resolve_log(stream.read(HEAD_BYTES), request.adapter, mapping)
        return Log(path, told, path.stat().st_size, "B", partial(_text_parts, path, as_dialect(told["dialect"])))
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror or error}.") from None
    except InvalidRequest as refused:
        problems = " ".join(f"{problem.field}: {problem.message}." for problem in refused.problems)
        raise FileRefused(f"{path}: {refused.detail} {problems}") from None
    except NotEventFile as refused:
        raise FileRefused(f"{path}: {refused.detail}") from None


def _open_parquet(path: Path, adapter: str, mapping: Any) -> Log:
    from app.batch.parquet import ParquetSource  # its library is large, and text does not need it

    source = ParquetSource(path)
    rows = [dict(zip(source.columns, row, strict=True)) for row in source.first_rows()]
    head = Head(Dialect("utf-8", ",", True, source.columns), source.columns, rows)
    return Log(
        path, resolve_head(head, adapter, mapping), source.size, source.unit, partial(source.parts, PARQUET_ROWS)
    )


def _text_parts(path: Path, dialect: Dialect) -> Iterator[tuple[Piece, int]]:
    """Cut a file between records."""
    with path.open("rb") as stream:
        for piece in read_pieces(stream, dialect, size=PIECE_BYTES):
            yield piece, piece.end.offset


def _mapping(path: Path | None) -> Any:
    if path is None:
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise FileRefused(f"{path}: the mapping cannot be read as JSON ({error}).") from None


def read_part(part: Any, told: Mapping[str, Any], created_at: str) -> EventChunk:
    """Read a part of a log, text or Parquet, inside the reading process."""
    if isinstance(part, Piece):
        return read_piece(part, told, created_at)
    from app.batch.parquet import read_part as read_rows

    return as_chunk(read_table(read_rows(part), as_planned(told, created_at)))
