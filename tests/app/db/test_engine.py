"""The engine keeps durable settings on every connection, and on both databases one transaction writes at a time."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from app.db.engine import BUSY_TIMEOUT_MS, as_unavailable, lift_time_limits, open_engine
from app.errors import DatabaseBusy, SettingsInvalid
from app.settings import Settings
from tests.databases import can_write, file_of, postgresql_only, sqlite_only

SYNCHRONOUS_FULL: Final = 2
ATTEMPTS: Final = 15
POSTGRESQL: Final = {"synchronous_commit": "on", "statement_timeout": "4s", "lock_timeout": "250ms", "TimeZone": "UTC"}
WRITE_DEADLINE: Final = Settings.model_fields["write_timeout_seconds"].default
COUNTED: Final = text("SELECT CAST(sum(customers) AS INTEGER) FROM portfolio")
BULK_JOB: Final = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
print("ready", flush=True)
while True:
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(float(sys.argv[2]))
    connection.execute("COMMIT")
    time.sleep(float(sys.argv[3]))
"""


def pragma(connection: Any, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def shown(connection: Any, name: str) -> str:
    return str(connection.exec_driver_sql(f"SHOW {name}").scalar())


@contextmanager
def bulk_job(url: str, held_seconds: float, gap_seconds: float) -> Iterator[None]:
    """Another process that takes the write lock again and again."""
    command = [sys.executable, "-c", BULK_JOB, str(file_of(url)), str(held_seconds), str(gap_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as job:
        assert job.stdout is not None
        job.stdout.readline()
        try:
            yield
        finally:
            job.kill()


@sqlite_only
def test_every_pooled_connection_of_sqlite_is_durable(engine: Engine) -> None:
    with ExitStack() as stack:
        for _ in range(5):
            connection = stack.enter_context(engine.connect().execution_options(read_only=True))
            assert pragma(connection, "journal_mode") == "wal"
            assert pragma(connection, "synchronous") == SYNCHRONOUS_FULL


@postgresql_only
def test_every_pooled_connection_of_postgresql_is_durable_and_bounded(engine: Engine) -> None:
    with ExitStack() as stack:
        for _ in range(5):
            connection = stack.enter_context(engine.connect().execution_options(read_only=True))
            assert {name: shown(connection, name) for name in POSTGRESQL} == POSTGRESQL
            parameters = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
            assert 0 < int(parameters["connect_timeout"]) + int(parameters["tcp_user_timeout"]) / 1000 < WRITE_DEADLINE


@postgresql_only
def test_time_limits_are_lifted_for_one_transaction(engine: Engine) -> None:
    with engine.connect() as connection:
        lift_time_limits(connection)
        assert shown(connection, "statement_timeout") == "0"
        connection.rollback()
        assert shown(connection, "statement_timeout") == POSTGRESQL["statement_timeout"]


def test_a_transaction_takes_the_write_lock_when_it_begins(engine: Engine, database_url: str) -> None:
    with engine.begin():
        assert not can_write(database_url)
    assert can_write(database_url)


def test_a_read_only_transaction_takes_no_lock_and_meets_none(engine: Engine, database_url: str) -> None:
    with engine.connect().execution_options(read_only=True) as connection:
        assert connection.execute(text("SELECT count(*) FROM customers")).scalar() == 0
        assert can_write(database_url)
    with engine.begin(), engine.connect().execution_options(read_only=True) as connection:
        assert connection.execute(text("SELECT count(*) FROM customers")).scalar() == 0


def test_a_read_only_transaction_sees_one_moment(engine: Engine) -> None:
    with engine.connect().execution_options(read_only=True) as reader:
        assert reader.execute(COUNTED).scalar() == 0
        with engine.begin() as writer:
            writer.execute(text("UPDATE portfolio SET customers = 1"))
        assert reader.execute(COUNTED).scalar() == 0
    with engine.connect().execution_options(read_only=True) as reader:
        assert reader.execute(COUNTED).scalar() == 3


def test_a_writer_sees_what_the_one_before_it_left(engine: Engine) -> None:
    """Threads that read, then shift what they read: no shift is lost. Who finds no gap in time begins again."""

    def add_one(attempt: int) -> None:
        try:
            shift()
        except OperationalError as error:
            if not isinstance(as_unavailable(error), DatabaseBusy):
                raise
            add_one(attempt)

    def shift() -> None:
        with engine.begin() as connection:
            before = connection.execute(text("SELECT customers FROM portfolio WHERE tier = 'Low'")).scalar()
            time.sleep(0.001)
            connection.execute(text("UPDATE portfolio SET customers = :n WHERE tier = 'Low'"), {"n": int(before) + 1})

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add_one, range(40)))
    with engine.connect().execution_options(read_only=True) as connection:
        assert connection.execute(COUNTED).scalar() == 40


def test_a_connection_that_was_read_only_writes_again(engine: Engine, database_url: str) -> None:
    with engine.connect().execution_options(read_only=True) as connection:
        connection.execute(text("SELECT 1"))
    assert engine.pool.checkedin() >= 1  # type: ignore[attr-defined]
    with engine.begin() as connection:
        assert not can_write(database_url)
        connection.execute(text("UPDATE portfolio SET customers = 1"))


def test_a_failed_transaction_is_rolled_back_and_lets_go(engine: Engine, database_url: str) -> None:
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        connection.execute(text("DELETE FROM portfolio"))
        raise ZeroDivisionError
    assert can_write(database_url)
    with engine.connect().execution_options(read_only=True) as connection:
        assert connection.execute(text("SELECT count(*) FROM portfolio")).scalar() == 3


def test_readers_that_linger_keep_nobody_waiting(engine: Engine) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            reader = stack.enter_context(engine.connect().execution_options(read_only=True))
            reader.execute(text("SELECT * FROM portfolio")).first()
        with engine.begin() as connection:
            connection.execute(text("UPDATE portfolio SET customers = 1"))


@pytest.mark.fault  # it needs the machine to itself: two kinds of patience are compared
@sqlite_only
def test_a_writer_gets_in_between_the_transactions_of_a_bulk_job(engine: Engine, database_url: str) -> None:
    """Another process holds the lock for 80 ms at a time and leaves gaps of 4 ms; SQLite's own patience misses most."""

    def with_our_patience() -> None:
        with engine.begin():
            pass

    def with_sqlites_own() -> None:
        its_own.execute("BEGIN IMMEDIATE")
        its_own.execute("ROLLBACK")

    patience = BUSY_TIMEOUT_MS / 1000
    with (
        closing(sqlite3.connect(file_of(database_url), timeout=patience, isolation_level=None)) as its_own,
        bulk_job(database_url, held_seconds=0.08, gap_seconds=0.004),
    ):
        ours, theirs = successes(with_our_patience), successes(with_sqlites_own)
    assert ours >= theirs + ATTEMPTS // 5, (ours, theirs)


def successes(act: Callable[[], None]) -> int:
    """Count how often the lock was had, with pauses that fall into no step with the bulk job."""
    had = 0
    for number in range(ATTEMPTS):
        with suppress(DBAPIError, sqlite3.OperationalError):
            act()
            had += 1
        time.sleep(0.007 * (number % 5))
    return had


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new/folders/here.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (n)"))
    engine.dispose()
    assert (tmp_path / "new/folders/here.db").stat().st_size > 0


def test_a_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsInvalid, match="folder cannot be made"):
        open_engine(f"sqlite:///{tmp_path}/file/below/it.db")
