"""Put a backup back: everything is checked before anything is touched, and what was there is kept aside."""

import fcntl
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, make_url

from app.db.archive import BackupRefused, extract, sync_folder
from app.db.backup import (
    BATCH_FOLDER,
    DATABASE_ERRORS,
    FORMAT,
    MANIFEST,
    SQLITE_MEMBER,
    TABLES_FOLDER,
    Manifest,
    check_sqlite,
    copied,
    said,
)
from app.db.engine import is_postgresql, lift_time_limits, open_engine
from app.db.tables import metadata
from app.db.upgrade import is_known, migrate

_PART: Final = 1 << 20
_SIDE_FILES: Final = ("-wal", "-shm")


@dataclass(frozen=True)
class Restored:
    """What was put back, and where the data that was there before is kept; None where nothing was."""

    manifest: Manifest
    kept_at: str | None


def restore(backup: Path, url: str, data_dir: Path) -> Restored:
    """Put a backup in the place of the database and the batch jobs' files.

    A restore that was killed is repeated: until its last step the old database is in place.

    Raises
    ------
    BackupRefused
        The backup is damaged, newer than this release or of the other kind of database, or the service runs. The old
        data is where it was.
    """
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    staged, aside = data_dir / f".restore-{stamp}", data_dir / f"before-restore-{stamp}"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        staged.mkdir(mode=0o700)
        manifest = check(backup, staged)
        if is_postgresql(make_url(url)):
            _need_kind(manifest, "postgresql")
            kept_at = _into_postgresql(url, manifest, staged, data_dir, aside, f"before_restore_{stamp.lower()}")
        else:
            _need_kind(manifest, "sqlite")
            kept_at = _into_sqlite(Path(str(make_url(url).database)), staged, data_dir, aside)
    except OSError as error:
        raise BackupRefused(f"The backup cannot be put back: {error.strerror}: {error.filename}.") from None
    except DATABASE_ERRORS as error:
        raise BackupRefused(f"The database refused: {said(error)}.") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return Restored(manifest, kept_at)


def check(backup: Path, folder: Path) -> Manifest:
    """Unpack a backup into an empty folder and prove it whole; raises BackupRefused."""
    extract(backup, folder)
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_bytes()))
    except (OSError, TypeError, ValueError):
        raise BackupRefused("This is no backup of ours: its manifest cannot be read.") from None
    if (
        manifest.format != FORMAT
        or not is_known(manifest.revision)
        or not manifest.rows.keys() <= metadata.tables.keys()
    ):
        raise BackupRefused("A newer release wrote this backup; restore it with that release.")
    if manifest.kind == "sqlite":
        found = check_sqlite(folder / SQLITE_MEMBER)
        if (found.revision, found.rows) != (manifest.revision, manifest.rows):
            raise BackupRefused("The database in the backup is not the one its manifest describes.")
    return manifest


def _need_kind(manifest: Manifest, kind: str) -> None:
    if manifest.kind != kind:
        raise BackupRefused(f"This is a backup of {manifest.kind}, and DATABASE_URL names {kind}.")


def _into_sqlite(database: Path, staged: Path, data_dir: Path, aside: Path) -> str | None:
    with ExitStack() as swap:
        if database.exists():
            swap.enter_context(_alone(database))
            aside.mkdir(mode=0o700)
            for suffix in _SIDE_FILES:
                # A log left beside the restored file would be played back into it.
                if (side := database.with_name(database.name + suffix)).exists():
                    side.rename(aside / side.name)
            # A second name, so that there is a database under the first at every moment.
            (aside / database.name).hardlink_to(database)
        with _files_swapped(staged, data_dir, aside):
            (staged / SQLITE_MEMBER).rename(database)
        for folder in (database.parent, data_dir):
            sync_folder(folder)
    return str(aside) if aside.exists() else None


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Hold the database so that no other process can open it; raises BackupRefused while one has."""
    running = BackupRefused(f"The service runs on {database}. Stop it first.")
    with ExitStack() as held:
        connection = held.enter_context(closing(sqlite3.connect(database, timeout=0, isolation_level=None)))
        try:
            # Leaving WAL mode needs to be the only one with the file open, and brings its log back into it.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise running from None
            # Damaged, the likeliest reason to restore. SQLite cannot say who has it open; its locks on the file can.
            connection.close()
            file = held.enter_context(database.open("r+b"))
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise running from None
        yield


@contextmanager
def _files_swapped(staged: Path, data_dir: Path, aside: Path) -> Iterator[None]:
    """Put the backup's files in the place of the batch jobs' own; when the block fails, they are put back."""
    _exchange(staged, data_dir, aside)
    try:
        yield
    except BaseException:
        _exchange(aside, data_dir, staged)
        raise


def _exchange(arriving: Path, data_dir: Path, leaving: Path) -> None:
    current = data_dir / BATCH_FOLDER
    if current.exists():
        leaving.mkdir(mode=0o700, exist_ok=True)
        current.rename(leaving / BATCH_FOLDER)
    if (arriving / BATCH_FOLDER).exists():
        (arriving / BATCH_FOLDER).rename(current)


def _into_postgresql(
    url: str, manifest: Manifest, staged: Path, data_dir: Path, aside: Path, kept_schema: str
) -> str | None:
    """Build the tables anew in one transaction: until it commits, the old ones are in place."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            lift_time_limits(connection)
            _need_no_other(connection)
            moved = _move_tables(connection, kept_schema)
            migrate(connection, manifest.revision)
            for table, columns in manifest.columns.items():
                connection.execute(sa.delete(sa.table(table)))
                _copy_in(connection, table, columns, staged / TABLES_FOLDER / table)
                stored = connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table)))
                if stored != manifest.rows[table]:
                    raise BackupRefused(f"Table {table} took {stored} of {manifest.rows[table]} rows.")
            with _files_swapped(staged, data_dir, aside):
                connection.commit()
    finally:
        engine.dispose()
    places = [f"schema {kept_schema}"] * moved + [str(aside)] * aside.exists()
    return " and ".join(places) or None


def _need_no_other(connection: Connection) -> None:
    others = connection.scalar(
        sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
    )
    if others:
        raise BackupRefused(f"{others} other connections use the database. Stop the service first.")


def _move_tables(connection: Connection, kept_schema: str) -> bool:
    """Move our tables into a schema of their own; false when there are none."""
    present = sa.inspect(connection).get_table_names()
    ours = [name for name in present if name in metadata.tables or name == "alembic_version"]
    if ours:
        connection.exec_driver_sql(f'CREATE SCHEMA "{kept_schema}"')
    for name in ours:
        connection.exec_driver_sql(f'ALTER TABLE "{name}" SET SCHEMA "{kept_schema}"')
    return bool(ours)


def _copy_in(connection: Connection, table: str, columns: list[str], path: Path) -> None:
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {copied(connection, table, columns)} FROM STDIN"
    with path.open("rb") as file, driver.cursor() as cursor, cursor.copy(statement) as copy:
        while part := file.read(_PART):
            copy.write(part)
