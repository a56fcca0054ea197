"""F1 and F8 for events: acknowledged batches survive SIGKILL whole, and a retry with its key hears the same answer.

CI makes 4 kills and 14 cuts. The full experiment is one command::

    FAULT_EVENT_KILLS=100 FAULT_CUTS=300 python -m pytest tests/faults/test_events.py
"""

import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.clients import SEED
from tests.faults.conftest import control_command
from tests.faults.event_clients import EventFindings, EventLog, audit_events, event_call, sending_events
from tests.faults.jobs import read_rows
from tests.faults.retries import cut, retry, send, send_at_once
from tests.server_process import SERVICE_COMMAND, start

KILLS = int(os.environ.get("FAULT_EVENT_KILLS", "4"))
CUTS = int(os.environ.get("FAULT_CUTS", "42")) // 3
ACKNOWLEDGED_PER_KILL = 20
EVENTS_A_CALL = 7

pytestmark = pytest.mark.fault


def kill_again_and_again(
    data_dir: Path, kills: int, command: Sequence[str], acknowledged: int = ACKNOWLEDGED_PER_KILL
) -> tuple[EventFindings, EventLog]:
    """Kill the server at random moments while events come in, on one data folder, then hold it against the log."""
    rng, log = random.Random(SEED), EventLog()
    for _ in range(kills):
        with start(data_dir, command) as server:
            server.wait_ready()
            enough = len(log.acknowledged) + rng.randint(acknowledged, 2 * acknowledged)
            deadline = time.monotonic() + 30
            with sending_events(server, log):
                while len(log.acknowledged) < enough and time.monotonic() < deadline:
                    time.sleep(0.002)
                time.sleep(rng.uniform(0.0, 0.01))
                server.kill()
    with start(data_dir) as server:
        server.wait_ready()
        return audit_events(server.database, log), log


def cut_and_retry(data_dir: Path, cuts: int, command: Sequence[str] = SERVICE_COMMAND) -> tuple[list[str], int]:
    """Cut connections everywhere and retry twice; gives what was wrong, and how many retries came too late to store."""
    rng, complaints, already = random.Random(SEED), [], 0
    with start(data_dir, command) as server:
        server.wait_ready()
        for number in range(cuts):
            call = event_call(f"cut-{number:04d}")
            cut(server, call, rng, number / cuts if number % 2 else None)
            already += bool(read_rows(server.database, "SELECT 1 FROM idempotency_keys WHERE key = ?", call.key))
            first, again = retry(server, call), retry(server, call)
            if first.status != 200 or first.json()["accepted"] != EVENTS_A_CALL or first.json()["identified"] != 2:
                complaints.append(f"first answer: {first.status} {first.body!r}")
            if again.body != first.body:
                complaints.append("the retry hears another answer")
            if send(server, call.changed()).status != 409:
                complaints.append("the key is taken for another body")
        twins = send_at_once(server, event_call("twin-0000"), 3)
        if len({answer.body for answer in twins}) != 1:
            complaints.append("twins hear different answers")
        assert server.terminate() == 0
    stored = read_rows(data_dir / "telelink.db", "SELECT session_id, count(*) FROM events GROUP BY session_id")
    complaints += [f"{session}: {count} events" for session, count in stored if count != EVENTS_A_CALL]
    return complaints, already


def test_no_acknowledged_event_is_lost_and_no_batch_is_torn(data_dir: Path) -> None:
    findings, log = kill_again_and_again(data_dir, KILLS, SERVICE_COMMAND)
    print(f"{KILLS} kills, {len(log.acknowledged)} of {len(log.sent)} batches acknowledged")
    assert findings == EventFindings(frozenset(), frozenset(), 0, "ok")
    assert len(log.acknowledged) >= ACKNOWLEDGED_PER_KILL * KILLS
    assert log.statuses <= {200, None}


def test_the_experiment_sees_events_answered_before_their_commit(data_dir: Path) -> None:
    assert kill_again_and_again(data_dir, 1, control_command("answers_before_events"))[0].lost


def test_the_experiment_sees_torn_batches_of_events(data_dir: Path) -> None:
    assert kill_again_and_again(data_dir, 2, control_command("tears_events"), 3)[0].torn


def test_a_retry_hears_the_same_answer_wherever_the_connection_was_cut(data_dir: Path) -> None:
    complaints, already = cut_and_retry(data_dir, CUTS)
    print(f"{CUTS} cuts; {already} retries of what was stored already")
    assert complaints == []
    assert 0 < already < CUTS


def test_the_experiment_sees_a_build_that_ignores_the_key_of_events(data_dir: Path) -> None:
    complaints, _ = cut_and_retry(data_dir, 3, control_command("ignores_keys"))
    assert {"the retry hears another answer", "the key is taken for another body"} <= set(complaints)
