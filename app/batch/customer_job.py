"""A job over a file of customers: every row is scored and stored, or reported."""

import json
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row

from app.batch.blocks import Piece
from app.batch.exports import errors_header, results_header
from app.batch.intake import as_resolved
from app.batch.job_files import ERRORS, RESULTS
from app.batch.progress import Counts
from app.batch.scorer import prediction_rows, score_piece, scoring_process
from app.batch.scoring import ScoredBlock
from app.db.moments import now
from app.predictions.store import insert_predictions
from app.settings import Settings

MOST_PIECE_BYTES: Final = 256 * 1024
"""A chunk: about 400 to 3,600 customers."""
MOST_EXPLAINED_BYTES: Final = 64 * 1024
"""A chunk whose rows are explained takes longer: the worker has to show a sign of life, and to heed a cancellation."""


class CustomerWork:
    """What is done with a file of customers; the loop around it is ``JobRun``'s."""

    files = (RESULTS, ERRORS)

    def __init__(self, settings: Settings, job: Row[Any]) -> None:
        self._job = job
        self._models_dir = settings.models_dir
        self.dialect, self._plan = as_resolved(json.loads(job.mapping))
        self.most_bytes = MOST_EXPLAINED_BYTES if self._plan.with_reasons else MOST_PIECE_BYTES

    def headers(self) -> tuple[bytes, bytes]:
        """First lines of the files."""
        columns = self.dialect.columns
        results = results_header(columns, with_segments=self._plan.with_segments, with_reasons=self._plan.with_reasons)
        return results, errors_header(columns)

    def process(self) -> ProcessPoolExecutor:
        """Start the process that scores."""
        return scoring_process(self._models_dir, json.loads(self._job.models), json.loads(self._job.mapping))

    def submit(self, process: ProcessPoolExecutor, piece: Piece) -> "Future[ScoredBlock]":
        """Let the process score a piece."""
        return process.submit(score_piece, piece)

    def counts(self, text: str) -> Counts:
        """Read what has been counted so far."""
        return Counts.from_json(text)

    def storing(self, chunk: ScoredBlock) -> Callable[[Connection, Counts], Counts]:
        """Lay a chunk's rows out; gives what stores them in a transaction and counts on."""
        rows = list(prediction_rows(chunk.stored, self._job.id, now()))
        return lambda connection, counts: counts.plus(chunk, insert_predictions(connection, rows))

    def closing(self, _engine: Engine, _folder: Path, _counts: Counts, _between: Callable[[], None]) -> dict[str, Any]:
        """Nothing is left to be recorded when every row has been read."""
        return {}
