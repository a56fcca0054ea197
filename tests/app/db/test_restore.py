"""A restore checks everything before it touches anything, needs the service stopped, and keeps what was there."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text, update

from app.db.archive import SUMS, ArchiveWriter, BackupRefused, extract
from app.db.backup import MANIFEST, back_up
from app.db.engine import open_engine
from app.db.restore import restore
from app.db.tables import jobs, mappings, portfolio
from app.db.upgrade import HEAD, current_revision, upgrade
from tests.app.db.test_backup import RUNNING, a_job, write
from tests.databases import POSTGRESQL, file_of, postgresql_only, somebody_else, sqlite_only

NEW, OLD = "written after the backup", "in the backup"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The folder of the SQLite file, as the service has it."""
    return tmp_path


def a_mapping(name: str) -> dict[str, str]:
    return {"id": name, "created_at": "2026-01-01T00:00:00.000000Z", "mapping": 'tab\t, "quote", \\N, é, \n'}


@pytest.fixture
def taken(engine: Engine, database_url: str, data_dir: Path) -> Path:
    """A backup; since then a mapping was stored, and a job's file has grown. The service is stopped."""
    with engine.begin() as connection:
        connection.execute(insert(mappings), [a_mapping(OLD)])
        connection.execute(insert(jobs), [a_job(RUNNING)])
        connection.execute(update(portfolio).values(customers=7))
    write(data_dir, RUNNING, upload=100, results=40)
    path, _ = back_up(database_url, data_dir, data_dir / "backups")
    with engine.begin() as connection:
        connection.execute(insert(mappings), [a_mapping(NEW)])
        connection.execute(update(portfolio).values(customers=8))
    write(data_dir, RUNNING, upload=100, results=99)
    engine.dispose()
    return path


def stored(url: str) -> tuple[set[str], set[int], str | None]:
    """Names of the mappings, what the portfolio says, and the revision."""
    engine = open_engine(url)
    try:
        with engine.connect().execution_options(read_only=True) as connection:
            rows = connection.execute(select(mappings)).all()
            assert {row.mapping for row in rows} <= {a_mapping("any")["mapping"]}
            customers = set(connection.scalars(select(portfolio.c.customers)))
        return {row.id for row in rows}, customers, current_revision(engine)
    finally:
        engine.dispose()


def results_size(data_dir: Path) -> int:
    return (data_dir / "batch" / RUNNING / "results.csv").stat().st_size


BEFORE = ({OLD, NEW}, {8}, HEAD)
AFTER = ({OLD}, {7}, HEAD)


def test_what_the_backup_holds_is_back(database_url: str, data_dir: Path, taken: Path) -> None:
    done = restore(taken, database_url, data_dir)
    assert stored(database_url) == AFTER
    assert results_size(data_dir) == 40
    assert done.manifest.rows["mappings"] == 1
    assert not list(data_dir.glob(".restore-*"))


def test_what_was_there_is_kept(database_url: str, data_dir: Path, taken: Path) -> None:
    done = restore(taken, database_url, data_dir)
    (aside,) = data_dir.glob("before-restore-*")
    assert (aside / "batch" / RUNNING / "results.csv").stat().st_size == 99
    assert str(aside) in str(done.kept_at)
    if database_url.startswith(POSTGRESQL):
        schema = str(done.kept_at).split()[1]
        with somebody_else(database_url) as other:
            assert {row[0] for row in other.execute(f"SELECT id FROM {schema}.mappings").fetchall()} == {OLD, NEW}
    else:
        assert stored(f"sqlite:///{aside}/telelink.db") == BEFORE


def test_a_restored_database_can_be_restored_and_upgraded_again(database_url: str, data_dir: Path, taken: Path) -> None:
    for _ in range(2):
        restore(taken, database_url, data_dir)
    engine = open_engine(database_url)
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(insert(mappings), [a_mapping(NEW)])
    engine.dispose()
    assert stored(database_url) == ({OLD, NEW}, {7}, HEAD)


def test_while_the_service_runs_nothing_is_touched(
    database_url: str, data_dir: Path, taken: Path, engine: Engine
) -> None:
    with engine.connect().execution_options(read_only=True) as connection:
        connection.execute(text("SELECT 1"))
    # The connection is idle in the service's pool now.
    with pytest.raises(BackupRefused, match="Stop"):
        restore(taken, database_url, data_dir)
    engine.dispose()
    assert stored(database_url) == BEFORE
    assert results_size(data_dir) == 99
    assert not list(data_dir.glob("*before-restore-*"))


@sqlite_only
def test_a_damaged_database_is_replaced_and_kept(database_url: str, data_dir: Path, taken: Path) -> None:
    file_of(database_url).write_bytes(b"This is a letter, not a database. " * 100)
    restore(taken, database_url, data_dir)
    assert stored(database_url) == AFTER
    (kept,) = data_dir.glob("before-restore-*/telelink.db")
    assert kept.read_bytes().startswith(b"This is a letter")


@sqlite_only
def test_an_empty_folder_takes_a_backup(tmp_path: Path, taken: Path, database_url: str) -> None:
    done = restore(taken, f"sqlite:///{tmp_path}/new/telelink.db", tmp_path / "new")
    assert done.kept_at is None
    assert stored(f"sqlite:///{tmp_path}/new/telelink.db") == AFTER


@postgresql_only
def test_a_failure_in_the_last_moment_puts_everything_back(database_url: str, data_dir: Path, taken: Path) -> None:
    with somebody_else(database_url) as other:
        # A constraint that the server checks when the transaction commits.
        other.execute(
            "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF tg_tag = 'CREATE INDEX' THEN RAISE EXCEPTION 'refused'; END IF; END $$"
        )
        other.execute("CREATE EVENT TRIGGER refusing ON ddl_command_end EXECUTE FUNCTION refuse()")
    with pytest.raises(BackupRefused, match="refused"):
        restore(taken, database_url, data_dir)
    assert stored(database_url) == BEFORE
    assert results_size(data_dir) == 99


def test_the_files_go_back_when_the_database_does_not_take_its_place(
    database_url: str, data_dir: Path, taken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, commit = Path.rename, "sqlalchemy.engine.base.Connection.commit"

    def fails_for_the_database(self: Path, target: Path) -> Path:
        if self.suffix == ".db":
            raise OSError(5, "Input/output error", str(self))
        return rename(self, target)

    def fails(_connection: Any) -> None:
        raise OSError(5, "Input/output error", "the server")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", fails_for_the_database)
        if database_url.startswith(POSTGRESQL):
            patched.setattr(commit, fails)
        with pytest.raises(BackupRefused, match="Input/output error"):
            restore(taken, database_url, data_dir)
    assert stored(database_url) == BEFORE
    assert results_size(data_dir) == 99


def changed(backup: Path, change: Callable[[dict[str, Any]], Any], **members: bytes) -> Path:
    """Write the backup again with another manifest, other tables' content, and sums that fit."""
    folder = backup.with_suffix(".out")
    folder.mkdir()
    extract(backup, folder)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    for table, content in members.items():
        (folder / "tables" / table).write_bytes(content)
    with ArchiveWriter.into(backup.with_suffix(".changed")) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != SUMS:
                archive.add_bytes(path.relative_to(folder).as_posix(), path.read_bytes())
    return backup.with_suffix(".changed")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda manifest: manifest.update(revision="9999"), "A newer release"),
        (lambda manifest: manifest.update(format=2), "A newer release"),
        (lambda manifest: manifest["rows"].update(nowhere=1), "A newer release"),
        (lambda manifest: manifest["rows"].update(mappings=5), "not the one|took 1 of 5"),
        (lambda manifest: manifest.update(kind="another"), "This is a backup of another"),
        (lambda manifest: manifest.pop("kind"), "no backup of ours"),
    ],
)
def test_another_kind_of_backup_is_refused(
    database_url: str, data_dir: Path, taken: Path, change: Callable[[dict[str, Any]], Any], reason: str
) -> None:
    with pytest.raises(BackupRefused, match=reason):
        restore(changed(taken, change), database_url, data_dir)
    assert stored(database_url) == BEFORE
    assert results_size(data_dir) == 99


@postgresql_only
@pytest.mark.parametrize("content", [b"m-1\t\\N\t{}\n", b"m-1\n", b"m-1\tnow\t\xff\n"])
def test_rows_that_the_server_does_not_take_are_refused(
    database_url: str, data_dir: Path, taken: Path, content: bytes
) -> None:
    with pytest.raises(BackupRefused, match="The database refused"):
        restore(changed(taken, lambda _manifest: None, mappings=content), database_url, data_dir)
    assert stored(database_url) == BEFORE


def test_a_damaged_backup_is_refused(database_url: str, data_dir: Path, taken: Path) -> None:
    content = bytearray(taken.read_bytes())
    content[content.index(b"quote")] ^= 1
    taken.write_bytes(content)
    with pytest.raises(BackupRefused, match="damaged"):
        restore(taken, database_url, data_dir)
    assert stored(database_url) == BEFORE


@sqlite_only
def test_a_log_of_the_old_database_is_not_played_into_the_restored_one(
    database_url: str, data_dir: Path, taken: Path
) -> None:
    """After a kill, committed pages of the old database lie in its -wal file."""
    database = file_of(database_url)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE portfolio SET customers = 99")
        left = {name: Path(f"{database}{name}").read_bytes() for name in ("", "-wal")}
    for name, content in left.items():
        Path(f"{database}{name}").write_bytes(content)
    restore(taken, database_url, data_dir)
    assert stored(database_url) == AFTER
    (kept,) = data_dir.glob("before-restore-*/telelink.db")
    assert stored(f"sqlite:///{kept}")[1] == {99}
