"""F4: somebody else holds SQLite's write lock. For 3 s everybody is served late; for longer, refused in time.

CI holds the long lock for 9 s, which is longer than any request may wait. The full experiment is one command::

    FAULT_LOCK_SECONDS=30 python -m pytest tests/faults/test_locked_database.py
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.faults.audit import audit
from tests.faults.clients import CUSTOMERS, ClientLog, Reply, post_once, under_load
from tests.faults.conftest import control_command
from tests.server_process import SERVICE_COMMAND, ServerProcess, start
from tests.simulated_requests import json_bytes

SHORT_LOCK_SECONDS = 3.0
REFUSED_WITHIN_SECONDS = 6.0
RECOVERED_WITHIN_SECONDS = 5.0

pytestmark = pytest.mark.fault


@contextmanager
def locked_for(database: Path, seconds: float) -> Iterator[None]:
    """Hold the write lock for this long from the start of the block, and leave the block when it is let go."""
    held, errors = threading.Event(), []

    def hold() -> None:
        try:
            with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                held.set()
                time.sleep(seconds)
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            errors.append(error)
            held.set()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    try:
        yield
    finally:
        holder.join()
    assert errors == []


def serve_through_lock(server: ServerProcess, seconds: float) -> tuple[ClientLog, list[int | None]]:
    """Load the server for as long as the lock is held; give the clients' log and what /livez said meanwhile."""
    log, live = ClientLog(), []
    with locked_for(server.database, seconds), under_load(server, log):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            live.append(server.status_of("/livez", timeout_seconds=1.0))
            time.sleep(0.25)
    return log, live


def complaints(log: ClientLog) -> list[str]:
    """List the replies that break the promise: neither served nor refused politely and in time."""
    found = []
    for reply in (attempt.reply for attempt in log.attempts):
        if reply.status not in (200, 503):
            found.append(f"status {reply.status}")
        elif reply.seconds > REFUSED_WITHIN_SECONDS:
            found.append(f"{reply.status} after {reply.seconds:.1f} s")
        elif reply.status == 503 and not (reply.retry_after or "").isdecimal():
            found.append(f"503 with Retry-After {reply.retry_after!r}")
    return found


def seconds_until_served(server: ServerProcess) -> float:
    """Retry as a client would until a prediction is answered."""
    begin = time.monotonic()
    while time.monotonic() - begin < 2 * RECOVERED_WITHIN_SECONDS:
        reply: Reply = post_once(server, "/predict", json_bytes(CUSTOMERS[0]))
        if reply.status == 200:
            break
        time.sleep(0.1)
    return time.monotonic() - begin


def check_long_lock(data_dir: Path, command: Sequence[str], seconds: float) -> tuple[list[str], ClientLog]:
    """Lock a server's database for longer than it may wait; give the complaints and the clients' log."""
    with start(data_dir, command) as server:
        server.wait_ready()
        log, live = serve_through_lock(server, seconds)
        found = complaints(log)
        found += [f"/livez said {status}" for status in live if status != 200]
        recovery = seconds_until_served(server)
        if recovery > RECOVERED_WITHIN_SECONDS:
            found.append(f"not served {recovery:.1f} s after the lock was let go")
        findings = audit(server.database, log)
        found += [f"lost {row}" for row in findings.lost]
        found += [f"stored but refused: {customer}" for customer in findings.stored_without_answer]
        return found, log


def test_a_short_lock_delays_everybody_and_refuses_nobody(service: ServerProcess) -> None:
    log, live = serve_through_lock(service, SHORT_LOCK_SECONDS)
    assert log.statuses() == {200}
    assert max(attempt.reply.seconds for attempt in log.attempts) > SHORT_LOCK_SECONDS / 2, "nobody met the lock"
    assert set(live) == {200}
    assert audit(service.database, log).lost == frozenset()


def test_a_long_lock_is_refused_in_time(data_dir: Path, long_lock_seconds: float) -> None:
    found, log = check_long_lock(data_dir, SERVICE_COMMAND, long_lock_seconds)
    assert found == []
    assert 503 in log.statuses()


def test_the_experiment_sees_a_500(data_dir: Path) -> None:
    found, _ = check_long_lock(data_dir, control_command("fails_when_locked"), seconds=1.0)
    assert "status 500" in found


def test_the_experiment_sees_callers_left_waiting(data_dir: Path) -> None:
    found, _ = check_long_lock(data_dir, control_command("waits_for_ever"), seconds=REFUSED_WITHIN_SECONDS + 1)
    assert [complaint for complaint in found if complaint.startswith("200 after")]
