"""F9: backups taken while clients write are restored whole by the shipped script.

CI takes 2 backups of each database. The full experiment is one command::

    FAULT_BACKUPS=10 python -m pytest tests/faults/test_backup.py
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.db.engine import open_engine
from app.db.tables import predictions
from app.settings import ROOT
from tests import databases
from tests.faults.clients import CUSTOMERS, ClientLog, post_once, under_load
from tests.faults.job_audit import chunk_complaints, complaints_about_job
from tests.faults.jobs import await_job, await_progress, is_finished, job_file, job_row, upload
from tests.portfolio import cells, recounted_cells
from tests.server_process import start
from tests.simulated_requests import json_bytes

BACKUPS = int(os.environ.get("FAULT_BACKUPS", "2"))
BACKUP = (sys.executable, str(ROOT / "scripts" / "backup"))
RESTORE = (sys.executable, str(ROOT / "scripts" / "restore"))
COPIES_LIVE_FILE = (sys.executable, "-m", "tests.controls.copies_live_file")
PAUSE_SECONDS = 0.5
JOB_ROWS = 100_000

pytestmark = pytest.mark.fault


@dataclass
class Taken:
    """A backup, and what was acknowledged before it began."""

    path: Path
    acknowledged: frozenset[str]


@dataclass
class Experiment:
    """A service under load and the backups taken meanwhile."""

    url: str
    data_dir: Path
    log: ClientLog = field(default_factory=ClientLog)

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url, "DATA_DIR": str(self.data_dir)}

    def take(self, folder: Path, command: Sequence[str] = BACKUP, count: int = BACKUPS) -> list[Taken]:
        taken = []
        with start(self.data_dir, env=self.environment()) as service:
            service.wait_ready()
            with under_load(service, self.log):
                for _ in range(count):
                    time.sleep(PAUSE_SECONDS)
                    acknowledged = frozenset(self.log.acknowledged)
                    done = run(command, [str(folder)], self.environment())
                    taken.append(Taken(Path(done.stdout.partition(" (")[0]), acknowledged))
        assert self.log.statuses() == {200}, "a backup held the service up"
        return taken


def run(
    command: Sequence[str], arguments: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end; it must succeed."""
    done = subprocess.run(
        [*command, *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done


def complaints(url: str, taken: Taken) -> list[str]:
    """Hold a restored database against what was acknowledged, and its sums against a recount."""
    engine = open_engine(url)
    try:
        with engine.connect().execution_options(read_only=True) as connection:
            stored = frozenset(connection.scalars(sa.select(predictions.c.id)))
            found = [f"lost {row}" for row in taken.acknowledged - stored]
            if engine.dialect.name == "sqlite":
                said = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
                found += [] if said == "ok" else [f"damaged: {said}"]
            if cells(connection) != recounted_cells(connection):
                found.append("the portfolio's sums are not a recount")
            return found
    except sa.exc.DBAPIError as error:
        return [f"damaged: {error.orig}"]
    finally:
        engine.dispose()


@pytest.fixture
def empty_database(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Experiment]:
    """Make places for a service: a data folder, and a database of its own."""

    def make() -> Experiment:
        data_dir = tmp_path / f"data-{len(list(tmp_path.iterdir()))}"
        data_dir.mkdir()
        if database_kind == databases.SQLITE:
            return Experiment(f"sqlite:///{data_dir}/telelink.db", data_dir)
        server = request.getfixturevalue("postgresql")
        name = f"backup_{time.monotonic_ns()}"
        server.run_sql(f"CREATE DATABASE {name}")
        return Experiment(server.url(name), data_dir)

    return make


def test_backups_under_writes_restore_whole(empty_database: Callable[[], Experiment], tmp_path: Path) -> None:
    experiment = empty_database()
    taken = experiment.take(tmp_path / "backups")
    assert len(taken) == BACKUPS
    assert len(taken[0].acknowledged) > 50
    for backup in taken:
        restored = empty_database()
        run(RESTORE, [str(backup.path)], restored.environment())
        assert complaints(restored.url, backup) == []
    with start(restored.data_dir, env=restored.environment()) as service:
        service.wait_ready()
    sizes = [f"{backup.path.stat().st_size / 2**20:.1f} MiB" for backup in taken]
    print(f"{len(taken)} backups ({', '.join(sizes)}) while {len(experiment.log.acknowledged)} were stored: all whole")


def test_a_restore_goes_back_in_place_and_keeps_what_was_there(
    empty_database: Callable[[], Experiment], tmp_path: Path
) -> None:
    experiment = empty_database()
    (backup,) = experiment.take(tmp_path / "backups", count=1)
    with start(experiment.data_dir, env=experiment.environment()) as service:
        service.wait_ready()
        refused = subprocess.run(
            [*RESTORE, backup.path],
            cwd=ROOT,
            env={**os.environ, **experiment.environment()},
            capture_output=True,
            text=True,
        )
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "Stop" in refused.stderr
        late = post_once(service, "/predict", json_bytes(CUSTOMERS[0]))
        assert late.status == 200, "the refused restore left the service as it was"
        service.terminate()
    done = run(RESTORE, [str(backup.path)], experiment.environment())
    assert complaints(experiment.url, backup) == []
    after_the_backup = Taken(backup.path, frozenset([json.loads(late.body)["prediction_id"]]))
    assert complaints(experiment.url, after_the_backup) != []
    assert "kept in" in done.stdout


@databases.sqlite_only
def test_a_job_that_ran_goes_on_after_a_restore(empty_database: Callable[[], Experiment], tmp_path: Path) -> None:
    experiment, restored, file = empty_database(), empty_database(), job_file(JOB_ROWS)
    with start(experiment.data_dir, env=experiment.environment()) as service:
        service.wait_ready()
        job_id = upload(service, file)
        assert await_progress(service.database, job_id, 0)
        done = run(BACKUP, [str(tmp_path / "backups")], experiment.environment())
    run(RESTORE, [done.stdout.partition(" (")[0]], restored.environment())
    state, rows_done = job_row(restored.data_dir / "telelink.db", job_id, "state", "rows_done")
    assert state == "running"
    assert 0 < rows_done < JOB_ROWS, "the backup was not taken in the middle"
    assert chunk_complaints(restored.data_dir / "telelink.db", job_id) == []
    with start(restored.data_dir, env=restored.environment()) as service:
        service.wait_ready()
        await_job(service, job_id, is_finished)
        assert complaints_about_job(service.database, job_id, file) == []


@databases.sqlite_only
def test_the_experiment_sees_a_copied_live_file(empty_database: Callable[[], Experiment], tmp_path: Path) -> None:
    # A single copy may fall into the moment after a checkpoint, when the log beside the file holds nothing new.
    copies = empty_database().take(tmp_path / "backups", COPIES_LIVE_FILE, count=4)
    put_back = [shutil.copyfile(copy.path, tmp_path / f"put-back-{number}.db") for number, copy in enumerate(copies)]
    assert any(complaints(f"sqlite:///{file}", copy) for file, copy in zip(put_back, copies, strict=True))
