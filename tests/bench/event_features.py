"""What features cost: ten million events of 100,000 users at one date, and one user with 10,000 events."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.events.columns import COLUMNS, DAY_US, Events
from app.events.feature_table import FEATURES, Windows
from app.events.features import features_as_of
from app.settings import ROOT
from training.event_simulator import START, simulate_log

EVENTS = 10_000_000
USERS = 100_000
ONE_USERS_EVENTS = 10_000
DAYS = 120
AS_OF = START + 110 * DAY_US
SESSIONS_PER_WEEK = 2.0
REPEATS = 50
SIMULATED_USERS = 5_000


def measure_event_features(events: int = EVENTS, users: int = USERS) -> dict[str, float]:
    """Give seconds and peak memory of a process that works out every user's features, and one user's milliseconds."""
    with _written_log(events, users) as path:
        command = [sys.executable, "-m", "tests.bench.event_features", str(path), str(users)]
        answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {**json.loads(answer.stdout), "one_user_features_ms": _one_user_ms()}


def simulated_events_per_second() -> float:
    """Give the speed of the simulator of logs, with its default sessions."""
    begin = time.perf_counter()
    log = simulate_log(SIMULATED_USERS, DAYS, seed=8)
    return len(log.events) / (time.perf_counter() - begin)


@contextmanager
def _written_log(events: int, users: int) -> Iterator[Path]:
    """Write simulated events into a file in no order; making them in the measured process would count as its memory."""
    log = simulate_log(users, DAYS, seed=6, sessions_per_week=SESSIONS_PER_WEEK)
    if len(log.events) < events:
        raise RuntimeError(f"the simulator made {len(log.events):,} events of {events:,}")
    rows = np.random.default_rng(6).permutation(len(log.events))[:events]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.npz"
        np.savez(path, **{name: getattr(log.events, name)[rows] for name in COLUMNS})
        del log, rows
        yield path


def _features_of_file(path: Path, users: int) -> dict[str, float]:
    with np.load(path) as columns:
        events = Events(**columns, user_ids=tuple(f"u{number:06d}" for number in range(users)))
    begin = time.perf_counter()
    frame = features_as_of(events, AS_OF, Windows())
    seconds = time.perf_counter() - begin
    if frame.values.shape != (users, len(FEATURES)) or not np.isfinite(frame.values).all():
        raise RuntimeError("the features are not whole")
    return {"event_features_seconds": seconds, "event_features_memory_mib": _peak_memory_mib()}


def _peak_memory_mib() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _one_user_ms() -> float:
    """Take the middle of many calls with the events of one user, who does what a hundred simulated ones do."""
    log = simulate_log(100, DAYS, seed=7)
    before = np.flatnonzero(log.events.ts < AS_OF)
    rows = np.sort(np.random.default_rng(7).permutation(before)[:ONE_USERS_EVENTS])
    whole = log.events.take(rows)
    events = replace(whole, user=np.zeros(len(rows), dtype=np.int32), user_ids=("one",))
    if len(events) != ONE_USERS_EVENTS:
        raise RuntimeError(f"the user has {len(events):,} events")
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        features_as_of(events, AS_OF, Windows())
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds)) * 1000


if __name__ == "__main__":
    print(json.dumps(_features_of_file(Path(sys.argv[1]), int(sys.argv[2]))))
