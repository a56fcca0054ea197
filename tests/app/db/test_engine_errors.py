"""What a database says in its own words, the engine says in ours: busy, full, lost, or our own fault."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from app.db.engine import as_unavailable, is_connection_lost, is_own_fault, open_engine
from app.errors import DatabaseBusy, DatabaseUnavailable, StorageFull
from tests.databases import file_of, locked, postgresql_only, somebody_else, sqlite_only
from tests.server_process import LOOPBACK, free_port

SECRET = "pa55word"


def pragma(connection: Any, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def busy(engine: Engine, database_url: str) -> None:
    with locked(database_url), engine.begin():
        pass


def outdated_snapshot(engine: Engine, database_url: str) -> None:
    with engine.connect().execution_options(read_only=True) as reader:
        reader.execute(text("SELECT * FROM portfolio")).all()
        with engine.begin() as writer:
            writer.execute(text("UPDATE portfolio SET customers = 1"))
        reader.execute(text("UPDATE portfolio SET customers = 2"))


def full(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        pages = pragma(connection, "page_count")
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.execute(text("CREATE TABLE large (content)"))
        connection.execute(text("INSERT INTO large VALUES (zeroblob(1000000))"))


def no_such_table(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT * FROM nowhere"))


def doubled_key(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO portfolio SELECT * FROM portfolio"))


def no_database(engine: Engine, database_url: str) -> None:
    engine.dispose()
    file_of(database_url).write_bytes(b"This is a letter, not a database. " * 100)
    with engine.begin():
        pass


@sqlite_only
@pytest.mark.parametrize(
    ("fault", "code", "expected"),
    [
        (busy, "SQLITE_BUSY", DatabaseBusy),
        (outdated_snapshot, "SQLITE_BUSY_SNAPSHOT", DatabaseBusy),
        (full, "SQLITE_FULL", StorageFull),
        (no_such_table, "SQLITE_ERROR", DatabaseUnavailable),
        (doubled_key, "SQLITE_CONSTRAINT_PRIMARYKEY", DatabaseUnavailable),
        (no_database, "SQLITE_NOTADB", DatabaseUnavailable),
    ],
)
def test_an_error_of_sqlite_is_translated(
    engine: Engine, database_url: str, fault: Callable[[Engine, str], None], code: str, expected: type[Exception]
) -> None:
    with pytest.raises((DBAPIError, sqlite3.Error)) as raised:
        fault(engine, database_url)
    error = raised.value
    original = error.orig if isinstance(error, DBAPIError) else error
    assert getattr(original, "sqlite_errorname", None) == code
    assert type(as_unavailable(error)) is expected
    assert type(as_unavailable(original)) is expected


def test_a_lock_within_one_shared_cache_is_busy_too() -> None:
    address = "file:shared-cache?mode=memory&cache=shared"
    with (
        closing(sqlite3.connect(address, uri=True, isolation_level=None)) as one,
        closing(sqlite3.connect(address, uri=True, isolation_level=None)) as other,
    ):
        one.execute("CREATE TABLE kept (n)")
        one.execute("BEGIN EXCLUSIVE")
        one.execute("INSERT INTO kept VALUES (1)")
        with pytest.raises(sqlite3.OperationalError) as raised:
            other.execute("SELECT * FROM kept")
    assert raised.value.sqlite_errorname.startswith("SQLITE_LOCKED")
    assert type(as_unavailable(raised.value)) is DatabaseBusy


def test_an_error_of_another_kind_is_not_taken_for_a_busy_database() -> None:
    assert type(as_unavailable(RuntimeError("no driver raised this"))) is DatabaseUnavailable


def too_slow(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 10")
        connection.exec_driver_sql("SELECT pg_sleep(5)")


def reported(state: str) -> Callable[[Engine, str], None]:
    """Let the server report a state that is hard to bring about."""

    def fault(engine: Engine, database_url: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{state}'; END $$")

    return fault


def writing_while_reading(engine: Engine, database_url: str) -> None:
    with engine.connect().execution_options(read_only=True) as connection:
        connection.execute(text("UPDATE portfolio SET customers = 1"))


def too_long(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE portfolio SET updated_at = repeat('x', 28)"))


def cut_off(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection, somebody_else(database_url) as other:
        own = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        other.execute("SELECT pg_terminate_backend(%s)", (own,))
        connection.execute(text("SELECT 1"))


def nobody_there(engine: Engine, database_url: str) -> None:
    nowhere = open_engine(f"postgresql://anna:{SECRET}@{LOOPBACK}:{free_port()}/telelink")
    with nowhere.begin():
        pass


def wrong_password(engine: Engine, database_url: str) -> None:
    refused = open_engine(database_url.replace(":pa55word@", f":not-{SECRET}@"))
    with refused.begin():
        pass


@postgresql_only
@pytest.mark.parametrize(
    ("fault", "state", "expected", "lost", "ours"),
    [
        (busy, "55P03", DatabaseBusy, False, False),
        (too_slow, "57014", DatabaseBusy, False, False),
        (reported("40001"), "40001", DatabaseBusy, False, False),
        (reported("40P01"), "40P01", DatabaseBusy, False, False),
        (reported("53100"), "53100", StorageFull, False, False),
        (no_such_table, "42P01", DatabaseUnavailable, False, True),
        (doubled_key, "23505", DatabaseUnavailable, False, True),
        (too_long, "22001", DatabaseUnavailable, False, True),
        (writing_while_reading, "25006", DatabaseUnavailable, False, False),
        (cut_off, "57P01", DatabaseUnavailable, True, False),
        (nobody_there, None, DatabaseUnavailable, True, False),
        (wrong_password, None, DatabaseUnavailable, True, False),
    ],
)
def test_an_error_of_postgresql_is_translated(
    engine: Engine,
    database_url: str,
    fault: Callable[[Engine, str], None],
    state: str | None,
    expected: type[Exception],
    lost: bool,
    ours: bool,
) -> None:
    begin = time.monotonic()
    with pytest.raises(DBAPIError) as raised:
        fault(engine, database_url)
    assert time.monotonic() - begin < 3
    error = raised.value
    assert getattr(error.orig, "sqlstate", None) == state
    assert type(as_unavailable(error)) is expected
    assert is_connection_lost(error) is lost
    assert is_own_fault(error) is ours
    assert SECRET not in str(error)
    assert SECRET not in repr(error)


@postgresql_only
def test_one_cut_connection_poisons_no_other(engine: Engine, database_url: str) -> None:
    with ExitStack() as stack:
        pooled = [stack.enter_context(engine.connect().execution_options(read_only=True)) for _ in range(4)]
        for connection in pooled:
            connection.execute(text("SELECT 1"))
    with somebody_else(database_url) as other:
        mine = "application_name = 'telelink' AND datname = current_database()"
        assert (
            len(other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}").fetchall()) == 4
        )
    for _ in range(6):
        with engine.begin() as connection:
            assert connection.execute(text("SELECT count(*) FROM portfolio")).scalar() == 3


def test_a_doubled_key_is_our_fault_on_both(engine: Engine, database_url: str) -> None:
    with pytest.raises(DBAPIError) as raised:
        doubled_key(engine, database_url)
    assert is_own_fault(raised.value)
    assert not is_connection_lost(raised.value)
