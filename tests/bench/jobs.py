"""Files of a job's size: how fast they are scored and stored, what that costs, and what people feel meanwhile."""

import json
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from app.batch.supervisor import memory_mib
from tests.bench.load import LoadResult, encode_request, run_load
from tests.bench.score_file import write_customers
from tests.server_process import ServerProcess, start
from tests.simulated_requests import json_bytes, simulated_customers

SMALL_FILE, LARGE_FILE = 120_000, 1_200_000
PEOPLE = 8
PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 900
LOOK_UPS = 200
QUESTIONS = (
    {},
    {"tier": "High"},
    {"tier": "Low", "sort": "clv"},
    {"sort": "clv", "order": "asc", "min_clv": "3000"},
    {"sort": "probability"},
    {"sort": "last_seen", "order": "asc"},
    {"q": "C-59999"},
    {"q": "C-", "sort": "clv"},
    {"min_clv": "20000", "sort": "probability"},
    {"min_clv": "9000", "tier": "Medium"},
)
"""Queries of GET /customers: each sort, each filter, wide and narrow; their first page and the next."""


def measure_jobs() -> dict[str, float]:
    """Store a small and a large file on empty databases; over the large one, ask what people ask."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        small, large, again = (Path(folder) / f"{name}.csv" for name in ("small", "large", "again"))
        write_customers(small, SMALL_FILE)
        write_customers(large, LARGE_FILE)
        write_customers(again, SMALL_FILE, seed=2)
        with _service(Path(folder) / "first") as server:
            small_seconds, _ = _run_job(server, small)
        with _service(Path(folder) / "second") as server:
            large_seconds, memory = _run_job(server, large)
            with _people(server) as felt:
                _run_job(server, again)
            return {
                "job_rows_per_second": LARGE_FILE / large_seconds,
                "small_job_rows_per_second": SMALL_FILE / small_seconds,
                "job_time_ratio": large_seconds / small_seconds,
                "job_memory_mib": memory,
                "predict_p99_during_job_ms": felt.quantile_ms(0.99),
                "predict_failures_during_job": float(felt.failures),
                **_asked(server),
            }


@contextmanager
def _service(data_dir: Path) -> Iterator[ServerProcess]:
    """Run the service on both cores: the job's processes are part of what is measured."""
    with start(data_dir) as server:
        server.wait_ready(60)
        yield server
        server.terminate()


def _run_job(server: ServerProcess, file: Path) -> tuple[float, float]:
    """Send a file and wait for its job: seconds it ran, and the most memory its processes had (MiB).

    Raises
    ------
    RuntimeError
        It did not end well, or a row is missing from the database.
    """
    job = _ask(server, "POST", "/batch/jobs", file.read_bytes())
    peak, patience_ends = 0.0, time.monotonic() + PATIENCE_SECONDS
    while job["state"] in ("queued", "running") and time.monotonic() < patience_ends:
        peak = max(peak, _memory_of_children(server.process.pid))
        time.sleep(0.2)
        job = _ask(server, "GET", f"/batch/jobs/{job['id']}")
    if job["state"] != "done" or job["rows_scored"] != job["rows_known"]:
        raise RuntimeError(f"the job ended {job['state']}: {job['reason']}\n{server.log_tail()}")
    began, ended = (np.datetime64(job[name].rstrip("Z")) for name in ("started_at", "finished_at"))
    return float((ended - began) / np.timedelta64(1, "s")), peak


@contextmanager
def _people(server: ServerProcess) -> Iterator[LoadResult]:
    """Let eight people predict, each every 20 ms or as fast as they are answered, until the block ends."""
    felt, is_over = LoadResult(PEOPLE), threading.Event()
    requests = [encode_request(json_bytes(each)) for each in simulated_customers(2_000, 5, id_prefix="p-")]

    def ask() -> None:
        while not is_over.is_set():
            felt.add(run_load(server.port, requests, PEOPLE, 5, PAUSE_SECONDS))

    people = threading.Thread(target=ask)
    people.start()
    try:
        yield felt
    finally:
        is_over.set()
        people.join()


def _asked(server: ServerProcess) -> dict[str, float]:
    """Time the routes over all customers: 95th percentile of the slowest list, of look-ups, and of /stats."""
    lists = [_p95_ms(server, pages) for question in QUESTIONS for pages in _two_pages(server, question)]
    ids = np.random.default_rng(1).integers(0, LARGE_FILE, LOOK_UPS)
    return {
        "customer_list_p95_ms": max(lists),
        "customer_p95_ms": _p95_ms(server, [f"/customers/C-{key}" for key in ids]),
        "large_stats_p95_ms": _p95_ms(server, ["/stats"] * 100),
    }


def _two_pages(server: ServerProcess, question: dict[str, str]) -> list[list[str]]:
    """Give the addresses of a list's first page and of the next, each to be asked for twenty times."""
    first = f"/customers?{urllib.parse.urlencode(question)}"
    cursor = _ask(server, "GET", first)["next"]
    following = f"/customers?{urllib.parse.urlencode({**question, 'cursor': cursor})}" if cursor else first
    return [[first] * 20, [following] * 20]


def _p95_ms(server: ServerProcess, paths: list[str]) -> float:
    seconds = []
    for path in paths:
        begin = time.perf_counter()
        _ask(server, "GET", path)
        seconds.append(time.perf_counter() - begin)
    return float(np.quantile(seconds, 0.95)) * 1000


def _ask(server: ServerProcess, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "text/csv"} if body else {}
    request = urllib.request.Request(server.url + path, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def _memory_of_children(pid: int) -> float:
    threads = Path(f"/proc/{pid}/task").iterdir()
    children = {int(child) for thread in threads for child in (thread / "children").read_text().split()}
    return sum(memory_mib(child) for child in children)
