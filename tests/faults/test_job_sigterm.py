"""F6 with a file under way: SIGTERM leaves no process and no half chunk; the job is interrupted and goes on next time.

A file that is being uploaded is taken in if it arrives while the service drains; else nothing of it is kept.
"""

import http.client
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.audit import audit
from tests.faults.clients import under_load
from tests.faults.conftest import control_command
from tests.faults.job_audit import chunk_complaints, complaints_about_job
from tests.faults.jobs import (
    CSV,
    Job,
    await_job,
    await_progress,
    is_finished,
    job_file,
    job_row,
    processes,
    read_rows,
    upload,
)
from tests.faults.test_sigterm import EXIT_WITHIN_SECONDS, ClientLog, Stop
from tests.server_process import LOOPBACK, SERVICE_COMMAND, ServerProcess, start

ROWS = 100_000
UPLOADED_ROWS = 2_000
GRACE_SECONDS = 1

pytestmark = pytest.mark.fault


@dataclass(frozen=True)
class JobStop:
    """One stop while a job ran, and what was left."""

    stop: Stop
    seconds: float
    job_id: str
    state: str
    left: dict[int, str]
    complaints: list[str]


def stop_with_job(data_dir: Path, command: Sequence[str] = SERVICE_COMMAND) -> JobStop:
    """Send SIGTERM while a job runs and clients post."""
    log = ClientLog()
    with start(data_dir, command) as server:
        server.wait_ready()
        job_id = upload(server, job_file(ROWS))
        assert await_progress(server.database, job_id, 0)
        with under_load(server, log, singles=4):
            while len(log.acknowledged) < 20:
                time.sleep(0.01)
            signalled_at = time.monotonic()
            exit_code = server.terminate(EXIT_WITHIN_SECONDS)
            seconds = time.monotonic() - signalled_at
            left = processes(data_dir)
        stop = Stop(log, exit_code, signalled_at, audit(server.database, log), [])
        state = job_row(server.database, job_id, "state")[0]
        return JobStop(stop, seconds, job_id, state, left, chunk_complaints(server.database, job_id))


def test_a_stopped_job_goes_on_exactly_once(data_dir: Path) -> None:
    seen = stop_with_job(data_dir)
    assert (seen.stop.exit_code, seen.stop.dropped()) == (0, [])
    assert (seen.stop.findings.lost, seen.stop.findings.stored_without_answer) == (frozenset(), ())
    assert (seen.state, seen.left, seen.complaints) == ("interrupted", {}, [])
    with start(data_dir) as server:
        server.wait_ready()
        began = time.monotonic()
        job = await_job(server, seen.job_id, is_finished)
        print(f"exit {seen.seconds:.1f} s after SIGTERM; done {time.monotonic() - began:.1f} s after the next start")
        assert job["reason"] is None
        assert complaints_about_job(server.database, seen.job_id, job_file(ROWS)) == []
        assert audit(server.database, seen.stop.log).lost == frozenset()


def test_the_experiment_sees_a_job_left_running(data_dir: Path) -> None:
    assert stop_with_job(data_dir, control_command("kills_its_worker")).state == "running"


@contextmanager
def half_uploaded(server: ServerProcess) -> Iterator[tuple[http.client.HTTPConnection, bytes]]:
    """Send the first half of a file; gives the connection and the second half."""
    content = job_file(UPLOADED_ROWS).content
    connection = http.client.HTTPConnection(LOOPBACK, server.port, timeout=60)
    connection.putrequest("POST", "/batch/jobs")
    connection.putheader("Content-Type", CSV)
    connection.putheader("Content-Length", str(len(content)))
    connection.endheaders(content[: len(content) // 2])
    try:
        deadline = time.monotonic() + 30
        while not uploads(server):
            assert time.monotonic() < deadline, "the upload never began"
            time.sleep(0.01)
        yield connection, content[len(content) // 2 :]
    finally:
        connection.close()


def uploads(server: ServerProcess) -> list[Path]:
    """Folders of jobs, and of files on their way to become one."""
    batch = server.data_dir / "batch"
    return [path for path in batch.iterdir() if path.is_dir()] if batch.is_dir() else []


def test_a_file_that_arrives_while_the_service_drains_is_kept(data_dir: Path) -> None:
    with start(data_dir) as server:
        server.wait_ready()
        with half_uploaded(server) as (connection, rest):
            server.process.terminate()
            while server.status_of("/readyz") == 200:
                time.sleep(0.01)
            connection.send(rest)
            answer = connection.getresponse()
            status, body = answer.status, answer.read()
        assert server.process.wait(EXIT_WITHIN_SECONDS) == 0
        assert processes(data_dir) == {}
        assert (status, read_rows(server.database, "SELECT count(*) FROM jobs")) == (201, [(1,)])
    with start(data_dir) as server:
        server.wait_ready()
        ((job_id,),) = read_rows(server.database, "SELECT id FROM jobs")
        assert job_id.encode() in body
        job: Job = await_job(server, job_id, is_finished)
        assert job["state"] == "done"
        assert complaints_about_job(server.database, job_id, job_file(UPLOADED_ROWS)) == []


def test_of_a_file_that_never_arrives_nothing_is_kept(data_dir: Path) -> None:
    with start(data_dir, env={"SHUTDOWN_SECONDS": str(GRACE_SECONDS)}) as server:
        server.wait_ready()
        with half_uploaded(server):
            assert server.terminate(EXIT_WITHIN_SECONDS) == 0
        assert read_rows(server.database, "SELECT count(*) FROM jobs") == [(0,)]
        assert uploads(server) == []


def test_of_a_file_whose_sender_goes_away_nothing_is_kept(data_dir: Path) -> None:
    with start(data_dir) as server:
        server.wait_ready()
        with half_uploaded(server):
            assert uploads(server)
        deadline = time.monotonic() + 10
        while uploads(server) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert uploads(server) == []
        assert read_rows(server.database, "SELECT count(*) FROM jobs") == [(0,)]
