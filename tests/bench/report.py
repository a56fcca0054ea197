"""The benchmark's figures held against their bars, as text for a terminal and as a page of the docs."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import CONNECTIONS, Throughput

LOADED = CONNECTIONS[-1]


@dataclass(frozen=True)
class Bar:
    """A figure's name, what it is called, its limit and which side of it is good."""

    figure: str
    label: str
    limit: float
    at_least: bool
    unit: str = ""

    def is_met(self, value: float) -> bool:
        """Whether the figure is on the good side; the limit itself is."""
        return value >= self.limit if self.at_least else value <= self.limit

    def wanted(self) -> str:
        """Write the limit down as a person reads it."""
        return f"{'>=' if self.at_least else '<='} {self.limit:,g}{self.unit}"


BARS = (
    Bar("service_over_naive", f"service / naive, requests/s at {LOADED} connections", 25, at_least=True, unit="x"),
    Bar("service_over_floor", f"service / floor, requests/s at {LOADED} connections", 0.5, at_least=True, unit="x"),
    Bar("service_p99_ms", f"service p99 at {LOADED} connections", 50, at_least=False, unit=" ms"),
    Bar("failures", "requests not answered 200", 0, at_least=False),
    Bar("answers_without_row", "service answers without a row in SQLite", 0, at_least=False),
    Bar("rows_beyond_answers", "rows in SQLite beyond the answers", 0, at_least=False),
    Bar("memory_at_start_mib", "resident memory when ready", 200, at_least=False, unit=" MiB"),
    Bar("memory_after_load_mib", "resident memory after 20,000 predictions", 200, at_least=False, unit=" MiB"),
    Bar("stats_p99_ms", "/stats over 20,000 customers, p99", 50, at_least=False, unit=" ms"),
    Bar("cold_start_seconds", "cold start, process to ready", 2, at_least=False, unit=" s"),
    Bar("batch_seconds", "10,000-row JSON batch", 1.5, at_least=False, unit=" s"),
    Bar(
        "score_rows_per_second", "scripts/score, 1.2 million rows file to file", 100_000, at_least=True, unit=" rows/s"
    ),
    Bar(
        "small_score_rows_per_second", "scripts/score, 120,000 rows file to file", 50_000, at_least=True, unit=" rows/s"
    ),
    Bar("score_time_ratio", "scripts/score, time of 10x the rows", 11, at_least=False, unit="x"),
    Bar("score_memory_mib", "scripts/score, all its processes", 450, at_least=False, unit=" MiB"),
    Bar("job_rows_per_second", "job, 1.2 million rows each in SQLite", 20_000, at_least=True, unit=" rows/s"),
    Bar("small_job_rows_per_second", "job, 120,000 rows each in SQLite", 20_000, at_least=True, unit=" rows/s"),
    Bar("job_time_ratio", "job, time of 10x the rows", 11, at_least=False, unit="x"),
    Bar("job_memory_mib", "job, all its processes", 450, at_least=False, unit=" MiB"),
    Bar("predict_p99_during_job_ms", "/predict while a job runs, p99", 250, at_least=False, unit=" ms"),
    Bar("predict_failures_during_job", "/predict while a job runs, not answered 200", 0, at_least=False),
    Bar("customer_list_p95_ms", "slowest list of 1.2 million customers, p95", 50, at_least=False, unit=" ms"),
    Bar("customer_p95_ms", "one of 1.2 million customers, p95", 50, at_least=False, unit=" ms"),
    Bar("large_stats_p95_ms", "/stats over 1.2 million customers, p95", 50, at_least=False, unit=" ms"),
    Bar("explain_p50_ms", "/explain, p50", 10, at_least=False, unit=" ms"),
    Bar("explain_row_ms", "explained in a frame, a row on one core", 3, at_least=False, unit=" ms"),
    Bar("models_page_seconds", "models page, first view with its first chart", 1, at_least=False, unit=" s"),
    Bar("segments_page_seconds", "segments page, first view with its first chart", 1, at_least=False, unit=" s"),
    Bar("cut_point_move_ms", "models page, cut-point moved to counts shown", 100, at_least=False, unit=" ms"),
    Bar("profit_ms", "models page, costs changed to profit shown", 100, at_least=False, unit=" ms"),
    Bar("what_if_move_ms", "what-if, slider moved to answer shown", 150, at_least=False, unit=" ms"),
    Bar("event_features_seconds", "58 features of 100,000 users over 10 million events", 30, at_least=False, unit=" s"),
    Bar("event_features_memory_mib", "the same, its process with the events", 3072, at_least=False, unit=" MiB"),
    Bar("one_user_features_ms", "features of one user with 10,000 events", 4, at_least=False, unit=" ms"),
    Bar("refresh_one_user_p50_ms", "one user's refresh at 10,000 stored events", 10, at_least=False, unit=" ms"),
    Bar("load_million_seconds", "1 million events into SQLite, JSON lines", 60, at_least=False, unit=" s"),
    Bar("load_csv_million_seconds", "the same, CSV", 60, at_least=False, unit=" s"),
    Bar("load_memory_mib", "the same, all processes", 450, at_least=False, unit=" MiB"),
    Bar("users_page_p50_ms", "a page of 100,000 ranked users", 50, at_least=False, unit=" ms"),
    Bar("fit_100k_seconds", "BG/NBD with Gamma-Gamma fitted to 100,000 customers", 10, at_least=False, unit=" s"),
    Bar("simulated_events_per_second", "event simulator, one core", 200_000, at_least=True, unit=" events/s"),
    Bar("simulated_rows_per_second", "simulator, one core", 500_000, at_least=True, unit=" rows/s"),
)


def throughput_figures(measured: Sequence[Throughput]) -> dict[str, float]:
    """Work the ratios and counts of the load runs out; a ratio needs both of its targets."""
    by_name = {each.name: each for each in measured}
    figures = {"failures": float(sum(run.failures for each in measured for run in each.by_connections.values()))}
    service = by_name.get("service")
    if service is None:
        return figures
    loaded = service.by_connections[LOADED]
    figures["service_p99_ms"] = loaded.quantile_ms(0.99)
    for other in {"naive", "floor"} & by_name.keys():
        base = by_name[other].by_connections[LOADED].requests_per_second
        figures[f"service_over_{other}"] = loaded.requests_per_second / base
    if service.without_row is not None and service.rows_beyond_answers is not None:
        figures["answers_without_row"] = service.without_row
        figures["rows_beyond_answers"] = service.rows_beyond_answers
    return figures


def load_table(measured: Sequence[Throughput]) -> str:
    """Put the targets side by side."""
    rows = [
        (each.name, str(connections), f"{run.requests_per_second:,.0f}", f"{run.quantile_ms(0.5):.2f}",
         f"{run.quantile_ms(0.99):.2f}", f"{run.server_cpu_ms:.2f}", f"{len(run.latencies_seconds):,}")
        for connections in CONNECTIONS
        for each in measured
        for run in [each.by_connections[connections]]
    ]  # fmt: skip
    return _table(("server", "connections", "requests/s", "p50 ms", "p99 ms", "server CPU ms", "answers"), rows)


def bar_table(figures: Mapping[str, float]) -> str:
    """List the measured bars with PASS or MISS."""
    rows = [
        (bar.label, f"{figures[bar.figure]:,.4g}{bar.unit}", bar.wanted(), verdict(bar, figures))
        for bar in BARS
        if bar.figure in figures
    ]
    return _table(("what", "measured", "wanted", "verdict"), rows)


def verdict(bar: Bar, figures: Mapping[str, float]) -> str:
    """Say PASS or MISS."""
    return "PASS" if bar.is_met(figures[bar.figure]) else "MISS"


def has_miss(figures: Mapping[str, float]) -> bool:
    """Whether a measured figure is on the wrong side of its bar."""
    return any(verdict(bar, figures) == "MISS" for bar in BARS if bar.figure in figures)


def machine() -> str:
    """Describe the machine without naming it."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    python = f"{platform.python_implementation()} {platform.python_version()}"
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{cpu}, {os.cpu_count()} cores, {gib:.0f} GiB; {platform.system()} {kernel}; {python}"


def page(command: str, day: str, measured: Sequence[Throughput], figures: Mapping[str, float]) -> str:
    """Write the docs page; a section whose figures were not measured is left out."""
    load = f"## Under load\n\n{load_table(measured)}\n\n" if measured else ""
    return f"""# Benchmarks

One run of `{command}` on {day}; run it again to write this page anew.

Machine: {machine()}.

Each server is pinned to one core and the load comes from another, over keep-alive connections on loopback; the servers
are loaded in turns, so noise falls on all of them alike. Every request is another simulated customer with an identifier
and minutes. *naive* builds a pandas frame per request and runs a 300-tree scikit-learn pipeline; *floor* has the
service's request and response models and does no work; *service* is `backend.py` with its history on: every answer is
committed to SQLite (WAL, synchronous FULL) before it is given. *Server CPU ms* is the processor time of one answer.
Ratios travel between machines better than figures do.

{load}## Bars

{bar_table(figures)}
"""


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[at]) for row in [header, *rows]) for at in range(len(header))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *rows]]
    lines.insert(1, "-|-".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" if at != 1 else f"|-{line}-|" for at, line in enumerate(lines))
