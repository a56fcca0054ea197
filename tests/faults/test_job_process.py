"""F7: a job's process dies, hangs or eats memory. Within 10 s its job says so; it goes on, or has failed, by itself.

Meanwhile the service answers as before, and afterwards the next job gets done. These experiments mostly wait, so they
run side by side. CI stops the worker only; the full experiment stops the scoring process too::

    FAULT_HANGS=worker,scorer python -m pytest tests/faults/test_job_process.py
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.conftest import control_command
from tests.faults.job_audit import chunk_complaints, complaints_about_job
from tests.faults.jobs import (
    UNFINISHED,
    Job,
    Visits,
    await_job,
    await_process,
    await_progress,
    is_finished,
    job_file,
    job_row,
    pids,
    upload,
    visited,
)
from tests.server_process import SERVICE_COMMAND, ServerProcess, start

HANGS = os.environ.get("FAULT_HANGS", "worker").split(",")
WITHIN_SECONDS = 10.0
RESUMED_WITHIN_SECONDS = 20.0
LONG, SHORT = 60_000, 500
MOST_STALLED = 3

pytestmark = pytest.mark.fault

Blow = Callable[[ServerProcess, str], None]


@dataclass
class Fate:
    """What became of a job after a blow, and of everybody else."""

    job: Job
    seconds: float
    visits: Visits
    complaints: list[str]


def fate_of_job(
    data_dir: Path,
    blow: Blow,
    *,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = SERVICE_COMMAND,
    may_go_on: bool = False,
    within_seconds: float = WITHIN_SECONDS,
) -> Fate:
    """Deal a blow to a job, wait until it says so, or has ended when it may not go on, and see who else suffered."""
    with start(data_dir, command, env) as server:
        server.wait_ready()
        with visited(server) as visits:
            job_id = upload(server, job_file(LONG))
            blow(server, job_id)
            attempt = job_row(server.database, job_id, "attempt")[0]

            def goes_on(_job: Job) -> bool:
                return bool(job_row(server.database, job_id, "attempt")[0] > attempt)

            def is_decided(job: Job) -> bool:
                return is_finished(job) or (may_go_on and (job["state"] == "interrupted" or goes_on(job)))

            begin = time.monotonic()
            job = await_job(server, job_id, is_decided, within_seconds)
            seconds = time.monotonic() - begin
        complaints = chunk_complaints(server.database, job_id)
        if not is_decided(job):
            complaints.append(f"{job['state']} after {within_seconds:.0f} s")
        elif may_go_on and not goes_on(await_job(server, job_id, goes_on, RESUMED_WITHIN_SECONDS)):
            complaints.append(f"not taken up again: {job['reason']}")
        elif not (may_go_on or env):
            complaints += _complaints_about_next(server)
        return Fate(job, seconds, visits, complaints)


def _complaints_about_next(server: ServerProcess) -> list[str]:
    """Let the service do another job."""
    file = job_file(SHORT, prefix="next")
    job_id = upload(server, file)
    await_job(server, job_id, is_finished, timeout_seconds=60)
    return complaints_about_job(server.database, job_id, file)


def _signal(role: str, number: int) -> Blow:
    def blow(server: ServerProcess, job_id: str) -> None:
        assert await_progress(server.database, job_id, 0)
        for pid in pids(server.data_dir, role):
            os.kill(pid, number)

    return blow


def _nothing(server: ServerProcess, job_id: str) -> None:
    await_process(server.data_dir, "scorer")


def _kill_each_attempt(server: ServerProcess, job_id: str) -> None:
    """Kill the worker each time it has taken the job over and before it can commit."""
    killed = 0
    for attempt in range(1, MOST_STALLED + 1):
        await_job(server, job_id, lambda job, n=attempt: job_row(server.database, job["id"], "attempt")[0] >= n, 60)
        if job_row(server.database, job_id, "attempt", "rows_done") == (attempt, 0):
            os.kill(await_process(server.data_dir, "worker"), signal.SIGKILL)
            killed += 1
    assert killed == MOST_STALLED, f"{killed} attempts were killed in time"


_kill = _signal("worker", signal.SIGKILL)
EXPERIMENTS: dict[str, Callable[[Path], Fate]] = {
    "killed": lambda folder: fate_of_job(folder, _kill, may_go_on=True),
    "killed, not looked after": lambda folder: fate_of_job(
        folder, _kill, may_go_on=True, command=control_command("trusts_its_worker")
    ),
    "killed thrice": lambda folder: fate_of_job(folder, _kill_each_attempt, within_seconds=60),
    "killed thrice, not counted": lambda folder: fate_of_job(
        folder, _kill_each_attempt, within_seconds=60, command=control_command("tries_for_ever")
    ),
    "greedy": lambda folder: fate_of_job(folder, _nothing, env={"JOB_MEMORY_MIB": "150"}),
    **{
        f"stopped {role}": lambda folder, role=role: fate_of_job(folder, _signal(role, signal.SIGSTOP), may_go_on=True)
        for role in HANGS
    },
}


@pytest.fixture(scope="module")
def fates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Fate]]]:
    """Begin every experiment."""
    job_file(LONG)
    with ThreadPoolExecutor(len(EXPERIMENTS)) as pool:
        folder = tmp_path_factory.mktemp("fates")
        yield {
            name: pool.submit(run, folder / f"{number}" / "data")
            for number, (name, run) in enumerate(EXPERIMENTS.items())
        }


def told(name: str, fate: Fate) -> str:
    """Print the figures of one experiment."""
    visits = fate.visits
    figures = f"{len(visits.seconds)} answers meanwhile, p99 {visits.slow_seconds() * 1000:.0f} ms"
    print(f"{name}: {fate.job['state']} after {fate.seconds:.1f} s ({fate.job['reason']}); {figures}")
    return str(fate.job["reason"])


def is_unmoved(visits: Visits) -> bool:
    """Say whether everybody was answered, and the same each time."""
    return visits.statuses == {200} and len(visits.answers) == 1


def test_a_killed_worker_is_replaced(fates: dict[str, Future[Fate]]) -> None:
    fate = fates["killed"].result()
    told("killed", fate)
    assert fate.complaints == []
    assert is_unmoved(fate.visits)
    assert fate.job["state"] in UNFINISHED


@pytest.mark.parametrize("role", HANGS)
def test_a_hanging_process_is_replaced(fates: dict[str, Future[Fate]], role: str) -> None:
    fate = fates[f"stopped {role}"].result()
    assert "no sign of life" in told(f"stopped {role}", fate)
    assert fate.complaints == []
    assert (fate.job["state"], fate.seconds <= WITHIN_SECONDS) == ("interrupted", True)
    # One that stopped in the middle of a commit holds the database's lock until it is ended: then the answer is 503.
    assert fate.visits.statuses <= {200, 503}
    assert len(fate.visits.answers) == 1


def test_a_greedy_process_fails_its_job_with_the_reason(fates: dict[str, Future[Fate]]) -> None:
    fate = fates["greedy"].result()
    assert "150 MiB of memory" in told("greedy", fate)
    assert fate.complaints == []
    assert (fate.job["state"], fate.seconds <= WITHIN_SECONDS) == ("failed", True)
    assert is_unmoved(fate.visits)


def test_a_job_that_gets_nowhere_is_given_up(fates: dict[str, Future[Fate]]) -> None:
    fate = fates["killed thrice"].result()
    assert f"{MOST_STALLED} times without getting on" in told("killed thrice", fate)
    assert fate.complaints == []
    assert fate.job["state"] == "failed"
    assert is_unmoved(fate.visits)


def test_the_experiment_sees_a_job_that_runs_for_ever(fates: dict[str, Future[Fate]]) -> None:
    assert fates["killed, not looked after"].result().complaints == [f"running after {WITHIN_SECONDS:.0f} s"]


def test_the_experiment_sees_a_job_that_is_never_given_up(fates: dict[str, Future[Fate]]) -> None:
    assert fates["killed thrice, not counted"].result().job["state"] != "failed"
