"""Traces are found in gaps, free blocks and free pages of an SQLite file, and live rows are no traces."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.customers.traces import holds_traces

SECRET = b"A-SECRET-4711"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.db"


def write(file: Path, *statements: str, secure: bool = False) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA secure_delete={'ON' if secure else 'OFF'}")
        for statement in statements:
            connection.execute(statement)


MADE = "CREATE TABLE kept (id TEXT PRIMARY KEY, note TEXT) WITHOUT ROWID"
FEW = "INSERT INTO kept VALUES ('A-SECRET-4711', 'x'), ('B', 'y'), ('C', 'z')"
MANY = (
    "INSERT INTO kept WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 500)"
    " SELECT 'MANY-' || n, hex(zeroblob(100)) FROM n"
)


def test_a_row_is_no_trace(file: Path) -> None:
    write(file, MADE, FEW)
    assert SECRET in file.read_bytes()
    assert not holds_traces(file, [SECRET])


@pytest.mark.parametrize("secure", [False, True])
def test_a_deleted_row_is_a_trace_unless_it_was_overwritten(file: Path, secure: bool) -> None:
    write(file, MADE, FEW, "DELETE FROM kept WHERE id LIKE 'A-%'", secure=secure)
    assert holds_traces(file, [b"nothing", SECRET]) is not secure


@pytest.mark.parametrize("secure", [False, True])
def test_free_pages_are_looked_through(file: Path, secure: bool) -> None:
    write(file, MADE, MANY, "DELETE FROM kept", secure=secure)
    assert holds_traces(file, [b"MANY-77"]) is not secure


@pytest.mark.parametrize("size", [512, 4096, 65536])
def test_pages_may_have_any_size(file: Path, size: int) -> None:
    write(file, f"PRAGMA page_size={size}", MADE, MANY, FEW, "DELETE FROM kept WHERE id = 'A-SECRET-4711'")
    assert holds_traces(file, [b"nothing", SECRET])
    write(file, "VACUUM")
    assert not holds_traces(file, [SECRET])
    assert b"MANY-77" in file.read_bytes()
