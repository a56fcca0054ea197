"""How a job ends, stops or waits: cancelled, interrupted, failed with its reason, or patient on a full disk."""

import errno
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from app.batch import customer_job, job_files, job_run, store
from app.batch.job_files import UPLOAD, Outputs
from app.batch.job_run import Stopped
from app.errors import StorageFull
from tests.app.batch.job_running import CHAMPIONS, NOW, Bench, after_chunks, fail_once, score_here
from tests.databases import sqlite_only
from tests.factories import a_csv_file, many_customers, settings_in

MANY = a_csv_file(many_customers(100))


@pytest.fixture
def bench(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    score_here(monkeypatch)
    return Bench(settings_in(tmp_path / "data"), engine)


def cancel(bench: Bench, job_id: str) -> None:
    with bench.engine.begin() as connection:
        store.request_cancel(connection, [{"id": job_id, "now": NOW}])


def test_a_cancelled_job_stops_between_two_chunks_and_keeps_what_it_has(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = bench.job(MANY)
    after_chunks(monkeypatch, 2, lambda: cancel(bench, job_id))
    with pytest.raises(Stopped):
        bench.take_over(job_id).run()
    row = bench.row(job_id)
    assert (row.state, row.reason) == ("cancelled", "It was cancelled. Customers scored until then are stored.")
    assert row.finished_at is not None
    assert 0 < row.rows_done < 100
    bench.check_whole(job_id, scored=row.rows_done, rejected=0)
    assert not bench.path(job_id, UPLOAD).exists()


@sqlite_only
def test_a_job_cancelled_before_its_first_chunk_scores_nothing(bench: Bench) -> None:
    job_id = bench.job(MANY)
    run = bench.take_over(job_id)
    cancel(bench, job_id)
    assert bench.row(job_id).state == "running"
    with pytest.raises(Stopped):
        run.run()
    assert (bench.row(job_id).state, bench.predictions()) == ("cancelled", [])


def test_a_stopped_job_is_interrupted_and_goes_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.job(MANY)
    with monkeypatch.context() as stopping:
        after_chunks(stopping, 2, bench.stop.set)
        with pytest.raises(Stopped):
            bench.take_over(job_id).run()
    row = bench.row(job_id)
    assert (row.state, row.finished_at, row.stalled) == ("interrupted", None, 0)
    assert row.reason == "The service was stopped. The job goes on by itself when it starts again."
    assert bench.path(job_id, UPLOAD).exists()
    bench.stop.clear()
    bench.take_over(job_id).run()
    assert bench.row(job_id).reason is None
    bench.check_whole(job_id, scored=100, rejected=0)


@sqlite_only
def test_a_job_stopped_behind_its_last_chunk_still_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.job(a_csv_file(many_customers(3)))
    with monkeypatch.context() as stopping:
        after_chunks(stopping, 1, bench.stop.set)
        with pytest.raises(Stopped):
            bench.take_over(job_id).run()
    bench.stop.clear()
    bench.take_over(job_id).run()
    assert bench.row(job_id).state == "done"
    bench.check_whole(job_id, scored=3, rejected=0)


@sqlite_only
def test_a_log_that_cannot_be_copied_back_stops_no_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_once(monkeypatch, job_run, "checkpoint", 2, sqlite3.OperationalError("database or disk is full"))
    job_id = bench.job(MANY)
    bench.take_over(job_id).run()
    assert bench.row(job_id).state == "done"


@pytest.mark.parametrize(
    ("owner", "name", "at", "error"),
    [
        (Outputs, "append", 3, StorageFull()),
        (job_files, "_cut", 1, OSError(errno.ENOSPC, "full")),
        (job_files, "_cut", 2, OSError(errno.EDQUOT, "full")),
    ],
)
@sqlite_only
def test_a_full_disk_is_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, at: int, error: Exception
) -> None:
    fail_once(monkeypatch, owner, name, at, error)
    job_id = bench.job(MANY)
    bench.take_over(job_id).run()
    bench.check_whole(job_id, scored=100, rejected=0)


@sqlite_only
def test_a_job_that_waits_for_the_disk_can_be_cancelled(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.job(MANY)

    def full(*_: object) -> None:
        cancel(bench, job_id)
        raise StorageFull

    monkeypatch.setattr(Outputs, "append", full)
    with pytest.raises(Stopped):
        bench.take_over(job_id).run()
    assert bench.row(job_id).state == "cancelled"


@pytest.mark.parametrize("wait", ["disk", "database"])
@sqlite_only
def test_a_job_that_waits_stops_with_the_service(bench: Bench, monkeypatch: pytest.MonkeyPatch, wait: str) -> None:
    def never(*_: object, **__: object) -> None:
        bench.stop.set()
        raise StorageFull if wait == "disk" else OperationalError("INSERT", None, Exception("busy"), False)

    monkeypatch.setattr(job_run, "is_connection_lost", lambda error: False)
    monkeypatch.setattr(*((Outputs, "append") if wait == "disk" else (customer_job, "insert_predictions")), never)
    job_id = bench.job(MANY)
    with pytest.raises(Stopped):
        bench.take_over(job_id).run()
    assert bench.row(job_id).state == "running"


def reason_of(bench: Bench, job_id: str) -> str:
    """Run a job that cannot be finished and tell why."""
    bench.take_over(job_id).run()
    row = bench.row(job_id)
    assert (row.state, row.finished_at is None) == ("failed", False)
    assert not bench.path(job_id, UPLOAD).exists()
    return str(row.reason)


@sqlite_only
def test_a_job_whose_file_is_gone_says_so(bench: Bench) -> None:
    job_id = bench.job(MANY)
    bench.path(job_id, UPLOAD).unlink()
    assert reason_of(bench, job_id).startswith("Its file is no longer there. Upload the file again.")


@sqlite_only
def test_a_job_whose_model_version_is_gone_names_it(bench: Bench) -> None:
    job_id = bench.job(MANY, models=json.dumps([CHAMPIONS["telecom-core"], "telecom-usage/999"]))
    assert "telecom-usage/999" in reason_of(bench, job_id)
    assert bench.predictions() == []


@pytest.mark.parametrize(("stalled", "state"), [(2, "done"), (3, "failed")])
@sqlite_only
def test_three_attempts_without_a_row_are_enough(bench: Bench, stalled: int, state: str) -> None:
    job_id = bench.job(MANY, stalled=stalled)
    bench.take_over(job_id).run()
    row = bench.row(job_id)
    assert row.state == state
    if state == "failed":
        assert row.reason.startswith("Its process ended 3 times without getting on.")


@sqlite_only
def test_an_attempt_that_stores_a_row_begins_the_count_anew(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.job(MANY, stalled=2)
    with monkeypatch.context() as broken:
        fail_once(broken, customer_job, "insert_predictions", 2, RuntimeError("killed here"))
        with pytest.raises(RuntimeError):
            bench.take_over(job_id).run()
    assert bench.row(job_id).stalled == 0


@sqlite_only
def test_running_time_adds_up_over_the_attempts(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.job(MANY, active_seconds=100.0)
    bench.take_over(job_id).run()
    assert 100.0 < bench.row(job_id).active_seconds < 110.0
