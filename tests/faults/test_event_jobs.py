"""F1 and F8 with a log under way: whatever is killed or sent again, each line is stored once or reported once.

CI makes 4 kills. The full experiment is one command::

    FAULT_EVENT_KILLS=40 python -m pytest tests/faults/test_event_jobs.py
"""

import json
import os
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.faults.clients import SEED
from tests.faults.conftest import control_command
from tests.faults.jobs import (
    ask,
    await_job,
    await_progress,
    is_finished,
    job_row,
    pids,
    processes,
    read_rows,
    strike,
)
from tests.server_process import SERVICE_COMMAND, ServerProcess, start

KILLS = int(os.environ.get("FAULT_EVENT_KILLS", "4"))
EVENTS_PER_KILL = 15_000
VICTIMS = ("worker", "everything", "scorer", "service")
LONGEST_MOMENT_SECONDS = 0.15
PATIENCE_SECONDS = 30.0
IN_SESSION = 10
REJECTED_EVERY = 500
HEADERS = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "log-1"}

pytestmark = pytest.mark.fault


@dataclass(frozen=True)
class LogFile:
    """A log with known lines: in each session one event has no user, and its neighbours say whose it is."""

    content: bytes
    events: int
    rejected: int
    blanks: int
    users: int


@cache
def log_file(count: int) -> LogFile:
    """Write a log of this many events, with a line that is no event among every 500."""
    lines, rejected, blanks = [], 0, 0
    for place in range(count):
        session, number = divmod(place, IN_SESSION)
        event: dict[str, Any] = {
            "session_id": f"s{session}",
            "item_in_session": number,
            "ts": 1_772_359_200_000 + session * 60_000 + number * 1_000,
            "kind": "play",
        }
        if number == IN_SESSION // 2:
            blanks += 1
        else:
            event["user_id"] = f"u{session % 1_000}"
        lines.append(json.dumps(event))
        if place % REJECTED_EVERY == 0:
            lines.append(f'{{"kind": "play", "row": {place}}}')
            rejected += 1
    users = len({session % 1_000 for session in range((count - 1) // IN_SESSION + 1)})
    return LogFile(("\n".join(lines) + "\n").encode(), count, rejected, blanks, users)


Wait = Callable[[ServerProcess, str, random.Random], None]
"""Chooses the moment of a blow."""


@dataclass
class Story:
    """What happened to a job that was killed again and again."""

    job_id: str = ""
    struck: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def upload_log(server: ServerProcess, file: LogFile) -> str:
    """Start a job over a log and give its id."""
    answer = ask(server, "POST", "/batch/event-jobs?file_name=a.jsonl", file.content, HEADERS)
    assert answer.status == 201, answer
    return str(answer.json()["id"])


def chunk_complaints(database: Path, job_id: str) -> list[str]:
    """Say what of a job is half-stored at this moment: its events and its counts must tell one story."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        connection.execute("BEGIN")
        done, counts = connection.execute("SELECT rows_done, counts FROM jobs WHERE id = ?", (job_id,)).fetchone()
        stored = connection.execute("SELECT count(*) FROM events").fetchone()[0]
    counted = json.loads(counts)
    found = []
    if stored != counted["accepted"] or counted["duplicates"]:
        found.append(f"{stored} events stored, {counted['accepted']} counted, {counted['duplicates']} twice")
    if done != counted["accepted"] + counted["duplicates"] + counted["rejected"]:
        found.append(f"{done} rows done are not the sum of {counted['accepted']} and {counted['rejected']}")
    return found


def complaints_about_log(database: Path, job_id: str, file: LogFile) -> list[str]:
    """Say what a finished job got wrong; nothing when every line is stored or reported exactly once."""
    state, reason, text = job_row(database, job_id, "state", "reason", "counts")
    counts = json.loads(text)
    found = [] if state == "done" else [f"the job is {state}: {reason}"]
    wanted = {"accepted": file.events, "duplicates": 0, "rejected": file.rejected, "identified": file.blanks,
              "unidentified": {}, "users": file.users}  # fmt: skip
    found += [f"{name} is {counts[name]}, not {value}" for name, value in wanted.items() if counts[name] != value]
    ((stored, owned),) = read_rows(database, "SELECT count(*), total(user_id <> '') FROM events")
    if (stored, owned) != (file.events, file.events):
        found.append(f"{stored} events stored, {owned} with a user, instead of {file.events}")
    ((known, theirs),) = read_rows(database, "SELECT count(*), total(events) FROM users")
    if (known, theirs) != (file.users, file.events):
        found.append(f"{known} users with {theirs} events")
    errors = (database.parent / "batch" / job_id / "errors.csv").read_text().splitlines()
    if len(errors) != file.rejected + 1:
        found.append(f"errors.csv holds {len(errors) - 1} rows instead of {file.rejected}")
    ((integrity,),) = read_rows(database, "PRAGMA integrity_check")
    return found if integrity == "ok" else [*found, f"integrity_check: {integrity}"]


def kill_again_and_again(
    data_dir: Path,
    file: LogFile,
    kills: int,
    command: Sequence[str] = SERVICE_COMMAND,
    wait: Wait | None = None,
) -> Story:
    """Kill a process of a service with a job at random moments, then let the job end and hold it against its log."""
    rng, story = random.Random(SEED), Story()
    while True:
        with start(data_dir, command) as server:
            server.wait_ready()
            # With its key the same file never makes a second job, whatever became of the first answer.
            story.job_id = upload_log(server, file)
            if len(story.struck) >= kills:
                await_job(server, story.job_id, is_finished)
                story.complaints += complaints_about_log(server.database, story.job_id, file)
                return story
            _one_life(server, story, kills, rng, wait or _any_moment)


def _any_moment(_server: ServerProcess, _job_id: str, rng: random.Random) -> None:
    time.sleep(rng.uniform(0.0, LONGEST_MOMENT_SECONDS))


def _until_half_a_chunk_is_stored(server: ServerProcess, job_id: str, _rng: random.Random) -> None:
    """Wait for what a right build never shows: events without the counts that vouch for them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not chunk_complaints(server.database, job_id) and time.monotonic() < deadline:
        time.sleep(0.005)


def _one_life(server: ServerProcess, story: Story, kills: int, rng: random.Random, wait: Wait) -> None:
    """Strike until the service itself was hit or there were kills enough."""
    alive = True
    while alive and len(story.struck) < kills:
        rows_done, attempt = job_row(server.database, story.job_id, "rows_done", "attempt")
        if not await_progress(server.database, story.job_id, rows_done, attempt if story.struck else 0):
            raise AssertionError(f"{job_row(server.database, story.job_id, 'state', 'reason')} after {story.struck}")
        wait(server, story.job_id, rng)
        victim = VICTIMS[len(story.struck) % len(VICTIMS)]
        alive = victim in ("worker", "scorer")
        strike(list(processes(server.data_dir)) if victim == "everything" else pids(server.data_dir, victim), rng)
        story.struck.append(victim)
        if victim == "everything":
            story.complaints += chunk_complaints(server.database, story.job_id)
    if alive:
        server.kill()
    server.process.wait(timeout=10)


def test_a_log_survives_any_kill_exactly_once(data_dir: Path) -> None:
    story = kill_again_and_again(data_dir, log_file(EVENTS_PER_KILL * KILLS), KILLS)
    print(f"{len(story.struck)} kills over {EVENTS_PER_KILL * KILLS} events")
    assert story.complaints == []


def test_the_experiment_sees_chunks_that_were_stored_without_their_progress(data_dir: Path) -> None:
    wrong = control_command("commits_events_apart")
    story = kill_again_and_again(data_dir, log_file(20_000), 1, wrong, _until_half_a_chunk_is_stored)
    assert [text for text in story.complaints if "duplicates" in text or "twice" in text]
