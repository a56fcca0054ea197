"""Wrong build for F1: a chunk's rows and the place reached are two transactions, so a kill can double rows."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.batch import customer_job
from app.predictions.store import insert_predictions
from tests.controls.wrong_build import run

MOMENT_SECONDS = 0.4


def insert_and_commit(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Store the rows for good, and let the caller record the progress later."""
    repeated = insert_predictions(connection, rows)
    connection.exec_driver_sql("COMMIT")
    time.sleep(MOMENT_SECONDS)
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    return repeated


def spoil() -> None:
    """Cut the transaction in two."""
    customer_job.insert_predictions = insert_and_commit


if __name__ == "__main__":
    run("commits_progress_apart", spoil)
