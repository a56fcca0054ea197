"""Wrong build for F1: the events of a request are committed one by one, so that a kill leaves some of them."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.events import store
from tests.controls.wrong_build import run

PAUSE_SECONDS = 0.01
_append_chunk = store.append_chunk


def _torn(connection: Connection, rows: Sequence[store.StoredRow]) -> Any:
    outcome = store.Outcome()
    for row in rows:
        outcome.accepted += _append_chunk(connection, [row]).accepted
        connection.exec_driver_sql("COMMIT")
        time.sleep(PAUSE_SECONDS)
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    return outcome


def spoil() -> None:
    """Commit after each event."""
    store.append_chunk = _torn


if __name__ == "__main__":
    run("tears_events", spoil)
