"""Erase a customer down to the bytes: rows, their traces in the database file and its log, and rows of files."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Engine

from app.customers import store, traces
from app.customers.service import known_id
from app.db.engine import as_unavailable, reading
from app.db.moments import now
from app.db.writer import GroupWriter
from app.errors import CustomerNotFound, DatabaseBusy
from app.settings import ROOT

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.05
_GAP_SECONDS: Final = 0.002
"""A bulk job leaves gaps of a few milliseconds between its transactions."""
_UNFINISHED: Final = (
    "The customer is erased, but somebody is still reading the database, so that traces are left in its files. "
    "Send the request again in a moment to remove them."
)


class StoredFiles(Protocol):
    """What keeps rows of uploaded files and their results."""

    def erase_rows(self, customer_id: str) -> bool:
        """Erase a customer's rows from every file, and say whether there were any.

        Raises ErasureWaitsForJob while a job needs a file that holds them. Called in a thread, before the tables are
        touched; must be safe to repeat.
        """


class Erasure:
    """Erases customers; remembers in this process whose traces are still to be removed."""

    def __init__(self, engine: Engine, writer: GroupWriter, files: StoredFiles | None = None) -> None:
        self._engine = engine
        self._writer = writer
        self._files = files
        self._unfinished: dict[str, Sequence[bytes]] = {}

    async def erase(self, customer_id: str) -> None:
        """Erase a customer: profile, predictions, outcome and rows of files.

        SQLite overwrites what is deleted, its log is emptied, and where a page that was once split still shows what
        moved away from it, the file is written anew. PostgreSQL removes deleted rows from its files when it vacuums,
        by itself or by ``VACUUM``, and from its log when it recycles the segments.

        Raises
        ------
        CustomerNotFound, ErasureWaitsForJob
            Nothing was erased.
        Unavailable
            Nothing was erased from the tables, or, as the sentence says then, traces are left in their files.
        """
        patterns = await self._erase_rows(known_id(customer_id))
        self._unfinished[customer_id] = [*self._unfinished.get(customer_id, []), *patterns]
        if not await asyncio.to_thread(remove_traces, self._engine, self._unfinished[customer_id]):
            log.warning("erasure_unfinished")
            raise DatabaseBusy(_UNFINISHED)
        self._unfinished.pop(customer_id, None)

    async def _erase_rows(self, customer_id: str) -> Sequence[bytes]:
        """Erase files and rows, and say by what the customer would be known in what is left."""
        row = await asyncio.to_thread(self._find, customer_id)
        is_in_files = self._files is not None and await asyncio.to_thread(self._files.erase_rows, customer_id)
        if row is None:
            if not is_in_files and customer_id not in self._unfinished:
                raise CustomerNotFound
            return ()
        erased = {"customer_id": customer_id, "now": now(), "found": False}
        await asyncio.shield(self._writer.submit(store.erase_customers, [erased]))
        return customer_id.encode(), row["profile"].encode()

    def _find(self, customer_id: str) -> Mapping[str, Any] | None:
        with reading(self._engine) as connection:
            return store.find(connection, customer_id)


_one_at_a_time = threading.Lock()


def remove_traces(engine: Engine, patterns: Sequence[bytes], patience_seconds: float = PATIENCE_SECONDS) -> bool:
    """Remove what is left of deleted rows; false when readers did not let go of the database in time.

    Raises
    ------
    Unavailable
        The file had to be written anew, and the database refused.
    """
    if engine.dialect.name != "sqlite":
        return True
    with _one_at_a_time:
        if not _empty_log(engine, patience_seconds):
            return False
        if not _has_traces(str(engine.url.database), patterns):
            return True
        log.info("database_rewritten")
        return _vacuum(engine, patience_seconds) and _empty_log(engine, patience_seconds)


def _vacuum(engine: Engine, patience_seconds: float) -> bool:
    """Write the database anew in the first gap that others leave."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            _run(engine, "VACUUM")
        except sqlite3.Error as error:
            refusal = as_unavailable(error)
            if not isinstance(refusal, DatabaseBusy):
                raise refusal from error
            if time.monotonic() >= deadline:
                return False
            time.sleep(_GAP_SECONDS)
        else:
            return True


def _empty_log(engine: Engine, patience_seconds: float) -> bool:
    """Copy SQLite's log into the database and cut it to nothing."""
    deadline = time.monotonic() + patience_seconds
    while _run(engine, "PRAGMA wal_checkpoint(TRUNCATE)")[0][0]:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _run(engine: Engine, statement: str) -> list[Any]:
    """Run a statement that no transaction may hold."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        return list(cursor.fetchall())
    finally:
        connection.close()


def _has_traces(database: str, patterns: Sequence[bytes]) -> bool:
    # The patterns go through a pipe: the arguments of a process are there for everyone to read.
    command = [sys.executable, "-m", traces.__name__, database]
    wanted = "\n".join(pattern.hex() for pattern in patterns)
    done = subprocess.run(command, cwd=ROOT, input=wanted, text=True, capture_output=True, check=False)  # noqa: S603
    if done.returncode not in (0, 1):
        raise RuntimeError("the search for traces failed")
    return done.returncode == 1
