"""Hold the database against the clients' log: what was acknowledged must be stored, a batch whole or not at all."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.faults.clients import ClientLog


@dataclass(frozen=True)
class Findings:
    """What an audit found; each field is empty (or "ok") when the promises were kept."""

    lost: frozenset[str]
    torn_batches: tuple[str, ...]
    stored_without_answer: tuple[str, ...]
    integrity: str


def audit(database: Path, log: ClientLog) -> Findings:
    """Compare the predictions table of an SQLite file, opened read-only, with what the clients saw."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT id, customer_id FROM predictions").fetchall()
        integrity = str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    return _compare(rows, integrity, log)


def audit_postgresql(url: str, log: ClientLog) -> Findings:
    """Compare the predictions table of a PostgreSQL database with what the clients saw."""
    with psycopg.connect(url) as connection:
        return _compare(connection.execute("SELECT id, customer_id FROM predictions").fetchall(), "ok", log)


def _compare(rows: Sequence[tuple[str, str | None]], integrity: str, log: ClientLog) -> Findings:
    customers = {customer_id for _, customer_id in rows}
    torn, unanswered = [], []
    for attempt in log.attempts:
        stored = customers.intersection(attempt.customer_ids)
        name = ", ".join(attempt.customer_ids[:1])
        if attempt.is_batch and len(stored) not in (0, len(attempt.customer_ids)):
            torn.append(f"{name}: {len(stored)} of {len(attempt.customer_ids)} rows")
        if stored and attempt.reply.status != 200:
            unanswered.append(name)
    lost = frozenset(log.acknowledged).difference(row_id for row_id, _ in rows)
    return Findings(lost, tuple(torn), tuple(unanswered), integrity)


def row_count(database: Path) -> int:
    """Count the stored predictions."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM predictions").fetchone()[0])
