"""F1 with a file under way: whatever is killed, each row is scored or reported exactly once, and the job gets done.

Victims take turns: the worker alone, everything at once, the scoring process alone (every other time in the middle of
what it sends to the worker), the service without its worker.
CI makes 4 kills. The full experiment is one command::

    FAULT_JOB_KILLS=60 python -m pytest tests/faults/test_job_kill.py
"""

import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.audit import Findings, audit
from tests.faults.clients import SEED, ClientLog, under_load
from tests.faults.conftest import control_command
from tests.faults.job_audit import chunk_complaints, complaints_about_job
from tests.faults.jobs import (
    JobFile,
    await_half_message,
    await_job,
    await_progress,
    is_finished,
    job_file,
    job_row,
    pids,
    processes,
    strike,
    upload,
)
from tests.server_process import SERVICE_COMMAND, ServerProcess, start

KILLS = int(os.environ.get("FAULT_JOB_KILLS", "4"))
ROWS_PER_KILL = 20_000
VICTIMS = ("worker", "everything", "scorer", "service")
LONGEST_MOMENT_SECONDS = 0.25
READY_AGAIN_SECONDS = 5.0

pytestmark = pytest.mark.fault


@dataclass
class Story:
    """What happened to a job that was killed again and again, from outside."""

    file: JobFile
    log: ClientLog = field(default_factory=ClientLog)
    job_id: str = ""
    complaints: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    struck_at: float = 0.0
    resumed_after: list[tuple[str, float]] = field(default_factory=list)
    ready_after: list[float] = field(default_factory=list)
    findings: Findings | None = None


def kill_again_and_again(
    data_dir: Path, file: JobFile, kills: int, command: Sequence[str] = SERVICE_COMMAND, clients: int = 1
) -> Story:
    """Kill a process of a service with a job at random moments, then let the job end and hold it against its file."""
    rng = random.Random(SEED)
    story = Story(file)
    while True:
        with start(data_dir, command) as server:
            story.ready_after.append(server.wait_ready())
            if len(story.struck) >= kills:
                await_job(server, story.job_id, is_finished)
                story.complaints += complaints_about_job(server.database, story.job_id, file)
                story.findings = audit(server.database, story.log)
                return story
            with under_load(server, story.log, singles=clients, batches=clients):
                story.job_id = story.job_id or upload(server, file)
                _one_life(server, story, kills, rng)


def _one_life(server: ServerProcess, story: Story, kills: int, rng: random.Random) -> None:
    """Strike until the service itself was hit or there were kills enough."""
    alive = True
    while alive and len(story.struck) < kills:
        rows_done, attempt = job_row(server.database, story.job_id, "rows_done", "attempt")
        if not await_progress(server.database, story.job_id, rows_done, attempt if story.struck else 0):
            raise AssertionError(f"{job_row(server.database, story.job_id, 'state', 'reason')} after {story.struck}")
        if story.struck:
            story.resumed_after.append((story.struck[-1], time.monotonic() - story.struck_at))
        time.sleep(rng.uniform(0.0, LONGEST_MOMENT_SECONDS))
        victim = VICTIMS[len(story.struck) % len(VICTIMS)]
        alive = victim in ("worker", "scorer")
        hit = list(processes(server.data_dir)) if victim == "everything" else pids(server.data_dir, victim)
        if victim == "scorer" and story.struck.count(victim) % 2 == 0:
            await_half_message(hit[0])
        strike(hit, rng)
        story.struck.append(victim)
        story.struck_at = time.monotonic()
        if victim == "everything":
            story.complaints += chunk_complaints(server.database, story.job_id)
    if alive:
        server.kill()
    server.process.wait(timeout=10)


def test_a_job_survives_any_kill_exactly_once(data_dir: Path) -> None:
    story = kill_again_and_again(data_dir, job_file(ROWS_PER_KILL * KILLS), KILLS)
    slowest = {name: f"{max(s for v, s in story.resumed_after if v == name):.1f}" for name, _ in story.resumed_after}
    print(
        f"{len(story.struck)} kills, {len(story.file.customer_ids)} rows, {len(story.log.acknowledged)} acknowledged "
        f"meanwhile; on again after at most {slowest} s; ready after at most {max(story.ready_after):.1f} s"
    )
    assert story.complaints == []
    assert story.findings is not None
    assert (story.findings.lost, story.findings.torn_batches) == (frozenset(), ())
    assert story.log.acknowledged
    assert story.log.statuses() <= {200, 503, None}
    assert max(story.ready_after[1:]) <= READY_AGAIN_SECONDS


def test_the_experiment_sees_chunks_stored_twice(data_dir: Path) -> None:
    story = kill_again_and_again(data_dir, job_file(8_000), 2, control_command("commits_progress_apart"), clients=0)
    assert [text for text in story.complaints if "predictions" in text]


def test_the_experiment_sees_lines_written_twice(data_dir: Path) -> None:
    story = kill_again_and_again(data_dir, job_file(8_000), 2, control_command("keeps_torn_lines"), clients=0)
    assert [text for text in story.complaints if text.startswith("results.csv")]
