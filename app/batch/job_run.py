"""One job from where it stands to its end: read, score, append to its files and commit, chunk by chunk."""

import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Engine, Row
from sqlalchemy.exc import DBAPIError

from app.batch import store
from app.batch.blocks import Piece, read_pieces
from app.batch.exports import errors_header, results_header
from app.batch.intake import as_resolved
from app.batch.job_files import UPLOAD, Outputs, drop_upload
from app.batch.progress import Counts
from app.batch.records import Position
from app.batch.scorer import end_at_once, prediction_rows, score_piece, scoring_process
from app.batch.scoring import ScoredBlock
from app.batch.waiting import result_of
from app.db.checkpoint import checkpoint
from app.db.engine import is_connection_lost, is_own_fault
from app.db.moments import now
from app.errors import StorageFull, TeleLinkError
from app.predictions.store import insert_predictions
from app.settings import Settings

log = structlog.get_logger()

MOST_STALLED: Final = 3
"""Attempts that may end without one committed row before a job is given up."""
AHEAD: Final = 2
"""Chunks that are scored while one is stored."""
GAP_SECONDS: Final = 0.004
"""Pause after each commit: an answer that waits for the database gets in."""
RETRY_SECONDS: Final = 0.5
HELD_SECONDS: Final = 0.07
"""How long a chunk's transaction may keep other writers waiting."""
LEAST_PIECE_BYTES: Final = 32 * 1024
MOST_PIECE_BYTES: Final = 256 * 1024
"""A chunk: about 400 to 3,600 customers."""
MOST_EXPLAINED_BYTES: Final = 64 * 1024
"""A chunk whose rows are explained takes longer: the worker has to show a sign of life, and to heed a cancellation."""
LARGE_LOG_BYTES: Final = 64 * 1024 * 1024
"""Chunks touch the same pages of the indexes again and again: the later they are copied back, the fewer copies."""
_KEPT: Final = "Customers scored until then are stored."
Written = TypeVar("Written")


class Stopped(Exception):
    """The job is no longer this process's to work on, or the service is stopping."""


class CannotGoOn(TeleLinkError):
    """The job cannot be finished."""


class JobRun:
    """Works on one job.

    Exactly once: a chunk's predictions, the counts and the place reached are one transaction, and the files are cut
    back to the lengths that transaction vouches for. A process that was overtaken can no longer commit.
    """

    def __init__(
        self, settings: Settings, engine: Engine, job: Row[Any], beat: Callable[[], None], stop: threading.Event
    ) -> None:
        self._engine = engine
        self._job = job
        self._folder = settings.batch_dir / job.id
        self._models_dir = settings.models_dir
        self._beat = beat
        self._stop = stop
        self._counts = Counts.from_json(job.counts)
        self._rows_done = job.rows_done
        self._active_seconds = job.active_seconds
        self._clock = time.monotonic()
        self._dialect, self._plan = as_resolved(json.loads(job.mapping))
        self._most_bytes = MOST_EXPLAINED_BYTES if self._plan.with_reasons else MOST_PIECE_BYTES
        self._piece_bytes = max(LEAST_PIECE_BYTES, self._most_bytes // 2)
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
            self._work()
        except TeleLinkError as error:
            self._end("failed", f"{error.detail} {_KEPT}")
            return
        results_bytes, errors_bytes = self._lengths
        self._end("done", None, rows_known=self._rows_done, results_bytes=results_bytes, errors_bytes=errors_bytes)

    def _check(self) -> None:
        if self._job.stalled > MOST_STALLED:
            raise CannotGoOn(f"Its process ended {MOST_STALLED} times without getting on.")
        if not (self._folder / UPLOAD).is_file():
            raise CannotGoOn("Its file is no longer there. Upload the file again.")

    def _work(self) -> None:
        job, dialect = self._job, self._dialect
        start = Position(job.input_offset, job.input_line) if job.input_line else None
        with (
            self._when_there_is_room(self._outputs) as outputs,
            (self._folder / UPLOAD).open("rb") as upload,
            scoring_process(self._models_dir, json.loads(job.models), json.loads(job.mapping)) as scoring,
        ):
            if not outputs.lengths[0]:
                header = results_header(
                    dialect.columns, with_segments=self._plan.with_segments, with_reasons=self._plan.with_reasons
                )
                self._append(outputs, header, errors_header(dialect.columns))
            for piece, scored in self._scored(scoring, read_pieces(upload, dialect, start, lambda: self._piece_bytes)):
                self._append(outputs, scored.results, scored.errors)
                self._commit(outputs, piece, scored)
                self._heed()
            # A file without rows has no chunk that vouches for the headers.
            self._lengths = outputs.lengths

    def _scored(self, scoring: ProcessPoolExecutor, pieces: Iterator[Piece]) -> Iterator[tuple[Piece, ScoredBlock]]:
        """Keep a few pieces ahead in the scoring process, and give them back in the file's order."""
        ahead: deque[tuple[Piece, Future[ScoredBlock]]] = deque()
        while True:
            while len(ahead) <= AHEAD and (piece := next(pieces, None)):
                ahead.append((piece, scoring.submit(score_piece, piece)))
            if not ahead:
                return
            piece, future = ahead.popleft()
            yield piece, result_of(future, 1, end_at_once)
            self._beat()

    def _outputs(self) -> Outputs:
        return Outputs(self._folder, self._job.results_bytes, self._job.errors_bytes)

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

    def _commit(self, outputs: Outputs, piece: Piece, scored: ScoredBlock) -> None:
        """Store a chunk: all of it or nothing; while the database is away, try again."""
        created_at = now()
        rows = list(prediction_rows(scored.stored, self._job.id, created_at))
        self._active_seconds += time.monotonic() - self._clock
        self._clock = time.monotonic()
        while True:
            try:
                with self._engine.begin() as connection:
                    begun = time.monotonic()
                    duplicates = insert_predictions(connection, rows)
                    counts = self._counts.plus(scored, duplicates)
                    is_ours = store.move_on(
                        connection,
                        self._job,
                        counts=counts.to_json(),
                        rows_done=counts.scored + counts.rejected,
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
        self._counts, self._rows_done = counts, counts.scored + counts.rejected
        self._piece_bytes = next_piece_bytes(self._piece_bytes, time.monotonic() - begun, self._most_bytes)
        time.sleep(GAP_SECONDS)
        with suppress(sqlite3.Error, DBAPIError):  # on a full disk, say: the commits themselves report it
            checkpoint(self._engine, LARGE_LOG_BYTES)

    def _heed(self) -> None:
        """Stop when asked to, between two chunks."""
        with self._engine.connect().execution_options(read_only=True) as connection:
            is_cancelled = store.is_cancel_requested(connection, self._job.id)
        if is_cancelled:
            self._end("cancelled", f"It was cancelled. {_KEPT}")
            raise Stopped
        if self._stop.is_set():
            self._end("interrupted", "The service was stopped. The job goes on by itself when it starts again.")
            raise Stopped

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
        log.info("job_ended", job=self._job.id, state=state, rows=self._rows_done)
        if is_over:
            drop_upload(self._folder)

    def _wait(self, reason: str) -> None:
        self._beat()
        log.warning(reason, job=self._job.id)
        if self._stop.wait(RETRY_SECONDS):
            raise Stopped


def next_piece_bytes(current: int, held_seconds: float, most: int = MOST_PIECE_BYTES) -> int:
    """Choose the next piece's length, so that its transaction holds the database's lock for about ``HELD_SECONDS``.

    Examples
    --------
    >>> next_piece_bytes(131_072, 0.07), next_piece_bytes(131_072, 0.01), next_piece_bytes(131_072, 5.0)
    (131072, 262144, 65536)
    """
    # Half way at most: one slow moment of the disk says little about the next.
    change = min(2.0, max(0.5, HELD_SECONDS / held_seconds))
    return int(min(most, max(LEAST_PIECE_BYTES, current * change)))
