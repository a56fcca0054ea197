"""Score simulated files with the command line's script: rows a second, memory of all its processes, linearity."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.telecom.features import FIELDS
from tests.server_process import ROOT
from training.simulate import simulate

ROWS = 1_200_000
TENTH = ROWS // 10
CHUNK_ROWS = 100_000
REPEATS = 3
SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class FileScored:
    """One run of scripts/score.

    Attributes
    ----------
    seconds, cpu_seconds : float
        From start to end of the command; processor time of all its processes.
    peak_mib : float
        Largest sum of the resident memory of all its processes.
    """

    rows: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    @property
    def rows_per_second(self) -> float:
        """Rows in by seconds of the whole command, its start included."""
        return self.rows / self.seconds


def measure_file() -> dict[str, float]:
    """Score 120,000 and 1.2 million rows in turns, and keep the best run of each."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        tenth, whole = Path(folder) / "tenth.csv", Path(folder) / "whole.csv"
        write_customers(tenth, TENTH)
        write_customers(whole, ROWS)
        runs = [(score(tenth, TENTH), score(whole, ROWS)) for _ in range(REPEATS)]
    small = min((run[0] for run in runs), key=lambda run: run.seconds)
    large = min((run[1] for run in runs), key=lambda run: run.seconds)
    peak = max(run.peak_mib for pair in runs for run in pair)
    return {
        "score_rows_per_second": large.rows_per_second,
        "small_score_rows_per_second": small.rows_per_second,
        "score_time_ratio": large.seconds / small.seconds,
        "score_memory_mib": peak,
    }


def write_customers(path: Path, n_rows: int, seed: int = 1) -> None:
    """Write simulated customers with ids as CSV by wire name."""
    with path.open("w", newline="") as file:
        file.write(",".join(["customerId", *(field.alias for field in FIELDS)]) + "\r\n")
        for first in range(0, n_rows, CHUNK_ROWS):
            file.writelines(_lines(min(CHUNK_ROWS, n_rows - first), seed + first, first))


def _lines(n_rows: int, seed: int, first: int) -> Iterator[str]:
    frame = simulate(n_rows, seed)
    columns: list[list[Any]] = [[f"C-{first + place}" for place in range(n_rows)]]
    for field in FIELDS:
        values = frame[field.name].tolist()
        if field.kind == "flag":
            values = ["yes" if value else "no" for value in values]
        elif field.kind == "count":
            values = [str(int(value)) for value in values]
        columns.append([str(value) for value in values])
    return (",".join(row) + "\r\n" for row in zip(*columns, strict=True))


def score(source: Path, rows: int, target: str = "out.csv") -> FileScored:
    """Run the command on a file and watch it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    command = [sys.executable, ROOT / "scripts" / "score", source, source.with_name(target)]
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, stderr=said) as process:
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, sum(map(_resident_mib, _family(process.pid))))
            time.sleep(SAMPLE_SECONDS)
        seconds = time.perf_counter() - begun
        said.seek(0)
        if process.returncode:
            raise RuntimeError(f"scripts/score ended with {process.returncode}: {said.read().decode()[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return FileScored(rows, seconds, cpu, peak)


def _family(pid: int) -> list[int]:
    """Give a process and all that descend from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text()
        except OSError:  # it has just ended
            continue
        for child in children.split():
            found += _family(int(child))
    return found


def _resident_mib(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
