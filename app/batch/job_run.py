"""One job from where it stands to its end: read, append to its files and commit, chunk by chunk."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Engine, Row
from sqlalchemy.exc import DBAPIError

from app.batch import store
from app.batch.blocks import Piece, read_pieces
from app.batch.customer_job import CustomerWork
from app.batch.event_job import EventWork
from app.batch.job_files import UPLOAD, Outputs, drop_upload
from app.batch.job_work import Counted, Work
from app.batch.progress import KEPT
from app.batch.records import Position
from app.batch.side_process import end_at_once
from app.batch.waiting import in_order
from app.db.checkpoint import checkpoint
from app.db.engine import is_connection_lost, is_own_fault
from app.db.moments import now
from app.errors import StorageFull, TeleLinkError
from app.settings import Settings

log = structlog.get_logger()

MOST_STALLED: Final = 3
"""Attempts that may end without one committed row before a job is given up."""
AHEAD: Final = 2
"""Chunks that are read while one is stored."""
GAP_SECONDS: Final = 0.004
"""Pause after each commit: an answer that waits for the database gets in."""
RETRY_SECONDS: Final = 0.5
HELD_SECONDS: Final = 0.07
"""How long a chunk's transaction may keep other writers waiting."""
LEAST_PIECE_BYTES: Final = 32 * 1024
LARGE_LOG_BYTES: Final = 64 * 1024 * 1024
"""Chunks touch the same pages of the indexes again and again: the later they are copied back, the fewer copies."""
WORKS: Final[dict[str, Callable[[Settings, Row[Any]], Work]]] = {"customers": CustomerWork, "events": EventWork}
Written = TypeVar("Written")


class Stopped(Exception):
    """The job is no longer this process's to work on, or the service is stopping."""


class CannotGoOn(TeleLinkError):
    """The job cannot be finished."""


class JobRun:
    """Works on one job.

    Exactly once: what a chunk stores, the counts and the place reached are one transaction, and the files are cut
    back to the lengths that transaction vouches for. A process that was overtaken can no longer commit.
    """

    def __init__(
        self, settings: Settings, engine: Engine, job: Row[Any], beat: Callable[[], None], stop: threading.Event
    ) -> None:
        self._engine = engine
        self._job = job
        self._folder = settings.batch_dir / job.id
        self._beat = beat
        self._stop = stop
        self._work: Work = WORKS[job.kind](settings, job)
        self._counts: Counted = self._work.counts(job.counts)
        self._active_seconds = job.active_seconds
        self._clock = time.monotonic()
        self._piece_bytes = max(LEAST_PIECE_BYTES, self._work.most_bytes // 2)
        self._lengths = (job.results_bytes, job.errors_bytes)

    def run(self) -> None:
        """Work until the job has ended; why it could not go on is recorded with it.

        Raises
        ------
        Stopped
            The service stops, somebody cancelled the job, or another process took over.
        """
        try:
            self._check()
            self._heed()
            self._work_through()
            closing = self._closing(self._heed)
        except TeleLinkError as error:
            self._end_early("failed", error.detail)
            return
        results_bytes, errors_bytes = self._lengths
        lengths = {"results_bytes": results_bytes, "errors_bytes": errors_bytes}
        self._end("done", None, rows_known=self._counts.rows, **{**lengths, **closing})

    def _check(self) -> None:
        if self._job.stalled > MOST_STALLED:
            raise CannotGoOn(f"Its process ended {MOST_STALLED} times without getting on.")
        if not (self._folder / UPLOAD).is_file():
            raise CannotGoOn("Its file is no longer there. Upload the file again.")

    def _work_through(self) -> None:
        job, work = self._job, self._work
        start = Position(job.input_offset, job.input_line) if job.input_line else None
        with (
            self._when_there_is_room(self._outputs) as outputs,
            (self._folder / UPLOAD).open("rb") as upload,
            work.process() as process,
        ):
            if not any(outputs.lengths):
                self._append(outputs, *work.headers())
            pieces = read_pieces(upload, work.dialect, start, lambda: self._piece_bytes)
            for piece, chunk in in_order(partial(work.submit, process), pieces, AHEAD, end_at_once):
                self._beat()
                self._append(outputs, chunk.results, chunk.errors)
                self._commit(outputs, piece, chunk)
                self._heed()
            # A file without rows has no chunk that vouches for the headers.
            self._lengths = outputs.lengths

    def _outputs(self) -> Outputs:
        return Outputs(self._folder, self._work.files, (self._job.results_bytes, self._job.errors_bytes))

    def _append(self, outputs: Outputs, results: bytes, errors: bytes) -> None:
        self._when_there_is_room(lambda: outputs.append(results, errors))

    def _when_there_is_room(self, write: Callable[[], Written]) -> Written:
        """Write to the files; on a full disk, wait until there is room again."""
        while True:
            try:
                return write()
            except StorageFull:
                self._wait("job_waits_for_disk")
                self._heed()

    def _commit(self, outputs: Outputs, piece: Piece, chunk: Any) -> None:
        """Store a chunk: all of it or nothing; while the database is away, try again."""
        store_chunk = self._work.storing(chunk)
        self._active_seconds += time.monotonic() - self._clock
        self._clock = time.monotonic()
        while True:
            try:
                with self._engine.begin() as connection:
                    begun = time.monotonic()
                    counts = store_chunk(connection, self._counts)
                    is_ours = store.move_on(
                        connection,
                        self._job,
                        counts=counts.to_json(),
                        rows_done=counts.rows,
                        input_offset=piece.end.offset,
                        input_line=piece.end.line,
                        results_bytes=outputs.lengths[0],
                        errors_bytes=outputs.lengths[1],
                        active_seconds=self._active_seconds,
                        stalled=0,
                    )
                    if not is_ours:
                        raise Stopped
                break
            except DBAPIError as error:
                # Lost while it stored this: perhaps it is stored. The job's row will know, when it is taken over again.
                if is_own_fault(error) or is_connection_lost(error):
                    raise
                self._wait("job_waits_for_database")
        self._counts = counts
        self._piece_bytes = next_piece_bytes(self._piece_bytes, time.monotonic() - begun, self._work.most_bytes)
        time.sleep(GAP_SECONDS)
        with suppress(sqlite3.Error, DBAPIError):  # on a full disk, say: the commits themselves report it
            checkpoint(self._engine, LARGE_LOG_BYTES)

    def _closing(self, between: Callable[[], None]) -> dict[str, Any]:
        """Find out what only the whole file tells; while the database is away, try again."""
        while True:
            try:
                return self._work.closing(self._engine, self._folder, self._counts, between)
            except DBAPIError as error:
                if is_own_fault(error):
                    raise
                self._wait("job_waits_for_database")

    def _heed(self) -> None:
        """Stop when asked to, between two chunks."""
        with self._engine.connect().execution_options(read_only=True) as connection:
            is_cancelled = store.is_cancel_requested(connection, self._job.id)
        if is_cancelled:
            self._end_early("cancelled", "It was cancelled.")
            raise Stopped
        if self._stop.is_set():
            self._end("interrupted", "The service was stopped. The job goes on by itself when it starts again.")
            raise Stopped

    def _end_early(self, state: str, reason: str) -> None:
        """Record that the job is over before its file is."""
        self._end(state, f"{reason} {KEPT[self._job.kind]}", **self._closing(self._beat))

    def _end(self, state: str, reason: str | None, **more: Any) -> None:
        """Record how the job ended; its upload has served, unless it goes on later."""
        is_over = state != "interrupted"
        values = {"state": state, "reason": reason, "stalled": 0, "finished_at": now() if is_over else None, **more}
        while True:
            try:
                with self._engine.begin() as connection:
                    if not store.move_on(connection, self._job, **values):
                        raise Stopped
                break
            except DBAPIError as error:
                if is_own_fault(error):
                    raise
                self._wait("job_waits_for_database")
        log.info("job_ended", job=self._job.id, state=state, rows=self._counts.rows)
        if is_over:
            drop_upload(self._folder)

    def _wait(self, reason: str) -> None:
        self._beat()
        log.warning(reason, job=self._job.id)
        if self._stop.wait(RETRY_SECONDS):
            raise Stopped


def next_piece_bytes(current: int, held_seconds: float, most: int) -> int:
    """Choose the next piece's length, so that its transaction holds the database's lock for about ``HELD_SECONDS``.

    Examples
    --------
    >>> [next_piece_bytes(131_072, seconds, 262_144) for seconds in (0.07, 0.01, 5.0)]
    [131072, 262144, 65536]
    """
    # Half way at most: one slow moment of the disk says little about the next.
    change = min(2.0, max(0.5, HELD_SECONDS / held_seconds))
    return int(min(most, max(LEAST_PIECE_BYTES, current * change)))
