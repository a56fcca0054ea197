"""F1: what was acknowledged survives SIGKILL, batches are all or nothing, the service is ready again within 5 s.

CI makes 20 kills. The full experiment is one command::

    FAULT_KILLS=200 python -m pytest tests/faults/test_kill.py
"""

import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.audit import Findings, audit
from tests.faults.clients import SEED, ClientLog, under_load
from tests.faults.conftest import control_command
from tests.server_process import SERVICE_COMMAND, start

READY_AGAIN_SECONDS = 5.0
ACKNOWLEDGED_PER_KILL = 100

pytestmark = pytest.mark.fault


def kill_again_and_again(data_dir: Path, command: Sequence[str], kills: int) -> tuple[Findings, ClientLog, list[float]]:
    """Kill the server at random moments under load, on one data folder, then hold the folder against the log."""
    rng = random.Random(SEED)
    log = ClientLog()
    ready_seconds = []
    for _ in range(kills):
        with start(data_dir, command) as server:
            ready_seconds.append(server.wait_ready())
            enough = len(log.acknowledged) + rng.randint(ACKNOWLEDGED_PER_KILL, 3 * ACKNOWLEDGED_PER_KILL)
            deadline = time.monotonic() + 30
            with under_load(server, log):
                while len(log.acknowledged) < enough and time.monotonic() < deadline:
                    time.sleep(0.002)
                time.sleep(rng.uniform(0.0, 0.01))
                server.kill()
    with start(data_dir, command) as server:
        ready_seconds.append(server.wait_ready())
        return audit(server.database, log), log, ready_seconds


def test_nothing_acknowledged_is_lost(data_dir: Path, kill_count: int) -> None:
    findings, log, ready_seconds = kill_again_and_again(data_dir, SERVICE_COMMAND, kill_count)
    batches = [attempt for attempt in log.attempts if attempt.is_batch and attempt.reply.status == 200]
    interrupted = sum(attempt.reply.status is None and not attempt.reply.refused for attempt in log.attempts)
    print(f"{kill_count} kills, {len(log.acknowledged)} acknowledged, {len(batches)} batches, {interrupted} cut off")
    assert len(log.acknowledged) >= ACKNOWLEDGED_PER_KILL * kill_count
    assert log.statuses() <= {200, None}
    assert batches, "no batch was ever acknowledged"
    assert interrupted >= kill_count, "the kills fell between requests"
    assert (findings.lost, findings.torn_batches, findings.integrity) == (frozenset(), (), "ok")
    assert max(ready_seconds[1:]) <= READY_AGAIN_SECONDS


def test_a_right_build_passes_the_experiment(data_dir: Path) -> None:
    findings, log, _ = kill_again_and_again(data_dir, control_command("tiny_service"), kills=2)
    assert log.acknowledged
    assert (findings.lost, findings.torn_batches, findings.integrity) == (frozenset(), (), "ok")


def test_the_experiment_sees_answers_given_before_their_commit(data_dir: Path) -> None:
    findings, _, _ = kill_again_and_again(data_dir, control_command("answers_before_commit"), kills=2)
    assert findings.lost


def test_the_experiment_sees_torn_batches(data_dir: Path) -> None:
    findings, _, _ = kill_again_and_again(data_dir, control_command("tears_batches"), kills=2)
    assert findings.torn_batches
    assert not findings.lost
