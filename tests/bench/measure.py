"""What the benchmark measures: each function starts the servers it needs, pinned to one core, and gives figures."""

import itertools
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.bench.load import LoadResult, encode_request, run_load
from tests.server_process import LOOPBACK, SERVICE_COMMAND, ServerProcess, start
from tests.simulated_requests import json_bytes, simulated_customers
from training.simulate import simulate

TARGETS: dict[str, tuple[str, ...]] = {
    "naive": (sys.executable, "-m", "tests.controls.naive_service"),
    "floor": (sys.executable, "-m", "tests.controls.floor_service"),
    "service": SERVICE_COMMAND,
}
CONNECTIONS = (1, 16)
MEMORY_PREDICTIONS = 20_000
STATS_REQUESTS = 300
BATCH_ROWS = 10_000
SIMULATED_ROWS = 1_000_000
REPEATS = 3
REQUESTS_PER_RUN = 40_000
WARM_UP_REQUESTS = 50
_seeds = itertools.count(1)


@dataclass(frozen=True)
class Throughput:
    """One server under load, all rounds together, by number of connections."""

    name: str
    by_connections: dict[int, LoadResult]
    without_row: int | None
    rows_beyond_answers: int | None


def pin_load_to_other_core() -> int | None:
    """Move this process off the servers' core; give the core to pin servers to, or None on a one-core machine."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    os.sched_setaffinity(0, cores[1:])
    return cores[0]


@contextmanager
def running(name: str, cpu: int | None) -> Iterator[ServerProcess]:
    """Run one target on an empty data folder until the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        start(Path(folder) / "data", TARGETS[name], cpu=cpu) as server,
    ):
        server.wait_ready(60)
        yield server


def fresh_requests(count: int) -> list[bytes]:
    """Encode customers nobody has sent yet, each with an identifier of its own."""
    seed = next(_seeds)
    return [encode_request(json_bytes(each)) for each in simulated_customers(count, seed, id_prefix=f"b{seed}-")]


def measure_throughput(names: Sequence[str], seconds: float, cpu: int | None) -> list[Throughput]:
    """Load the targets in turns, so that a slow minute of the machine falls on all of them alike."""
    results = {name: {connections: LoadResult(connections) for connections in CONNECTIONS} for name in names}
    acknowledged: dict[str, list[str]] = {name: [] for name in names}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(running(name, cpu)) for name in names}
        for name, server in servers.items():
            warm_up = run_load(server.port, fresh_requests(WARM_UP_REQUESTS), 4, 30)
            _note_answers(acknowledged[name], name, warm_up)
        for _, connections, name in itertools.product(range(REPEATS), CONNECTIONS, names):
            turn = _take_turn(servers[name], connections, seconds / REPEATS)
            _note_answers(acknowledged[name], name, turn)
            results[name][connections].add(turn)
        missing = {name: _compare_rows(servers[name], acknowledged[name]) for name in names if name == "service"}
    return [Throughput(name, results[name], *missing.get(name, (None, None))) for name in names]


def _take_turn(server: ServerProcess, connections: int, seconds: float) -> LoadResult:
    requests = fresh_requests(REQUESTS_PER_RUN)
    used_before = server.cpu_seconds()
    turn = run_load(server.port, requests, connections, seconds)
    turn.server_cpu_seconds = server.cpu_seconds() - used_before
    return turn


def _note_answers(acknowledged: list[str], name: str, result: LoadResult) -> None:
    """Keep a service's acknowledged identifiers and drop the bodies, which would fill the memory."""
    if name == "service":
        acknowledged.extend(result.prediction_ids())
    result.bodies.clear()


def _compare_rows(server: ServerProcess, acknowledged: Sequence[str]) -> tuple[int, int]:
    """Count answers without a row, and rows beyond the answers."""
    with closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as connection:
        stored = {row[0] for row in connection.execute("SELECT id FROM predictions")}
    return len(set(acknowledged) - stored), len(stored) - len(acknowledged)


def measure_memory(cpu: int | None) -> tuple[float, float, float]:
    """Give resident MiB when ready and after 20,000 customers, and the slowest 1 % of /stats over them in ms."""
    with running("service", cpu) as server:
        at_start = server.memory_mib()
        result = run_load(server.port, fresh_requests(MEMORY_PREDICTIONS), CONNECTIONS[-1], 300)
        if len(result.latencies_seconds) != MEMORY_PREDICTIONS or result.failures:
            counts = f"{dict(result.statuses)}, {result.cut_off} cut off, exit code {server.process.poll()}"
            raise RuntimeError(f"not every prediction was answered: {counts}\n{server.log_tail()}")
        return at_start, server.memory_mib(), _slowest_stats_ms(server)


def _slowest_stats_ms(server: ServerProcess) -> float:
    seconds = []
    for _ in range(STATS_REQUESTS):
        started = time.perf_counter()
        with urllib.request.urlopen(f"{server.url}/stats", timeout=10) as answer:
            customers = json.load(answer)["total_customers"]
        seconds.append(time.perf_counter() - started)
        if customers != MEMORY_PREDICTIONS:
            raise RuntimeError(f"/stats counts {customers} customers, not {MEMORY_PREDICTIONS}")
    return sorted(seconds)[int(0.99 * STATS_REQUESTS)] * 1000


def measure_cold_start(cpu: int | None) -> float:
    """Give the median seconds from spawning the process to the first 200 of /readyz."""
    seconds = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, start(Path(folder) / "data", cpu=cpu) as server:
            seconds.append(server.wait_ready(60))
    return statistics.median(seconds)


def measure_batch(cpu: int | None) -> float:
    """Give the median seconds of a 10,000-row JSON batch, from sending it to having its whole answer."""
    seconds = []
    with running("service", cpu) as server, closing(HTTPConnection(LOOPBACK, server.port, timeout=60)) as connection:
        for seed in range(REPEATS):
            body = json_bytes(simulated_customers(BATCH_ROWS, seed, id_prefix=f"batch{seed}-"))
            begin = time.perf_counter()
            connection.request("POST", "/batch-predict", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
            seconds.append(time.perf_counter() - begin)
            if response.status != 200:
                raise RuntimeError(f"the batch was answered {response.status}: {answer[:200]!r}")
    return statistics.median(seconds)


def measure_simulator() -> float:
    """Give the simulator's rows a second."""
    begin = time.perf_counter()
    simulate(SIMULATED_ROWS, seed=1)
    return SIMULATED_ROWS / (time.perf_counter() - begin)
