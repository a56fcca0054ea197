"""The worker: every job in its turn, whatever became of the one before, of the queue and of earlier lives."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from app.batch import customer_job, store, worker
from app.batch.job_files import UPLOAD
from app.batch.job_run import JobRun
from app.batch.queue import enqueue, open_queue
from app.batch.supervisor import HEARTBEAT
from app.batch.worker import Worker
from app.settings import ROOT
from tests.app.batch.job_running import Bench, score_here
from tests.conftest import StartService
from tests.databases import migrated
from tests.factories import a_csv_file, many_customers, settings_in

FEW = a_csv_file(many_customers(3))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    score_here(monkeypatch)
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.005)
    settings = settings_in(tmp_path / "data")
    settings.batch_dir.mkdir(parents=True)
    with migrated(settings.resolved_database_url) as engine:
        yield Bench(settings, engine)


def queue_up(bench: Bench, **changes: Any) -> str:
    job_id = bench.job(FEW, **changes)
    enqueue(bench.settings, job_id)
    return job_id


def work(bench: Bench) -> int:
    return Worker(bench.settings, bench.engine, bench.stop).work()


def states(bench: Bench, *ids: str) -> list[str]:
    return [bench.row(job_id).state for job_id in ids]


def order_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which jobs run."""
    ran: list[str] = []
    real = JobRun.run

    def run(self: JobRun) -> None:
        ran.append(self._job.id)
        real(self)

    monkeypatch.setattr(JobRun, "run", run)
    return ran


def test_jobs_run_in_the_order_of_the_queue(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = order_of(monkeypatch)
    first, second = bench.job(FEW), bench.job(FEW)
    for job_id in (second, first):
        enqueue(bench.settings, job_id)
    assert work(bench) == 0
    assert ran == [second, first]
    assert states(bench, first, second) == ["done", "done"]
    assert (bench.settings.batch_dir / HEARTBEAT).exists()


def test_a_job_that_is_queued_twice_runs_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = order_of(monkeypatch)
    job_id = queue_up(bench)
    enqueue(bench.settings, job_id)
    enqueue(bench.settings, "a job that is not there")
    assert work(bench) == 0
    assert ran == [job_id]
    assert len(bench.predictions()) == 3


@pytest.mark.parametrize("state", ["queued", "running", "interrupted"])
def test_jobs_that_the_queue_has_lost_run_all_the_same(bench: Bench, state: str) -> None:
    ids = [bench.job(FEW, state=state) for _ in range(2)]
    ended = bench.job(FEW, state="cancelled")
    assert work(bench) == 0
    assert states(bench, *ids, ended) == ["done", "done", "cancelled"]


def test_a_queue_that_cannot_be_read_stops_no_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = queue_up(bench)
    at_work = Worker(bench.settings, bench.engine, bench.stop)
    monkeypatch.setattr(at_work._queue, "dequeue", lambda: (_ for _ in ()).throw(ConnectionError()))
    assert at_work.work() == 0
    assert states(bench, job_id) == ["done"]


@pytest.mark.parametrize("message", [b"\x80\x04.", b"{}", b'["id", "some.other.task"]', b"not JSON", b"[[]]"])
def test_a_message_of_somebody_else_stops_no_job(bench: Bench, message: bytes) -> None:
    queue = open_queue("", bench.settings.batch_dir)
    queue.storage.enqueue(message)
    queue.storage.close()
    job_id = queue_up(bench)
    assert work(bench) == 0
    assert states(bench, job_id) == ["done"]


def breaks_for(monkeypatch: pytest.MonkeyPatch, job_id: str, *errors: Exception) -> None:
    """Let a job's first attempts fail after it was taken over."""
    real, left = JobRun.run, list(errors)

    def run(self: JobRun) -> None:
        if self._job.id == job_id and left:
            raise left.pop(0)
        real(self)

    monkeypatch.setattr(JobRun, "run", run)


@pytest.mark.parametrize("error", [KeyError("zq7-secret"), IntegrityError("INSERT zq7-secret", None, Exception())])
def test_a_job_at_fault_fails_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    first, second = queue_up(bench), queue_up(bench)
    left_running = bench.job(FEW, state="running")
    breaks_for(monkeypatch, first, error)
    assert work(bench) == 0
    assert states(bench, first, second, left_running) == ["failed", "done", "done"]
    assert bench.row(first).reason == (
        f"Something went wrong on our side ({type(error).__name__}). Customers scored until then are stored."
    )
    assert bench.row(first).finished_at is not None
    assert not bench.path(first, UPLOAD).exists()
    logged = capsys.readouterr()
    assert "job_failed" in logged.out
    assert "zq7-secret" not in logged.out + logged.err


def test_while_the_database_is_away_a_job_waits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = queue_up(bench)
    breaks_for(monkeypatch, job_id, *[OperationalError("SELECT", None, Exception("away"))] * 2)
    assert work(bench) == 0
    assert states(bench, job_id) == ["done"]


def test_a_failure_that_cannot_be_recorded_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.job(FEW)
    breaks_for(monkeypatch, job_id, KeyError("zq7"))
    away = OperationalError("UPDATE", None, Exception("away"))
    monkeypatch.setattr(store, "give_up", lambda *_: (_ for _ in ()).throw(away))
    assert work(bench) == 0
    assert states(bench, job_id) == ["done"]


def test_when_the_scoring_process_is_gone_the_worker_ends_and_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = queue_up(bench), queue_up(bench)
    breaks_for(monkeypatch, first, BrokenProcessPool())
    assert work(bench) == 1
    assert states(bench, first, second) == ["running", "queued"]
    bench.stop.clear()
    assert work(bench) == 0
    assert states(bench, first, second) == ["done", "done"]


def test_what_an_earlier_life_left_running_is_not_shown_as_running(bench: Bench) -> None:
    job_id = bench.job(FEW, state="running")
    bench.stop.set()
    assert work(bench) == 0
    assert states(bench, job_id) == ["interrupted"]


def test_a_worker_that_is_asked_to_stop_takes_no_other_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = queue_up(bench), queue_up(bench)
    real = customer_job.insert_predictions

    def stopping(*arguments: Any) -> int:
        bench.stop.set()
        return real(*arguments)

    monkeypatch.setattr(customer_job, "insert_predictions", stopping)
    assert work(bench) == 0
    assert states(bench, first, second) == ["interrupted", "queued"]


def test_one_worker_at_a_time_uses_the_folder(bench: Bench) -> None:
    entered, leave, second_entered = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        with worker._only_worker(bench.settings.batch_dir, threading.Event()):
            entered.set()
            leave.wait(10)

    def wait() -> None:
        with worker._only_worker(bench.settings.batch_dir, threading.Event()):
            second_entered.set()

    threads = [threading.Thread(target=hold), threading.Thread(target=wait)]
    threads[0].start()
    assert entered.wait(10)
    threads[1].start()
    assert not second_entered.wait(0.15)
    assert (bench.settings.batch_dir / HEARTBEAT).exists()
    leave.set()
    assert second_entered.wait(10)
    for thread in threads:
        thread.join()


def test_a_worker_that_waits_for_its_turn_can_be_stopped(bench: Bench) -> None:
    stop = threading.Event()
    stop.set()
    with (
        worker._only_worker(bench.settings.batch_dir, threading.Event()),
        worker._only_worker(bench.settings.batch_dir, stop),
    ):
        pass


def test_the_process_ends_with_its_input_and_leaves_no_file_to_others(bench: Bench) -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "app.batch.worker"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **bench.settings.as_environment()},
        stdin=subprocess.PIPE,
    )
    beat = bench.settings.batch_dir / HEARTBEAT
    deadline = time.monotonic() + 30
    while not beat.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0
    made = [path for path in bench.settings.batch_dir.iterdir() if path.is_file()]
    assert {path.name for path in made} >= {HEARTBEAT, "queue.db", "worker.lock"}
    assert [path.name for path in made if path.stat().st_mode & 0o077] == []


def test_a_file_goes_all_the_way_through_the_real_processes(
    start_service: StartService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = start_service(data_dir=Path("relative"))
    sent = client.post("/batch/jobs", content=FEW, headers={"Content-Type": "text/csv"})
    deadline = time.monotonic() + 60
    while (job := client.get(sent.headers["location"]).json())["finished_at"] is None:
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    assert (job["state"], job["rows_scored"]) == ("done", 3)
    assert client.get("/stats").json()["total_customers"] == 3
    engine: Engine = client.app.state.engine  # type: ignore[attr-defined]
    with engine.connect().execution_options(read_only=True) as connection:
        assert store.unfinished_jobs(connection) == []
