"""F3: PostgreSQL is killed under load and stays away. Nothing acknowledged is lost, nobody hangs, all heals by itself.

CI leaves it away for 6 s. The full experiment is one command::

    FAULT_OUTAGE_SECONDS=30 python -m pytest tests/faults/test_postgresql.py
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.databases import durable_server
from tests.faults.audit import Findings, audit_postgresql
from tests.faults.clients import CUSTOMERS, ClientLog, Reply, post_once, under_load
from tests.faults.conftest import control_command
from tests.postgresql import PostgresqlServer
from tests.server_process import SERVICE_COMMAND, ServerProcess, start
from tests.simulated_requests import json_bytes

OUTAGE_SECONDS = float(os.environ.get("FAULT_OUTAGE_SECONDS", "6"))
CONTROL_OUTAGE_SECONDS = 2.0
ANSWERED_WITHIN_SECONDS = 5.0
RECOVERED_WITHIN_SECONDS = 5.0

pytestmark = pytest.mark.fault


@dataclass
class Outage:
    """What an outage looked like from outside, and what the database holds after it."""

    log: ClientLog
    live: list[int | None] = field(default_factory=list)
    ready: list[tuple[float, int | None]] = field(default_factory=list)
    recovered_after: float = 0.0
    findings: Findings | None = None

    def complaints(self) -> list[str]:
        """List what breaks the promise."""
        found = [text for attempt in self.log.attempts for text in _impolite(attempt.reply)]
        found += [f"/livez said {status}" for status in self.live if status != 200]
        found += [f"/readyz said {status}" for since, status in self.ready if since > 1.0 and status != 503]
        if self.recovered_after > RECOVERED_WITHIN_SECONDS:
            found.append(f"not served {self.recovered_after:.1f} s after the server was back")
        if self.findings is not None:
            found += [f"lost {row}" for row in self.findings.lost]
            found += [f"torn {batch}" for batch in self.findings.torn_batches]
        return found


def _impolite(reply: Reply) -> list[str]:
    if reply.status not in (200, 503):
        return [f"status {reply.status}"]
    if reply.seconds > ANSWERED_WITHIN_SECONDS:
        return [f"{reply.status} after {reply.seconds:.1f} s"]
    if reply.status == 503 and not (reply.retry_after or "").isdecimal():
        return [f"503 with Retry-After {reply.retry_after!r}"]
    return []


@pytest.fixture(scope="module")
def durable() -> Iterator[PostgresqlServer]:
    """A server whose operator traded safety for speed: the service must ask for durable commits itself."""
    with durable_server({"synchronous_commit": "off"}) as server:
        yield server


def outage(server: PostgresqlServer, data_dir: Path, command: Sequence[str], seconds: float) -> Outage:
    """Kill the database under load, leave it away, start it again; hold what it has then against the clients' log."""
    name = f"outage_{time.monotonic_ns()}"
    server.run_sql(f"CREATE DATABASE {name}")
    seen = Outage(ClientLog())
    with start(data_dir, command, {"DATABASE_URL": server.url(name)}) as service:
        service.wait_ready()
        with under_load(service, seen.log):
            time.sleep(1.5)
            server.kill()
            _watch(service, seconds, seen)
            server.start()
            seen.recovered_after = _seconds_until_served(service)
            time.sleep(1.0)
        assert service.process.poll() is None, service.log_tail()
    seen.findings = audit_postgresql(server.url(name), seen.log)
    return seen


def _watch(service: ServerProcess, seconds: float, seen: Outage) -> None:
    begin = time.monotonic()
    while (since := time.monotonic() - begin) < seconds:
        seen.live.append(service.status_of("/livez", timeout_seconds=1.0))
        seen.ready.append((since, service.status_of("/readyz", timeout_seconds=ANSWERED_WITHIN_SECONDS)))
        time.sleep(0.2)


def _seconds_until_served(service: ServerProcess) -> float:
    """Retry as a client would until a prediction is answered and the service calls itself ready."""
    begin = time.monotonic()
    while time.monotonic() - begin < 2 * RECOVERED_WITHIN_SECONDS:
        reply = post_once(service, "/predict", json_bytes(CUSTOMERS[0]))
        if reply.status == 200 and service.status_of("/readyz") == 200:
            break
        time.sleep(0.1)
    return time.monotonic() - begin


def test_an_outage_loses_nothing_and_heals_by_itself(durable: PostgresqlServer, data_dir: Path) -> None:
    seen = outage(durable, data_dir, SERVICE_COMMAND, OUTAGE_SECONDS)
    refused = [attempt.reply.seconds for attempt in seen.log.attempts if attempt.reply.status == 503]
    print(
        f"{OUTAGE_SECONDS:g} s away: {len(seen.log.acknowledged)} acknowledged, {len(refused)} refused, "
        f"the slowest after {max(refused):.2f} s; served again {seen.recovered_after:.2f} s after the server was back"
    )
    assert seen.complaints() == []
    assert len(seen.log.acknowledged) > 200
    assert {status for since, status in seen.ready if since > 1.0} == {503}


def test_a_right_build_passes_the_experiment(durable: PostgresqlServer, data_dir: Path) -> None:
    seen = outage(durable, data_dir, control_command("tiny_postgresql"), CONTROL_OUTAGE_SECONDS)
    assert seen.complaints() == []


def test_the_experiment_sees_commits_that_are_not_on_the_disk(durable: PostgresqlServer, data_dir: Path) -> None:
    seen = outage(durable, data_dir, control_command("commits_asynchronously"), CONTROL_OUTAGE_SECONDS)
    assert [complaint for complaint in seen.complaints() if complaint.startswith("lost ")]


def test_the_experiment_sees_a_build_that_never_recovers(durable: PostgresqlServer, data_dir: Path) -> None:
    seen = outage(durable, data_dir, control_command("keeps_dead_connection"), CONTROL_OUTAGE_SECONDS)
    assert {"status 500", "not served"} <= {complaint[:10] for complaint in seen.complaints()}
