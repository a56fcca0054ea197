"""F8: a retry with its Idempotency-Key doubles nothing, wherever the connection was cut, also by a kill of the server.

Connections are cut after a share of the request's bytes or some milliseconds after all of them. CI cuts 42 times. The
full experiment is one command::

    FAULT_CUTS=330 python -m pytest tests/faults/test_retries.py
"""

import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.clients import SEED
from tests.faults.conftest import control_command
from tests.faults.jobs import Answer, read_rows
from tests.faults.retries import BATCH_ROWS, CALLS, Call, cut, made, retry, send, send_at_once
from tests.server_process import SERVICE_COMMAND, ServerProcess, start

CUTS = int(os.environ.get("FAULT_CUTS", "42"))
KILLS = max(3, CUTS // 30)
AT_ONCE = 3
WANTED = {"single": 200, "batch": 200, "job": 201}

pytestmark = pytest.mark.fault


@dataclass
class Retried:
    """What was called for, and what the last answer to each call said."""

    calls: list[tuple[str, Call, Answer]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    already: int = 0

    def add(self, kind: str, call: Call, answer: Answer) -> None:
        """Write the final answer to a call down."""
        if answer.status != WANTED[kind]:
            self.complaints.append(f"{kind}: {answer.status} {answer.body!r}")
        else:
            self.calls.append((kind, call, answer))

    def hold_against(self, data_dir: Path) -> None:
        """Compare what a stopped server has stored with what was called for: each once, and as the answer says."""
        database = data_dir / "telelink.db"
        rows = read_rows(
            database, "SELECT customer_id, id FROM predictions WHERE request_id NOT IN (SELECT id FROM jobs)"
        )
        stored: dict[str, list[str]] = {}
        for customer, row_id in rows:
            stored.setdefault(customer.rpartition("-")[0], []).append(row_id)
        for name, job_id in read_rows(database, "SELECT file_name, id FROM jobs"):
            stored.setdefault(name.removesuffix(".csv"), []).append(job_id)
        for kind, call, answer in self.calls:
            if sorted(stored.pop(call.key, [])) != sorted(made(answer)):
                self.complaints.append(f"{kind}: stored more or less than it was answered")
        self.complaints += [f"{key} was never answered and is stored" for key in stored]
        jobs = {made(answer)[0] for kind, _, answer in self.calls if kind == "job"}
        folders = {path.name for path in (data_dir / "batch").iterdir() if path.is_dir()}
        self.complaints += [f"the folder of {kind} is left" for kind in folders - jobs]


def is_stored(server: ServerProcess, call: Call) -> bool:
    """Say whether the first try has got through by now."""
    return bool(read_rows(server.database, "SELECT 1 FROM idempotency_keys WHERE key = ?", call.key))


def cut_and_retry(data_dir: Path, cuts: int, command: Sequence[str] = SERVICE_COMMAND) -> Retried:
    """Cut connections everywhere and retry; then send in the same moment, and another body with the same key."""
    rng, retried = random.Random(SEED), Retried()
    kinds = list(CALLS)
    with start(data_dir, command) as server:
        server.wait_ready()
        for number in range(cuts):
            kind = kinds[number % len(kinds)]
            call = CALLS[kind](f"cut-{number:04d}")
            # Half of the cuts are spread over the bytes of the request, the others fall after it.
            cut(server, call, rng, number / cuts if number % 2 else None)
            retried.already += is_stored(server, call)
            retried.add(kind, call, retry(server, call))
            retried.complaints += _complaints_about_reuse(server, kind, call)
        for number in range(max(6, cuts // 10)):
            kind = kinds[number % len(kinds)]
            call = CALLS[kind](f"twin-{number:04d}")
            answers = send_at_once(server, call, AT_ONCE)
            if len({(answer.status, made(answer)) for answer in answers}) != 1:
                retried.complaints.append(f"{kind}: twins got {Counter(answer.body for answer in answers)}")
            retried.add(kind, call, answers[0])
        assert server.terminate() == 0
    retried.hold_against(data_dir)
    return retried


def _complaints_about_reuse(server: ServerProcess, kind: str, call: Call) -> list[str]:
    answer = send(server, call.changed())
    if answer.status == 409 and answer.json()["code"] == "idempotency_key_reused":
        return []
    return [f"{kind}: the same key with another body gives {answer.status}"]


def let_time_pass(folder: Path) -> None:
    """Make files look older than any upload takes: what a kill cut off is cleared away then."""
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))


def kill_and_retry(data_dir: Path, kills: int) -> Retried:
    """Kill the server at some moment of a request, start it again, and retry."""
    rng, retried = random.Random(SEED), Retried()
    cut_off: list[tuple[str, Call]] = []
    for number in range(kills + 1):
        let_time_pass(data_dir / "batch")
        with start(data_dir) as server:
            server.wait_ready()
            for kind, call in cut_off[-1:]:
                retried.already += is_stored(server, call)
                retried.add(kind, call, retry(server, call))
            if number == kills:
                assert server.terminate() == 0
            else:
                kind = list(CALLS)[number % len(CALLS)]
                cut_off.append((kind, CALLS[kind](f"kill-{number:04d}")))
                cut(server, cut_off[-1][1], rng, None)
                server.kill()
    retried.hold_against(data_dir)
    return retried


def test_a_cut_connection_doubles_nothing(data_dir: Path) -> None:
    begin = time.monotonic()
    retried = cut_and_retry(data_dir, CUTS)
    counts = Counter(kind for kind, _, _ in retried.calls)
    print(
        f"{CUTS} cuts in {time.monotonic() - begin:.0f} s: {dict(counts)}, {BATCH_ROWS} rows a batch; "
        f"{retried.already} retries of what was stored already"
    )
    assert retried.complaints == []
    assert 0 < retried.already < CUTS
    assert sum(counts.values()) >= CUTS


def test_a_killed_server_doubles_nothing(data_dir: Path) -> None:
    retried = kill_and_retry(data_dir, KILLS)
    print(f"{KILLS} kills; {retried.already} retries of what was stored already")
    assert retried.complaints == []
    assert len(retried.calls) == KILLS


def test_the_experiment_sees_a_build_that_ignores_the_key(data_dir: Path) -> None:
    found = cut_and_retry(data_dir, 9, control_command("ignores_keys")).complaints
    assert {"stored more or less than it was answered", "the same key with another body gives 200"} <= {
        complaint.partition(": ")[2] for complaint in found
    }
