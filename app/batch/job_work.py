"""What the kinds of jobs have in common: what each does with a piece of its file; one loop does the rest."""

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from app.batch.blocks import Piece
from app.batch.records import Dialect


class Counted(Protocol):
    """What a job has counted."""

    @property
    def rows(self) -> int:
        """Rows it has read: each is stored or reported."""

    def to_json(self) -> str:
        """Write for the ``counts`` column."""


class Work(Protocol):
    """What a kind of job does with the pieces of its file.

    Attributes
    ----------
    files : (str, str)
        Names of the two files that grow with the job.
    dialect : Dialect
        How the upload is written.
    most_bytes : int
        Length of the largest chunk.
    """

    files: tuple[str, str]
    dialect: Dialect
    most_bytes: int

    def headers(self) -> tuple[bytes, bytes]:
        """What the two files begin with."""

    def process(self) -> ProcessPoolExecutor:
        """Start a process that makes chunks of pieces."""

    def submit(self, process: ProcessPoolExecutor, piece: Piece) -> "Future[Any]":
        """Let the process make a chunk; it has ``results`` and ``errors``, the bytes that are added to the files."""

    def counts(self, text: str) -> Any:
        """Read what ``Counted.to_json`` wrote."""

    def storing(self, chunk: Any) -> Callable[[Connection, Any], Any]:
        """Lay a chunk out; gives what stores it in a transaction and counts on."""

    def closing(self, engine: Engine, folder: Path, counts: Any, between: Callable[[], None]) -> dict[str, Any]:
        """Find out what only the whole file tells, for the job's row; calls ``between`` between its steps."""
