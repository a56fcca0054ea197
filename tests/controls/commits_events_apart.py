"""Wrong build for F1: a chunk's events and the place reached are two transactions, so a kill makes them duplicates."""

import time
from collections.abc import Sequence

from sqlalchemy import Connection

from app.batch import event_job
from app.events.store import Outcome, StoredRow, append_chunk
from tests.controls.wrong_build import run

MOMENT_SECONDS = 0.8


def append_and_commit(connection: Connection, rows: Sequence[StoredRow]) -> Outcome:
    """Store the events for good, and let the caller record the progress later."""
    outcome = append_chunk(connection, rows)
    connection.exec_driver_sql("COMMIT")
    time.sleep(MOMENT_SECONDS)
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    return outcome


def spoil() -> None:
    """Cut the transaction in two."""
    event_job.append_chunk = append_and_commit


if __name__ == "__main__":
    run("commits_events_apart", spoil)
