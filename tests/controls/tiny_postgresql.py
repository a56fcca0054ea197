"""The smallest service that keeps the storage promises on PostgreSQL: the right build for F3.

It is the tiny service with another database, named by DATABASE_URL; the wrong builds beside it change one thing each.
"""

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import psycopg
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.controls.tiny_service import Row, TinyService, run


class TinyPostgresql(TinyService):
    """One table in PostgreSQL, a new connection for each request."""

    synchronous_commit = "on"

    def __init__(self, data_dir: Path) -> None:
        with self.open() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS predictions (id TEXT PRIMARY KEY, customer_id TEXT)")

    def open(self) -> psycopg.Connection:
        """Connect so that a commit is on the disk, or not, when it returns."""
        options = f"-c synchronous_commit={self.synchronous_commit}"
        return psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=2, options=options)

    def store(self, rows: Iterable[Row]) -> None:
        """Commit the rows, all or none."""
        try:
            with self.open() as connection, connection.cursor() as cursor:
                cursor.executemany("INSERT INTO predictions VALUES (%s, %s)", list(rows))
        except psycopg.OperationalError as error:
            raise sqlite3.OperationalError(str(error)) from error

    async def ready(self, request: Request) -> Response:
        """Say whether the database answers; /livez does not need it."""
        if request.url.path == "/readyz":
            try:
                await run_in_threadpool(self.store, ())
            except sqlite3.OperationalError:
                return self.locked()
        return JSONResponse({"status": "ready"})


if __name__ == "__main__":
    run(TinyPostgresql)
