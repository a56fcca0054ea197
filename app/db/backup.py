"""Backups while the service writes: one consistent moment of the database, then the files of its batch jobs."""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError

from app.db.archive import ArchiveWriter, BackupRefused
from app.db.engine import is_postgresql, lift_time_limits, open_engine
from app.db.tables import jobs, metadata

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SQLITE_MEMBER: Final = "telelink.db"
TABLES_FOLDER: Final = "tables"
BATCH_FOLDER: Final = "batch"
DATABASE_ERRORS: Final = (DBAPIError, psycopg.Error, sqlite3.Error)
_ATTEMPTS: Final = 3
_FINISHED: Final = frozenset({"done", "failed", "cancelled"})
_VOUCHED: Final = (("upload.csv", "file_bytes"), ("results.csv", "results_bytes"), ("errors.csv", "errors_bytes"))


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: the database's kind and migration, each table's columns and rows, and files not whole."""

    format: int
    kind: str
    revision: str
    created_at: str
    columns: dict[str, list[str]]
    rows: dict[str, int]
    files_not_whole: list[str]


@dataclass(frozen=True)
class _JobFile:
    """A file of a batch job, and how much of it the snapshot of the database vouches for."""

    name: str
    size: int
    is_needed: bool


class _FilesMovedOn(Exception):
    """A file lost bytes that the snapshot vouches for, as when a job ends meanwhile: begin again with a new one."""


def back_up(url: str, data_dir: Path, folder: Path) -> tuple[Path, Manifest]:
    """Write ``telelink-<UTC>.backup`` into a folder while the service goes on; give its path and what it holds.

    Raises
    ------
    BackupRefused
        There is no database, it is damaged, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(_ATTEMPTS - 1):
            with suppress(_FilesMovedOn):
                return _attempt(url, data_dir, folder, need_files=True)
        return _attempt(url, data_dir, folder, need_files=False)
    except OSError as error:
        raise BackupRefused(f"The backup cannot be written to {folder} ({error.strerror}).") from None
    except DATABASE_ERRORS as error:
        raise BackupRefused(f"The database cannot be read ({said(error)}).") from None


def _attempt(url: str, data_dir: Path, folder: Path, *, need_files: bool) -> tuple[Path, Manifest]:
    now = datetime.now(UTC)
    path = folder / f"telelink-{now:%Y%m%dT%H%M%S.%fZ}.backup"
    with ArchiveWriter.into(path) as archive, tempfile.TemporaryDirectory(dir=folder, prefix=".telelink-") as scratch:
        address = make_url(url)
        if is_postgresql(address):
            kind, found = "postgresql", _add_postgresql(url, archive, Path(scratch))
        else:
            kind, found = "sqlite", _add_sqlite(Path(str(address.database)), archive, Path(scratch))
        not_whole = [file.name for file in found.files if not _add_file(archive, data_dir / BATCH_FOLDER, file)]
        if not_whole and need_files:
            raise _FilesMovedOn
        created_at = now.isoformat(timespec="seconds").replace("+00:00", "Z")
        manifest = Manifest(FORMAT, kind, found.revision, created_at, found.columns, found.rows, not_whole)
        archive.add_bytes(MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
    return path, manifest


@dataclass(frozen=True)
class Contents:
    """What one moment of a database holds."""

    revision: str
    columns: dict[str, list[str]]
    rows: dict[str, int]
    files: list[_JobFile]


def contents(connection: Connection) -> Contents:
    """Look at our tables, and at the files their rows vouch for; raises BackupRefused where nothing is ours."""
    inspector = sa.inspect(connection)
    present = set(inspector.get_table_names())
    if "alembic_version" not in present:
        raise BackupRefused("The database holds nothing of ours.")
    tables = sorted(present & metadata.tables.keys())
    columns = {name: [column["name"] for column in inspector.get_columns(name)] for name in tables}
    rows = {
        name: int(connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0) for name in tables
    }
    revision = str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))
    return Contents(revision, columns, rows, list(_job_files(connection)) if jobs.name in present else [])


def _job_files(connection: Connection) -> Iterator[_JobFile]:
    for job in connection.execute(sa.select(jobs).order_by(jobs.c.id)):
        for name, size_column in _VOUCHED:
            # A job that goes on needs every byte its row names. When one has ended, its upload is dropped, and an
            # erasure may have taken rows out of the rest.
            yield _JobFile(f"{job.id}/{name}", int(getattr(job, size_column)), job.state not in _FINISHED)


def _add_sqlite(database: Path, archive: ArchiveWriter, scratch: Path) -> Contents:
    """Copy the database with SQLite's own online backup, which sees one moment, and check the copy."""
    if not database.is_file():
        raise BackupRefused(f"There is no database at {database}.")
    copy = scratch / SQLITE_MEMBER
    with closing(sqlite3.connect(database, timeout=5)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        # The copy is one file: what is still in a log beside it would be left behind.
        target.execute("PRAGMA journal_mode=DELETE")
    found = check_sqlite(copy)
    _add_whole(archive, SQLITE_MEMBER, copy)
    return found


def check_sqlite(database: Path) -> Contents:
    """Read a copy of a database through and look at what it holds; raises BackupRefused when it is damaged."""
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(database)), poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            verdict = str(connection.exec_driver_sql("PRAGMA integrity_check").scalar())
            if verdict != "ok":
                raise BackupRefused(f"The database is damaged: {verdict.splitlines()[0]}.")
            return contents(connection)
    except DBAPIError as error:
        raise BackupRefused(f"The database is damaged: {said(error)}.") from None


def _add_postgresql(url: str, archive: ArchiveWriter, scratch: Path) -> Contents:
    """Copy every table of one moment out of PostgreSQL."""
    engine: Engine = open_engine(url)
    try:
        with engine.connect().execution_options(read_only=True) as connection:
            lift_time_limits(connection)
            found = contents(connection)
            for table, columns in found.columns.items():
                copy = scratch / table
                with copy.open("wb") as file:
                    _copy_out(connection, table, columns, file)
                _add_whole(archive, f"{TABLES_FOLDER}/{table}", copy)
                copy.unlink()
            return found
    finally:
        engine.dispose()


def _copy_out(connection: Connection, table: str, columns: list[str], file: BinaryIO) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {copied(connection, table, columns)} TO STDOUT") as copy:
        for part in copy:
            file.write(part)


def said(error: Exception) -> str:
    """Give the first line of what a driver said."""
    return str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()[0]


def copied(connection: Connection, table: str, columns: list[str]) -> str:
    """Write a table and its columns as PostgreSQL's COPY takes them."""
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(table)} ({', '.join(map(quote, columns))})"


def _add_whole(archive: ArchiveWriter, name: str, path: Path) -> None:
    with path.open("rb") as stream:
        archive.add(name, stream, path.stat().st_size)


def _add_file(archive: ArchiveWriter, batch_folder: Path, file: _JobFile) -> bool:
    """Add what the snapshot vouches for of a job's file; false when a job that goes on would miss some of it."""
    try:
        stream = (batch_folder / file.name).open("rb")
    except FileNotFoundError:
        return file.size == 0 or not file.is_needed
    with stream:
        there = os.fstat(stream.fileno()).st_size
        try:
            archive.add(f"{BATCH_FOLDER}/{file.name}", stream, min(there, file.size))
        except EOFError:
            raise _FilesMovedOn from None
    return there >= file.size or not file.is_needed
