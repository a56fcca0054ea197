"""Files for jobs, the client's side of a job, and the processes behind it."""

import csv
import http.client
import io
import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.telecom.features import FIELDS
from tests.faults.clients import CUSTOMERS, SEED
from tests.server_process import LOOPBACK, ServerProcess
from tests.simulated_requests import json_bytes, simulated_customers

CSV = "text/csv"
UNKNOWN_STATE = "ZQ"
REJECTED_EVERY = 10
REPEATED_EVERY = 25
UNFINISHED = ("queued", "running", "interrupted")
DISTINCT_CUSTOMERS = 5_000

Job = dict[str, Any]


@dataclass(frozen=True)
class JobFile:
    """A file with known rows: its column ``row`` numbers them from 0.

    Every tenth row names an unknown state and must be reported; every 25th is about the customer of the row before.
    """

    content: bytes
    customer_ids: tuple[str, ...]
    rejected: frozenset[int]

    @property
    def scored_ids(self) -> list[str]:
        """The customers of the rows that can be scored, in the file's order."""
        return [customer for row, customer in enumerate(self.customer_ids) if row not in self.rejected]


@cache
def job_file(n_rows: int, prefix: str = "C") -> JobFile:
    """Write a file of this many rows."""
    profiles = simulated_customers(min(n_rows, DISTINCT_CUSTOMERS), SEED)
    aliases = [field.alias for field in FIELDS]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["row", "customerId", *aliases])
    ids, rejected = [], set()
    for row in range(n_rows):
        profile = dict(profiles[row % len(profiles)])
        ids.append(f"{prefix}-{row - (row % REPEATED_EVERY == REPEATED_EVERY - 1):07d}")
        if row % REJECTED_EVERY == REJECTED_EVERY - 1:
            profile["state"] = UNKNOWN_STATE
            rejected.add(row)
        writer.writerow([row, ids[-1], *(profile[alias] for alias in aliases)])
    return JobFile(text.getvalue().encode(), tuple(ids), frozenset(rejected))


@dataclass(frozen=True)
class Answer:
    """A whole answer; the status is None when the connection ended before one came."""

    status: int | None
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


def ask(
    server: ServerProcess, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    """Send one request on a connection of its own."""
    connection = http.client.HTTPConnection(LOOPBACK, server.port, timeout=60)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read())
    except (OSError, http.client.HTTPException):
        return Answer(None, {}, b"")
    finally:
        connection.close()


def upload(server: ServerProcess, file: JobFile, name: str = "customers.csv") -> str:
    """Start a job and give its id."""
    answer = ask(server, "POST", f"/batch/jobs?file_name={name}", file.content, {"Content-Type": CSV})
    assert answer.status == 201, answer
    return str(answer.json()["id"])


def job_state(server: ServerProcess, job_id: str) -> Job:
    """Ask how far a job is."""
    answer = ask(server, "GET", f"/batch/jobs/{job_id}")
    assert answer.status == 200, answer
    job: Job = answer.json()
    return job


def await_job(server: ServerProcess, job_id: str, until: Callable[[Job], bool], timeout_seconds: float = 120.0) -> Job:
    """Ask again and again until the job is as wanted, and give it as it is at the end of the time if it never is."""
    deadline = time.monotonic() + timeout_seconds
    while not until(job := job_state(server, job_id)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return job


def is_finished(job: Job) -> bool:
    """Say whether nothing more happens to a job."""
    return job["state"] not in UNFINISHED


def read_rows(database: Path, statement: str, *parameters: Any) -> list[Any]:
    """Read the database file beside the server, which may be dead."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(statement, parameters).fetchall()


def job_row(database: Path, job_id: str, *columns: str) -> tuple[Any, ...]:
    """Read columns of a job's row."""
    ((*values,),) = read_rows(database, f"SELECT {', '.join(columns)} FROM jobs WHERE id = ?", job_id)
    return tuple(values)


def await_progress(
    database: Path, job_id: str, rows_done: int, attempt: int = 0, timeout_seconds: float = 60.0
) -> bool:
    """Wait until a later attempt has committed more rows than these; false when the job ends or stands still."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        state, done, running = job_row(database, job_id, "state", "rows_done", "attempt")
        if state not in UNFINISHED:
            return False
        if done > rows_done and running > attempt and state == "running":
            return True
        time.sleep(0.005)
    return False


def processes(data_dir: Path) -> dict[int, str]:
    """Find the running processes of a service by its data folder: "service", "worker", "scorer" or "tracker" by pid."""
    found = {}
    wanted = f"DATA_DIR={data_dir}".encode()
    for folder in Path("/proc").iterdir():
        # A process may end while it is looked at; one that has ended and waits for its parent has no environment.
        with suppress(OSError):
            if folder.name.isdecimal() and wanted in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = _role((folder / "cmdline").read_text())
    return found


def _role(command: str) -> str:
    words = command.rstrip("\0").split("\0")
    if "resource_tracker" in command:
        return "tracker"
    if "spawn_main" in command:
        return "scorer"
    return "worker" if words[-1] in ("worker", "app.batch.worker") else "service"


def pids(data_dir: Path, role: str) -> list[int]:
    """Name the processes of one kind."""
    return [pid for pid, kind in processes(data_dir).items() if kind == role]


def await_process(data_dir: Path, role: str, timeout_seconds: float = 30.0) -> int:
    """Wait until there is a process of this kind and give its id."""
    deadline = time.monotonic() + timeout_seconds
    while not (found := pids(data_dir, role)):
        assert time.monotonic() < deadline, f"no {role} within {timeout_seconds:g} s"
        time.sleep(0.01)
    return found[0]


def await_no_process(data_dir: Path, timeout_seconds: float) -> dict[int, str]:
    """Wait until no process of the service is left; gives those that are."""
    deadline = time.monotonic() + timeout_seconds
    while (left := processes(data_dir)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def await_half_message(pid: int, timeout_seconds: float = 1.0) -> None:
    """Wait until a process is in the middle of writing to a pipe: killed then, it leaves half a message behind."""
    deadline = time.monotonic() + timeout_seconds
    with suppress(OSError):
        while "pipe_write" not in Path(f"/proc/{pid}/wchan").read_text() and time.monotonic() < deadline:
            pass


def strike(victims: list[int], rng: random.Random) -> None:
    """Kill processes in any order, with nothing in between."""
    rng.shuffle(victims)
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass
class Visits:
    """What somebody who asks about one customer again and again gets to see."""

    seconds: list[float]
    statuses: set[int | None]
    answers: set[str]

    def slow_seconds(self, share: float = 0.99) -> float:
        """Give the time within which this share of the answers came."""
        return sorted(self.seconds)[int(share * (len(self.seconds) - 1))]


@contextmanager
def visited(server: ServerProcess, pause_seconds: float = 0.02) -> Iterator[Visits]:
    """Ask /predict about the same customer during the block."""
    visits, stop = Visits([], set(), set()), threading.Event()

    def visit() -> None:
        while not stop.wait(pause_seconds):
            begin = time.monotonic()
            answer = ask(server, "POST", "/predict", json_bytes(CUSTOMERS[0]), {"Content-Type": "application/json"})
            visits.seconds.append(time.monotonic() - begin)
            visits.statuses.add(answer.status)
            if answer.status == 200:
                told = answer.json()
                visits.answers.add(json.dumps({name: told[name] for name in told if name != "prediction_id"}))

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield visits
    finally:
        stop.set()
        visitor.join(timeout=60)
