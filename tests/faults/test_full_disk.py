"""F5: the disk is full in the middle of a job and under load. Nothing is half-written, reading goes on, all resumes.

Full is a small file system in memory, where the user may mount one, and a limit on the size of files everywhere; the
server's log lies on the same disk. Space stays away for 1.5 s in CI. The full experiment is one command::

    FAULT_FULL_SECONDS=30 python -m pytest tests/faults/test_full_disk.py
"""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.audit import audit
from tests.faults.clients import CUSTOMERS, ClientLog, Reply, post_once, under_load
from tests.faults.conftest import control_command
from tests.faults.full_disks import CannotMount, Disk, limited_files, small_file_system
from tests.faults.job_audit import chunk_complaints, complaints_about_job
from tests.faults.jobs import CSV, ask, await_job, await_progress, is_finished, job_file, job_state, upload
from tests.server_process import SERVICE_COMMAND, ServerProcess, start
from tests.simulated_requests import json_bytes

FULL_SECONDS = float(os.environ.get("FAULT_FULL_SECONDS", "1.5"))
RECOVERED_WITHIN_SECONDS = 5.0
REFUSED_WITHIN_SECONDS = 6.0
ROWS = 12_000
READ = ("/stats", "/stats/history", "/livez", "/", "/batch/jobs", "/customers", "/openapi.json")

pytestmark = pytest.mark.fault


@dataclass
class Seen:
    """What a full disk looked like from outside."""

    log: ClientLog = field(default_factory=ClientLog)
    complaints: list[str] = field(default_factory=list)
    refused: int = 0
    recovered_after: float = 0.0
    waited_at: int = 0


def live_through_full_disk(
    disk: Disk, seconds: float, command: Sequence[str] = SERVICE_COMMAND, env: Mapping[str, str] | None = None
) -> Seen:
    """Fill the disk while a job runs and clients post; free it again; hold everything against the clients' log."""
    seen, file = Seen(), job_file(ROWS)
    with start(disk.data_dir, command, env) as server:
        server.wait_ready()
        job_id = upload(server, file)
        assert await_progress(server.database, job_id, 0)
        with under_load(server, seen.log, singles=2):
            _await_status(seen.log, 200)
            disk.fill(server)
            begin = time.monotonic()
            _await_status(seen.log, 503)
            seen.complaints += _complaints_while_full(server, job_id)
            time.sleep(max(0.0, begin + seconds - time.monotonic()))
            seen.waited_at = job_state(server, job_id)["rows_done"]
            disk.free(server)
            seen.recovered_after = _seconds_until_served(server)
        seen.refused = sum(attempt.reply.status == 503 for attempt in seen.log.attempts)
        seen.complaints += [text for attempt in seen.log.attempts for text in _impolite(attempt.reply)]
        if seen.recovered_after > RECOVERED_WITHIN_SECONDS:
            seen.complaints.append(f"not served {seen.recovered_after:.1f} s after there was space")
            return seen
        await_job(server, job_id, is_finished)
        seen.complaints += complaints_about_job(server.database, job_id, file)
        findings = audit(server.database, seen.log)
        seen.complaints += [f"lost {row}" for row in findings.lost]
        seen.complaints += [f"torn {batch}" for batch in findings.torn_batches]
        seen.complaints += [f"stored but refused: {customer}" for customer in findings.stored_without_answer]
    return seen


def _await_status(log: ClientLog, status: int) -> None:
    """Wait until somebody got this; the database's log has room for some more commits on a disk that is full."""
    deadline = time.monotonic() + 30
    while status not in log.statuses():
        assert time.monotonic() < deadline, f"nobody got {status}: {log.statuses()}"
        time.sleep(0.02)


def _complaints_while_full(server: ServerProcess, job_id: str) -> list[str]:
    found = chunk_complaints(server.database, job_id)
    found += [f"GET {path} gives {status}" for path in READ if (status := server.status_of(path)) != 200]
    ready = ask(server, "GET", "/readyz")
    if ready.status != 503 or ready.json()["code"] != "storage_full":
        found.append(f"/readyz says {ready.status} {ready.body!r}")
    folders = _job_folders(server)
    answer = ask(server, "POST", "/batch/jobs", job_file(2_000, prefix="u").content, {"Content-Type": CSV})
    if answer.status != 503 or answer.json()["code"] != "storage_full" or "disk is full" not in answer.json()["detail"]:
        found.append(f"an upload is answered {answer.status} {answer.body!r}")
    if left := _job_folders(server) - folders:
        found.append(f"the refused upload left {left}")
    return found


def _job_folders(server: ServerProcess) -> set[str]:
    return {path.name for path in (server.data_dir / "batch").iterdir() if path.is_dir()}


def _impolite(reply: Reply) -> list[str]:
    if reply.status == 200:
        return []
    if reply.status != 503:
        return [f"status {reply.status}"]
    if b'"code":"storage_full"' not in reply.body or not (reply.retry_after or "").isdecimal():
        return [f"503 with Retry-After {reply.retry_after!r}: {reply.body!r}"]
    return [f"503 after {reply.seconds:.1f} s"] if reply.seconds > REFUSED_WITHIN_SECONDS else []


def _seconds_until_served(server: ServerProcess) -> float:
    begin = time.monotonic()
    while time.monotonic() - begin <= RECOVERED_WITHIN_SECONDS:
        reply = post_once(server, "/predict", json_bytes(CUSTOMERS[0]))
        if reply.status == 200 and server.status_of("/readyz") == 200:
            break
        time.sleep(0.05)
    return time.monotonic() - begin


def test_a_full_disk_is_told_and_everything_resumes(data_dir: Path) -> None:
    check("limited files", limited_files(data_dir))


def test_a_full_file_system_is_told_and_everything_resumes() -> None:
    try:
        check("full file system", small_file_system())
    except CannotMount as error:
        pytest.skip(f"this user may not mount a file system: {error}")


def check(name: str, place: AbstractContextManager[Disk]) -> None:
    with place as disk:
        seen = live_through_full_disk(disk, FULL_SECONDS)
    print(
        f"{name}: {len(seen.log.acknowledged)} acknowledged, {seen.refused} refused, "
        f"served again {seen.recovered_after:.2f} s after there was space; the job waited at row {seen.waited_at}"
    )
    assert list(dict.fromkeys(seen.complaints))[:10] == []
    assert 0 < seen.waited_at < ROWS


def test_the_experiment_sees_a_build_that_never_recovers(data_dir: Path) -> None:
    impatient = {"WRITE_TIMEOUT_SECONDS": "0.2"}
    with limited_files(data_dir) as disk:
        seen = live_through_full_disk(disk, 0.0, control_command("stumbles_over_its_log"), impatient)
    assert [text for text in seen.complaints if text.startswith("not served")]
