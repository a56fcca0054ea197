"""A backup is one moment of the database, with the bytes of the batch jobs' files that this moment vouches for."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from app.db import backup
from app.db.archive import BackupRefused, extract
from app.db.backup import back_up
from app.db.tables import jobs
from tests.databases import file_of, sqlite_only

RUNNING = "0190-running"
DONE = "0190-done"


def a_job(job_id: str, **changes: Any) -> dict[str, Any]:
    """A running job: what a backup reads of it, and something in every other column that needs a value."""
    blank = {column.name: column.type.python_type() for column in jobs.columns if not column.nullable}
    read = {"id": job_id, "state": "running", "file_bytes": 100, "results_bytes": 40, "errors_bytes": 0}
    return {**blank, **read, **changes}


def write(data_dir: Path, job_id: str, **sizes: int) -> None:
    folder = data_dir / "batch" / job_id
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in sizes.items():
        (folder / f"{name}.csv").write_bytes(bytes(range(256)) * (size // 256) + bytes(size % 256))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def two_jobs(engine: Engine, data_dir: Path) -> None:
    """One job goes on, and has written more than it has committed; one is done, and its upload is gone."""
    with engine.begin() as connection:
        connection.execute(insert(jobs), [a_job(RUNNING), a_job(DONE, state="done", results_bytes=70, errors_bytes=7)])
    write(data_dir, RUNNING, upload=100, results=55)
    write(data_dir, DONE, results=70, errors=7)
    write(data_dir, "0190-stray", upload=9)


def members(path: Path) -> dict[str, int]:
    with tarfile.open(path) as tar:
        return {member.name: member.size for member in tar}


@pytest.mark.usefixtures("two_jobs")
def test_the_files_are_taken_as_far_as_the_database_vouches_for_them(
    database_url: str, data_dir: Path, tmp_path: Path
) -> None:
    path, manifest = back_up(database_url, data_dir, tmp_path / "new" / "folder")
    assert {name: size for name, size in members(path).items() if name.startswith("batch/")} == {
        f"batch/{RUNNING}/upload.csv": 100,
        f"batch/{RUNNING}/results.csv": 40,
        f"batch/{DONE}/results.csv": 70,
        f"batch/{DONE}/errors.csv": 7,
    }
    assert manifest.files_not_whole == []
    assert (manifest.rows["jobs"], manifest.rows["portfolio"]) == (2, 3)
    (tmp_path / "out").mkdir()
    extract(path, tmp_path / "out")
    assert [each.name for each in path.parent.iterdir()] == [path.name], "nothing else is left in the folder"


@pytest.mark.usefixtures("two_jobs")
def test_a_job_that_ends_meanwhile_is_taken_in_its_new_state(
    database_url: str, data_dir: Path, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_file = backup._add_file

    def ends_before_its_files_are_read(archive: Any, folder: Path, file: Any) -> bool:
        if (data_dir / "batch" / RUNNING / "upload.csv").exists():
            with engine.begin() as connection:
                connection.execute(jobs.update().values(state="done", results_bytes=jobs.c.results_bytes + 10))
            write(data_dir, DONE, results=80)
            (data_dir / "batch" / RUNNING / "upload.csv").unlink()
        return add_file(archive, folder, file)

    monkeypatch.setattr(backup, "_add_file", ends_before_its_files_are_read)
    path, manifest = back_up(database_url, data_dir, tmp_path)
    assert manifest.files_not_whole == []
    assert members(path)[f"batch/{RUNNING}/results.csv"] == 50


@pytest.mark.usefixtures("two_jobs")
def test_a_file_that_is_really_gone_is_named_and_the_rest_is_kept(
    database_url: str, data_dir: Path, tmp_path: Path
) -> None:
    (data_dir / "batch" / RUNNING / "upload.csv").unlink()
    write(data_dir, RUNNING, results=12)
    path, manifest = back_up(database_url, data_dir, tmp_path)
    assert manifest.files_not_whole == [f"{RUNNING}/upload.csv", f"{RUNNING}/results.csv"]
    assert members(path)[f"batch/{RUNNING}/results.csv"] == 12


def test_the_database_is_one_moment(database_url: str, data_dir: Path, tmp_path: Path, engine: Engine) -> None:
    """Rows that arrive after the snapshot are not in it, and a writer is not held up."""
    with engine.connect() as open_transaction:
        open_transaction.execute(insert(jobs), [a_job("0190-uncommitted")])
        _, manifest = back_up(database_url, data_dir, tmp_path)
        open_transaction.commit()
    assert manifest.rows["jobs"] == 0


def test_where_there_is_no_database_there_is_no_backup(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="There is no database at"):
        back_up(f"sqlite:///{tmp_path}/nowhere.db", data_dir, tmp_path / "backups")
    assert not (tmp_path / "nowhere.db").exists()


@sqlite_only
def test_a_damaged_database_is_not_called_a_backup(
    database_url: str, data_dir: Path, tmp_path: Path, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(insert(jobs), [a_job(f"0190-{number}", file_name="x" * 250) for number in range(500)])
    engine.dispose()
    content = bytearray(file_of(database_url).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 5000] = bytes(5000)
    file_of(database_url).write_bytes(content)
    with pytest.raises(BackupRefused, match="damaged"):
        back_up(database_url, data_dir, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(
    database_url: str, data_dir: Path, tmp_path: Path, engine: Engine
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackupRefused, match="cannot be written"):
        back_up(database_url, data_dir, tmp_path / "file" / "below")


@pytest.fixture
def unmigrated(database_url: str, engine: Engine) -> Iterator[None]:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    yield


@pytest.mark.usefixtures("unmigrated")
def test_a_database_that_is_not_ours_is_refused(database_url: str, data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="nothing of ours"):
        back_up(database_url, data_dir, tmp_path)
