"""Copy SQLite's log back into the database beside the commits, so that no answer waits for it."""

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

log = structlog.get_logger()

LARGE_LOG_BYTES: Final = 16 * 1024 * 1024
LOOK_SECONDS: Final = 0.25


def checkpoint(engine: Engine, large_bytes: int = LARGE_LOG_BYTES) -> None:
    """Copy the log back if it has grown large, and let it begin anew.

    Most of the work is done while others write. What they added meanwhile is copied under the write lock: without
    that last step a log that is always written to would grow for ever. PostgreSQL does all this by itself.
    """
    if engine.dialect.name != "sqlite" or _log_bytes(engine) < large_bytes:
        return
    connection = engine.raw_connection()
    try:
        for step in ("PASSIVE", "RESTART"):
            connection.driver_connection.execute(f"PRAGMA wal_checkpoint({step})")  # type: ignore[union-attr]
    finally:
        connection.close()


class Checkpointer:
    """A thread that looks after the log of a process that answers requests."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpointer", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                checkpoint(self._engine)
            except (sqlite3.Error, DBAPIError) as error:
                # A full disk, say: the commits themselves report it, and the log stays as it is.
                log.warning("checkpoint_failed", error=type(error).__name__)


def _log_bytes(engine: Engine) -> int:
    with suppress(OSError):
        return Path(f"{engine.url.database}-wal").stat().st_size
    return 0
