"""F6: SIGTERM under load drops no accepted request, is announced by /readyz, and ends the process within 25 s.

A request is accepted once its row is stored or once it was sent well before the signal. One sent to a server that is
already going may be refused, by 503 or by its connection closing, but then nothing of it may be stored.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.audit import Findings, audit
from tests.faults.clients import ClientLog, under_load
from tests.faults.conftest import control_command
from tests.server_process import SERVICE_COMMAND, ServerProcess, start

EXIT_WITHIN_SECONDS = 25.0
# The kernel may hold a request this long before a busy server has read it.
READ_BY_SERVER_SECONDS = 0.05

pytestmark = pytest.mark.fault


@dataclass(frozen=True)
class Stop:
    """One stop under load, from the clients' side."""

    log: ClientLog
    exit_code: int
    signalled_at: float
    findings: Findings
    readiness: list[tuple[float, int | None]]

    def dropped(self) -> list[float]:
        """Seconds before the signal at which each unanswered request was sent."""
        replies = [attempt.reply for attempt in self.log.attempts if attempt.reply.status is None]
        return [
            self.signalled_at - reply.sent_at
            for reply in replies
            if reply.sent_at < self.signalled_at - READ_BY_SERVER_SECONDS and not reply.refused
        ]


def stop_under_load(data_dir: Path, command: Sequence[str] = SERVICE_COMMAND) -> Stop:
    """Send SIGTERM while clients post and somebody watches /readyz."""
    log = ClientLog()
    readiness: list[tuple[float, int | None]] = []
    with start(data_dir, command) as server:
        server.wait_ready()
        watcher = threading.Thread(target=_watch, args=(server, readiness))
        watcher.start()
        with under_load(server, log, singles=8):
            time.sleep(1.0)
            signalled_at = time.monotonic()
            exit_code = server.terminate(EXIT_WITHIN_SECONDS)
        watcher.join()
        return Stop(log, exit_code, signalled_at, audit(server.database, log), readiness)


def _watch(server: ServerProcess, readiness: list[tuple[float, int | None]]) -> None:
    while server.process.poll() is None:
        asked_at = time.monotonic()
        readiness.append((asked_at, server.status_of("/readyz", timeout_seconds=2.0)))
        time.sleep(0.02)


@pytest.mark.parametrize("attempt", range(3))
def test_stopping_drops_nothing(data_dir: Path, attempt: int) -> None:
    stop = stop_under_load(data_dir)
    assert stop.exit_code == 0
    assert stop.log.statuses() <= {200, 503, None}
    assert len(stop.log.acknowledged) > 100
    assert stop.dropped() == []
    assert (stop.findings.lost, stop.findings.stored_without_answer) == (frozenset(), ())
    assert (stop.findings.torn_batches, stop.findings.integrity) == ((), "ok")
    # From half a second after the signal on, a balancer that asks must be told not to send more.
    late = {status for asked_at, status in stop.readiness if asked_at > stop.signalled_at + 0.5}
    assert late <= {503, None}


def test_an_idle_server_stops_at_once(data_dir: Path) -> None:
    with start(data_dir) as server:
        server.wait_ready()
        begin = time.monotonic()
        assert server.terminate(EXIT_WITHIN_SECONDS) == 0
        assert time.monotonic() - begin <= EXIT_WITHIN_SECONDS
        assert "Traceback" not in server.log_tail(200)


def test_a_right_build_passes_the_experiment(data_dir: Path) -> None:
    stop = stop_under_load(data_dir, control_command("tiny_service"))
    assert stop.dropped() == []
    assert (stop.findings.lost, stop.findings.stored_without_answer) == (frozenset(), ())


def test_the_experiment_sees_dropped_requests(data_dir: Path) -> None:
    stop = stop_under_load(data_dir, control_command("drops_on_sigterm"))
    assert stop.findings.stored_without_answer
