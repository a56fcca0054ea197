"""Both databases for tests: a new one for each test, and somebody else who reads and locks beside the service."""

import itertools
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import Engine

from app.db.engine import WRITE_LOCK, open_engine
from app.db.upgrade import upgrade
from tests.postgresql import QUICK, PostgresqlMissingError, PostgresqlServer

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
BOTH: Final = (SQLITE, POSTGRESQL)
MIGRATED: Final = "migrated"
_numbers = itertools.count()

sqlite_only = pytest.mark.parametrize("database_kind", [SQLITE], indirect=True)
"""Marks a test of something that only SQLite does."""
postgresql_only = pytest.mark.parametrize("database_kind", [POSTGRESQL], indirect=True)
"""Marks a test of something that only PostgreSQL does."""


@contextmanager
def durable_server(settings: Mapping[str, str]) -> Iterator[PostgresqlServer]:
    """Run a server that may be killed and started again; skips without PostgreSQL's programs, and fails in CI."""
    try:
        server = PostgresqlServer(settings=settings)
    except PostgresqlMissingError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    with server:
        yield server


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Run the server of one session, which is quick and never killed, with a migrated database to copy."""
    with durable_server(QUICK) as server:
        server.run_sql(f"CREATE DATABASE {MIGRATED}")
        with migrated(server.url(MIGRATED)):
            pass
        yield server


@contextmanager
def new_database(server: PostgresqlServer, template: str = MIGRATED) -> Iterator[str]:
    """Give the address of a database of one's own, gone after the block."""
    name = f"test_{next(_numbers)}"
    server.run_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield server.url(name)
    finally:
        server.run_sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def migrated(url: str) -> Iterator[Engine]:
    """Open a database and bring it to the newest migration."""
    engine = open_engine(url)
    try:
        upgrade(engine)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def somebody_else(url: str) -> Iterator[Any]:
    """Connect past the service's own engine, and without its patience; statements are on their own."""
    other: Any
    if url.startswith(SQLITE):
        other = sqlite3.connect(file_of(url), timeout=0, isolation_level=None)
    else:
        other = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
    try:
        yield other
    finally:
        other.close()


def file_of(url: str) -> Path:
    """Name the file of an SQLite address."""
    return Path(url.removeprefix("sqlite:///"))


def can_write(url: str) -> bool:
    """Say whether somebody else could begin to write now."""
    with somebody_else(url) as other:
        if not url.startswith(SQLITE):
            return bool(other.execute(f"SELECT pg_try_advisory_xact_lock({WRITE_LOCK})").fetchone()[0])
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold the one write lock for the length of the block."""
    with somebody_else(url) as other:
        if url.startswith(SQLITE):
            other.execute("BEGIN IMMEDIATE")
        else:
            other.execute("BEGIN")
            other.execute(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        yield
