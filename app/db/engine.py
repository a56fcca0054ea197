"""The only place that knows which database this is."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from app.errors import DatabaseBusy, DatabaseUnavailable, SettingsInvalid, StorageFull, Unavailable

BUSY_TIMEOUT_MS = 250
"""How long one attempt waits for a lock; the writer tries again until the answer's own deadline."""


def open_engine(url: str) -> Engine:
    """Open the database: SQLite in WAL mode with synchronous FULL, so that a committed row survives a power cut.

    Raises
    ------
    SettingsInvalid
        The folder of the SQLite file cannot be made or written.
    """
    path = make_url(url).database
    try:
        Path(path or "").parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsInvalid(f"DATA_DIR: the folder cannot be made ({error.strerror}).") from None
    engine = create_engine(url, pool_size=4, max_overflow=0, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # Transactions are begun explicitly below; sqlite3's own BEGIN is DEFERRED and fails late under a lock.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # Pages that many commits touch are copied back once in 16 MiB of log instead of once in 4.
        connection.execute("PRAGMA wal_autocheckpoint=4000")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        mode = "DEFERRED" if connection.get_execution_options().get("read_only") else "IMMEDIATE"
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def is_own_fault(error: Exception) -> bool:
    """Tell an error in our rows or code from a database that cannot serve: waiting would not mend it."""
    database = isinstance(error, DBAPIError | sqlite3.Error | OSError)
    ours = (
        IntegrityError,
        DataError,
        ProgrammingError,
        sqlite3.IntegrityError,
        sqlite3.DataError,
        sqlite3.ProgrammingError,
    )
    return not database or isinstance(error, ours)


def as_unavailable(error: Exception) -> Unavailable:
    """Translate a driver's error into what the caller is told: busy, disk full, or not reachable."""
    original = error.orig if isinstance(error, DBAPIError) else error
    primary = getattr(original, "sqlite_errorcode", 0) & 0xFF
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy()
    if primary == sqlite3.SQLITE_FULL:
        return StorageFull()
    return DatabaseUnavailable()
