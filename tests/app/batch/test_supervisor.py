"""The worker is started when there is work, and what becomes of its job when it dies, hangs or eats memory is told."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app.batch import job_files, supervisor
from app.batch.job_files import ERRORS, RESULTS, UPLOAD
from app.batch.supervisor import HEARTBEAT, Supervisor, memory_mib
from app.settings import ROOT
from tests.app.batch.job_running import Bench
from tests.databases import migrated
from tests.factories import a_csv_file, many_customers, settings_in

FEW, SLEEP = a_csv_file(many_customers(3)), ["sleep", "60"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    settings = settings_in(tmp_path / "data")
    settings.batch_dir.mkdir(parents=True)
    with migrated(settings.resolved_database_url) as engine:
        yield Bench(settings, engine)


@pytest.fixture
def run() -> Iterator[Callable[..., Any]]:
    """Start processes as the supervisor does; what is left of them is ended after the test."""
    started: list[Any] = []

    def start(*command: str) -> Any:
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            pipe.close()


def watching(bench: Bench, process: Any = None, started: float | None = None) -> Supervisor:
    """A supervisor that looks after a process, just started unless said otherwise."""
    made = Supervisor(bench.settings, bench.engine)
    made._process, made._started = process, time.time() if started is None else started
    return made


def in_the_middle(bench: Bench) -> str:
    """A running job with rows in its files that were never stored."""
    job_id = bench.job(FEW, state="running", results_bytes=4, errors_bytes=2)
    for name in (RESULTS, ERRORS):
        bench.path(job_id, name).write_bytes(b"0123456789")
    return job_id


def test_a_worker_that_is_well_is_left_alone(bench: Bench, run: Any) -> None:
    job_id, process = in_the_middle(bench), run(*SLEEP)
    looking = watching(bench, process)
    looking._look_after(process)
    assert (looking._process, process.poll()) == (process, None)
    assert bench.row(job_id).state == "running"


def test_a_worker_that_has_nothing_to_do_ends_in_peace(bench: Bench, run: Any) -> None:
    process = run("true")
    process.wait()
    looking = watching(bench, process)
    looking._pause = 3.0
    looking._look_after(process)
    assert (looking._process, looking._pause) == (None, 0.0)


@pytest.mark.parametrize(
    ("command", "told"),
    [(("sh", "-c", "exit 3"), "exit code 3"), (("sh", "-c", "kill -9 $$"), "signal 9")],
)
def test_the_job_of_a_worker_that_died_is_interrupted_and_its_files_stay(
    bench: Bench, run: Any, command: tuple[str, ...], told: str
) -> None:
    job_id, process = in_the_middle(bench), run(*command)
    process.wait()
    looking = watching(bench, process)
    looking._look_after(process)
    row = bench.row(job_id)
    assert (row.state, row.finished_at) == ("interrupted", None)
    assert row.reason == f"Its process ended ({told}). The job goes on by itself."
    assert bench.path(job_id, UPLOAD).exists()
    assert looking._process is None


def test_a_worker_that_keeps_dying_is_started_less_and_less_often(bench: Bench, run: Any) -> None:
    looking = watching(bench)
    pauses = []
    for _ in range(6):
        looking._started = time.time()
        pauses.append(looking._pause_after(1))
        looking._pause = pauses[-1]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (supervisor.LOOK_SECONDS, supervisor.LONGEST_PAUSE_SECONDS)
    looking._started = time.time() - 3600
    assert looking._pause_after(1) == supervisor.LOOK_SECONDS
    assert looking._pause_after(0) == 0.0


def check_failed(bench: Bench, job_id: str, reason: str) -> None:
    row = bench.row(job_id)
    assert (row.state, row.finished_at is None) == ("failed", False)
    assert row.reason == f"{reason} Customers scored until then are stored."
    assert not bench.path(job_id, UPLOAD).exists()
    assert [bench.path(job_id, name).stat().st_size for name in (RESULTS, ERRORS)] == [4, 2]


def test_a_worker_that_hangs_is_killed_and_its_job_goes_on(bench: Bench, run: Any) -> None:
    job_id, process = in_the_middle(bench), run(*SLEEP)
    long_ago = time.time() - supervisor.SILENCE_SECONDS - 1
    (bench.settings.batch_dir / HEARTBEAT).touch()
    os.utime(bench.settings.batch_dir / HEARTBEAT, (long_ago, long_ago))
    looking = watching(bench, process, started=long_ago)
    looking._look_after(process)
    assert process.poll() == -signal.SIGKILL
    assert looking._process is None
    job = bench.row(job_id)
    assert job.state == "interrupted"
    assert job.reason == "Its process showed no sign of life for 8 seconds. The job goes on by itself."


def test_a_sign_of_life_is_enough(bench: Bench, run: Any) -> None:
    process = run(*SLEEP)
    (bench.settings.batch_dir / HEARTBEAT).touch()
    watching(bench, process, started=0.0)._look_after(process)
    assert process.poll() is None


def test_a_worker_that_eats_memory_is_killed_and_its_job_failed(
    bench: Bench, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, process = in_the_middle(bench), run(*SLEEP)
    monkeypatch.setattr(supervisor, "memory_mib", lambda pid: bench.settings.job_memory_mib + 1.0)
    watching(bench, process)._look_after(process)
    assert process.poll() == -signal.SIGKILL
    check_failed(bench, job_id, f"Its process needed more than {bench.settings.job_memory_mib} MiB of memory.")


def test_what_a_killed_worker_started_is_killed_too(bench: Bench, run: Any) -> None:
    process = run("sh", "-c", "sleep 60 & echo $!; wait")
    child = int(process.stdout.readline())
    watching(bench)._fail(process, "It was in the way.")
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}/status").exists() and time.monotonic() < deadline:
        if "State:\tZ" in Path(f"/proc/{child}/status").read_text():
            return
        time.sleep(0.01)
    assert not Path(f"/proc/{child}").exists()


def test_memory_is_that_of_a_process_and_its_children(run: Any) -> None:
    eater = "import sys; kept = bytearray(60 << 20); print('fed', flush=True); sys.stdin.read()"
    alone = run(sys.executable, "-c", eater)
    assert alone.stdout.readline() == b"fed\n"
    parent = run("sh", "-c", '"$0" -c "$1"; true', sys.executable, eater)
    assert parent.stdout.readline() == b"fed\n"
    assert 60 < memory_mib(alone.pid) < 120
    assert 60 < memory_mib(parent.pid) < 120
    assert memory_mib(2**22 + 1) == 0.0


def finish(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 20))


@pytest.mark.parametrize(("patience", "code"), [(10.0, 0), (0.05, -signal.SIGKILL)])
def test_stopping_closes_the_workers_input_and_then_ends_it(
    bench: Bench, run: Any, monkeypatch: pytest.MonkeyPatch, patience: float, code: int
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", patience)
    process = run("cat") if code == 0 else run(*SLEEP)

    async def scenario() -> None:
        await watching(bench, process).stop()

    finish(scenario())
    assert process.poll() == code


def test_the_worker_starts_when_there_is_work(bench: Bench, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Supervisor, "_spawn", lambda self: run("cat"))

    async def scenario() -> None:
        watched = Supervisor(bench.settings, bench.engine)
        watched.start()
        await asyncio.sleep(0.1)
        assert watched._process is None
        bench.job(FEW)
        watched.wake()
        while watched._process is None:
            await asyncio.sleep(0.01)
        await watched.stop()

    finish(scenario())


@pytest.mark.parametrize("state", ["queued", "running", "interrupted"])
def test_jobs_of_an_earlier_life_go_on(bench: Bench, run: Any, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setattr(Supervisor, "_spawn", lambda self: run("cat"))
    bench.job(FEW, state=state)

    async def scenario() -> None:
        watched = Supervisor(bench.settings, bench.engine)
        watched.start()
        while watched._process is None:
            await asyncio.sleep(0.01)
        await watched.stop()

    finish(scenario())


@pytest.mark.parametrize("error", [OperationalError("SELECT", None, Exception("away")), OSError("full"), KeyError("x")])
def test_the_watch_survives_whatever_goes_wrong(
    bench: Bench, run: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    bench.job(FEW)
    tried: list[None] = []
    rest = asyncio.sleep

    def spawn(starting: Supervisor) -> Any:
        tried.append(None)
        if len(tried) == 1:
            raise error
        starting._started = time.time()
        return run("cat")

    monkeypatch.setattr(Supervisor, "_spawn", spawn)
    monkeypatch.setattr(supervisor.asyncio, "sleep", lambda seconds: rest(0))

    async def scenario() -> None:
        watched = Supervisor(bench.settings, bench.engine)
        watched.start()
        while watched._process is None:
            await rest(0.01)
        await watched.stop()

    finish(scenario())
    assert len(tried) == 2


def test_the_worker_is_told_the_settings_and_stays_in_the_folder(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(supervisor.subprocess, "Popen", lambda command, **named: told.update(named, command=command))
    Supervisor(bench.settings, bench.engine)._spawn()
    assert told["command"] == [sys.executable, "-P", "-m", "app.batch.worker"]
    assert told.get("cwd") is None
    assert (told["stdin"], told["start_new_session"]) == (subprocess.PIPE, True)
    environment = bench.settings.as_environment()
    assert {name: told["env"][name] for name in environment} == environment
    assert (told["env"]["PYTHONPATH"], told["env"]["DATA_DIR"]) == (str(ROOT), str(bench.settings.data_dir))


def test_old_files_and_strays_are_removed_and_young_ones_kept(bench: Bench) -> None:
    ends = {"old": "2020-01-01T00:00:00.000000Z", "young": "2126-01-01T00:00:00.000000Z", "unfinished": None}
    ids = {}
    for name, finished_at in ends.items():
        state = "queued" if finished_at is None else "done"
        ids[name] = bench.job(FEW, state=state, finished_at=finished_at, results_bytes=4, errors_bytes=2)
    (stray := bench.settings.batch_dir / "stray").mkdir()
    long_ago = time.time() - 2 * job_files.STRAY_SECONDS
    os.utime(stray, (long_ago, long_ago))
    Supervisor(bench.settings, bench.engine)._drop_old_files()
    left = {path.name for path in bench.settings.batch_dir.iterdir() if path.is_dir()}
    assert left == {ids["young"], ids["unfinished"]}
    lengths = {name: (bench.row(job_id).results_bytes, bench.row(job_id).errors_bytes) for name, job_id in ids.items()}
    assert lengths == {"old": (0, 0), "young": (4, 2), "unfinished": (4, 2)}
