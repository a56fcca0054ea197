"""The only place that knows which database this is: SQLite in a file, or PostgreSQL behind an address."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError

from app.errors import DatabaseBusy, DatabaseUnavailable, SettingsInvalid, StorageFull, Unavailable

BUSY_TIMEOUT_MS: Final = 250
"""How long one attempt waits for the write lock; the writer tries again until the answer's own deadline."""
_POLL_MS: Final = 1
"""A bulk job leaves gaps of a few milliseconds between its transactions; SQLite's own patience sleeps through them."""

WRITE_LOCK: Final = 0x7E1E_0001
"""PostgreSQL's advisory lock that every writing transaction holds: one writer at a time, as SQLite has it."""
# A write is answered within 5 s. A connection that went dead costs its notice and one attempt to connect anew: 4 s.
_UNREACHABLE_SECONDS: Final = 2
_POSTGRESQL_SETTINGS: Final = {
    "statement_timeout": "4000",
    "lock_timeout": str(BUSY_TIMEOUT_MS),
    "synchronous_commit": "on",
    "timezone": "UTC",
    # A writer that froze would hold the lock for ever; PostgreSQL ends it and takes its transaction back.
    "idle_in_transaction_session_timeout": "60000",
}
_POSTGRESQL_CONNECT: Final = {
    "connect_timeout": _UNREACHABLE_SECONDS,
    "tcp_user_timeout": _UNREACHABLE_SECONDS * 1000,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "application_name": "telelink",
}
# psycopg.IsolationLevel by value: importing psycopg would slow every start on SQLite.
_READ_COMMITTED: Final = 2
_REPEATABLE_READ: Final = 3

_BUSY_STATES: Final = frozenset({"55P03", "40001", "40P01", "57014", "53300"})
"""Lock not available, could not serialise, deadlock, statement timed out, too many connections."""
_FULL_STATE: Final = "53100"
_CANNOT_GROW: Final = frozenset({sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
"""SQLite says "full" only for ENOSPC; a used-up quota or file size limit is one of these."""


def open_engine(url: str, cache_mib: int = 8) -> Engine:
    """Open the database so that a committed row survives a power cut.

    SQLite runs in WAL mode with synchronous FULL, PostgreSQL with synchronous_commit. On both a transaction waits for
    the one write lock when it begins, unless its connection has the execution option ``read_only``. SQLite overwrites
    what is deleted, and each connection keeps up to ``cache_mib`` MiB of its pages.

    Raises
    ------
    SettingsInvalid
        The folder of the SQLite file cannot be made or written.
    """
    address = make_url(url)
    return _open_postgresql(address) if is_postgresql(address) else _open_sqlite(address, cache_mib)


def is_postgresql(address: URL) -> bool:
    """Say whether an address names a PostgreSQL server, with the driver left out or ours."""
    return address.drivername in ("postgresql", "postgresql+psycopg")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that reads; raises Unavailable when the database does not answer."""
    try:
        with engine.connect().execution_options(read_only=True) as connection:
            yield connection
    except DBAPIError as error:
        raise as_unavailable(error) from error


def lift_time_limits(connection: Connection) -> None:
    """Let the statements of the open transaction take as long as they need: for migrations, exports and backups."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def _open_sqlite(address: URL, cache_mib: int) -> Engine:
    try:
        Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsInvalid(f"DATA_DIR: the folder cannot be made ({error.strerror}).") from None
    # Readers that stream to a slow client hold their connection; nobody else may wait for them.
    engine = create_engine(address, pool_size=4, max_overflow=-1, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # Transactions are begun explicitly below; sqlite3's own BEGIN is DEFERRED and fails late under a lock.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # app.db.checkpoint copies the log back beside the commits; inside one only when that has not happened for long.
        connection.execute("PRAGMA wal_autocheckpoint=50000")
        connection.execute("PRAGMA journal_size_limit=4194304")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(f"PRAGMA cache_size=-{cache_mib * 1024}")
        connection.execute(f"PRAGMA busy_timeout={_POLL_MS}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("read_only"):
            connection.exec_driver_sql("BEGIN DEFERRED")
        else:
            _begin_immediate(connection)

    return engine


def _begin_immediate(connection: Connection) -> None:
    """Take SQLite's write lock in the first gap another process leaves; an OperationalError when it leaves none."""
    patience_ends = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    driver: Any = connection.connection.driver_connection
    while time.monotonic() < patience_ends:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not isinstance(as_unavailable(error), DatabaseBusy):
                break
        else:
            return
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _open_postgresql(address: URL) -> Engine:
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"),
        paramstyle="format",  # values by position, as Prepared hands them over
        pool_size=4,
        max_overflow=-1,
        pool_pre_ping=True,
        connect_args=_POSTGRESQL_CONNECT,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute("; ".join(f"SET {name} = {value}" for name, value in _POSTGRESQL_SETTINGS.items()))
        connection.autocommit = False

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = bool(connection.get_execution_options().get("read_only"))
        driver: Any = connection.connection.driver_connection
        # Part of the BEGIN that the driver sends. A reader sees one moment, a writer what its lock's last owner left.
        if driver.read_only is not read_only:
            driver.read_only = read_only
            driver.isolation_level = _REPEATABLE_READ if read_only else _READ_COMMITTED
        if not read_only:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")

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


def is_connection_lost(error: Exception) -> bool:
    """Say whether the server cannot be reached: nothing else will reach it in the same moment either."""
    if not isinstance(error, OperationalError) or isinstance(error.orig, sqlite3.Error):
        return False
    # An error that the server reported carries its code; class 57P is the server saying that it goes or is not up yet.
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or state is None or state.startswith(("08", "57P"))


def as_unavailable(error: Exception) -> Unavailable:
    """Translate a driver's error into what the caller is told: busy, disk full, or not reachable."""
    original = error.orig if isinstance(error, DBAPIError) else error
    extended = getattr(original, "sqlite_errorcode", 0)
    primary = extended & 0xFF
    state = getattr(original, "sqlstate", None)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or state in _BUSY_STATES:
        return DatabaseBusy()
    if primary == sqlite3.SQLITE_FULL or extended in _CANNOT_GROW or state == _FULL_STATE:
        return StorageFull()
    return DatabaseUnavailable()
