"""The engine keeps SQLite's durable settings on every connection and says in our words what SQLite says in its own."""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from app.db.engine import BUSY_TIMEOUT_MS, as_unavailable, open_engine
from app.errors import DatabaseBusy, DatabaseUnavailable, SettingsInvalid, StorageFull

SYNCHRONOUS_FULL = 2


def pragma(connection: object, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()  # type: ignore[attr-defined]


def test_every_pooled_connection_is_durable(engine: Engine) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            connection = stack.enter_context(engine.connect().execution_options(read_only=True))
            assert pragma(connection, "journal_mode") == "wal"
            assert pragma(connection, "synchronous") == SYNCHRONOUS_FULL
            assert pragma(connection, "busy_timeout") == BUSY_TIMEOUT_MS


def can_write(database: Path) -> bool:
    """Say whether somebody else could begin to write now."""
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


def test_a_transaction_takes_the_write_lock_when_it_begins(engine: Engine, database: Path) -> None:
    with engine.begin():
        assert not can_write(database)
    assert can_write(database)


def test_a_read_only_transaction_takes_no_lock_and_meets_none(engine: Engine, database: Path) -> None:
    with engine.connect().execution_options(read_only=True) as connection:
        assert connection.execute(text("SELECT count(*) FROM customers")).scalar() == 0
        assert can_write(database)
    with engine.begin(), engine.connect().execution_options(read_only=True) as connection:
        assert connection.execute(text("SELECT count(*) FROM customers")).scalar() == 0


def test_a_connection_that_was_read_only_writes_again(engine: Engine, database: Path) -> None:
    with engine.connect().execution_options(read_only=True) as connection:
        connection.execute(text("SELECT 1"))
    assert engine.pool.checkedin() >= 1
    with engine.begin():
        assert not can_write(database)


def test_a_failed_transaction_is_rolled_back_and_lets_go(engine: Engine, database: Path) -> None:
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        connection.execute(text("DELETE FROM portfolio"))
        raise ZeroDivisionError
    assert can_write(database)
    with engine.connect().execution_options(read_only=True) as connection:
        assert connection.execute(text("SELECT count(*) FROM portfolio")).scalar() == 3


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


def busy(engine: Engine, database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with engine.begin():
            pass


def outdated_snapshot(engine: Engine, database: Path) -> None:
    with engine.connect().execution_options(read_only=True) as reader:
        reader.execute(text("SELECT * FROM portfolio")).all()
        with engine.begin() as writer:
            writer.execute(text("UPDATE portfolio SET customers = 1"))
        reader.execute(text("UPDATE portfolio SET customers = 2"))


def full(engine: Engine, database: Path) -> None:
    with engine.begin() as connection:
        pages = pragma(connection, "page_count")
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.execute(text("CREATE TABLE large (content)"))
        connection.execute(text("INSERT INTO large VALUES (zeroblob(1000000))"))


def no_such_table(engine: Engine, database: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT * FROM nowhere"))


def doubled_key(engine: Engine, database: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO portfolio SELECT * FROM portfolio"))


def no_database(engine: Engine, database: Path) -> None:
    engine.dispose()
    database.write_bytes(b"This is a letter, not a database. " * 100)
    with engine.begin():
        pass


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
    engine: Engine, database: Path, fault: Callable[[Engine, Path], None], code: str, expected: type[Exception]
) -> None:
    with pytest.raises((DBAPIError, sqlite3.Error)) as raised:
        fault(engine, database)
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
