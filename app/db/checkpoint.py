"""Copy SQLite's log back into the database beside the commits, so that no answer waits for it."""

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

log = structlog.get_logger()

LARGE_LOG_BYTES: Final = 96 * 1024 * 1024
"""More than a bulk job lets the log grow to: while one runs, it does the copying."""
FEW_PAGES: Final = 500
"""What may be copied while others wait for the write lock: a few milliseconds' work."""
LOOK_SECONDS: Final = 0.25


def checkpoint(engine: Engine, large_bytes: int = LARGE_LOG_BYTES) -> None:
    """Copy the log back if it has grown large, and let it begin anew.

    The work is done while others write. What they added meanwhile is copied under the write lock, without which a log
    that is always written to would grow for ever; if that is much, it is left for the next time. PostgreSQL does all
    this by itself.
    """
    if engine.dialect.name != "sqlite" or _log_bytes(engine) < large_bytes:
        return
    connection = engine.raw_connection()
    driver: Any = connection.driver_connection
    try:
        for _ in range(2):
            _, pages, copied = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages - copied <= FEW_PAGES:
                driver.execute("PRAGMA wal_checkpoint(RESTART)")
                return
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
