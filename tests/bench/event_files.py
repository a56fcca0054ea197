"""Logs of a million events: how fast scripts/load_events stores them, what that costs, what an interruption does."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.batch.supervisor import memory_mib
from app.events.records import FIELDS
from app.settings import ROOT
from training.event_simulator import canonical_rows, simulate_log

LOADED_EVENTS = 1_000_000
EVENTS_PER_USER = 400
LOOK_SECONDS = 0.1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def measure() -> dict[str, float]:
    """Load a simulated log as JSON lines and as CSV, and once more with an interruption in the middle.

    Raises
    ------
    RuntimeError
        A load failed, or an event is missing or stored twice.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        lines, table = Path(folder) / "log.jsonl", Path(folder) / "log.csv"
        blanks = write_logs(lines, table, LOADED_EVENTS)
        seconds, memory = _load(lines, Path(folder) / "first")
        stored = _stored(Path(folder) / "first")
        _load(lines, Path(folder) / "again", interrupted_after=seconds / 2)
        resumed, _ = _load(lines, Path(folder) / "again")
        if _stored(Path(folder) / "again") != stored or stored[0] != LOADED_EVENTS:
            raise RuntimeError(f"{stored} events stored, {_stored(Path(folder) / 'again')} after an interruption")
        csv_seconds, csv_memory = _load(table, Path(folder) / "table")
        return {
            "load_events_per_second": LOADED_EVENTS / seconds,
            "load_million_seconds": seconds * 1e6 / LOADED_EVENTS,
            "load_csv_million_seconds": csv_seconds * 1e6 / LOADED_EVENTS,
            "load_resumed_seconds": resumed,
            "load_memory_mib": max(memory, csv_memory),
            "load_blank_share": blanks / LOADED_EVENTS,
            "load_identified_share": stored[1] / max(1, blanks),
        }


def write_logs(lines: Path, table: Path, count: int) -> int:
    """Write a simulated log as JSON lines and as CSV, in the order of time; returns the events without a user."""
    log = simulate_log(users=2 * count // EVENTS_PER_USER, seed=7)
    blanks = 0
    with lines.open("w") as text, table.open("w", newline="") as cells:
        writer = csv.DictWriter(cells, FIELDS)
        writer.writeheader()
        rows = canonical_rows(log, 0, count)
        for row in rows:
            row["ts"] = (_EPOCH + timedelta(microseconds=row["ts"])).isoformat()
            text.write(json.dumps({name: value for name, value in row.items() if value is not None}) + "\n")
            writer.writerow(row)
            blanks += row["user_id"] is None
    return blanks


def _load(file: Path, data_dir: Path, interrupted_after: float | None = None) -> tuple[float, float]:
    """Run scripts/load_events as a person does: seconds until it ends, and the most memory it had (MiB)."""
    command: Sequence[str] = (str(ROOT / "scripts" / "load_events"), str(file), "--no-scores")
    environment: dict[str, Any] = {**os.environ, "DATA_DIR": str(data_dir), "DATABASE_URL": ""}
    begin, peak = time.monotonic(), 0.0
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, start_new_session=True) as process:
        while process.poll() is None:
            peak = max(peak, memory_mib(process.pid))
            time.sleep(LOOK_SECONDS)
            if interrupted_after is not None and time.monotonic() - begin > interrupted_after:
                os.killpg(process.pid, signal.SIGKILL)
        told = process.stderr.read() if process.stderr else b""
    if process.returncode and interrupted_after is None:
        raise RuntimeError(f"the load ended {process.returncode}: {told.decode()}")
    return time.monotonic() - begin, peak


def _stored(data_dir: Path) -> tuple[int, int]:
    """Count the stored events, and those that came without a user and have one."""
    query = "SELECT count(*), total(is_blank = 1 AND user_id <> '') FROM events"
    with closing(sqlite3.connect(f"file:{data_dir / 'telelink.db'}?mode=ro", uri=True)) as connection:
        events, identified = connection.execute(query).fetchone()
        return int(events), int(identified)
