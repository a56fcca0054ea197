"""Wrong build for F1: after a kill it goes on at the end of its files, behind lines that were never committed."""

import time
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from app.batch import customer_job, job_files
from app.predictions.store import insert_predictions
from tests.controls.wrong_build import run

MOMENT_SECONDS = 0.4


def open_at_end(path: Path, _length: int) -> FileIO:
    """Open a file to add to it, whatever length the database vouches for."""
    return path.open("ab", buffering=0)


def insert_late(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Store the rows a moment after their lines were written."""
    time.sleep(MOMENT_SECONDS)
    return insert_predictions(connection, rows)


def spoil() -> None:
    """Leave out the cutting back."""
    job_files._cut = open_at_end
    customer_job.insert_predictions = insert_late


if __name__ == "__main__":
    run("keeps_torn_lines", spoil)
