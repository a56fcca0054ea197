"""Clients that send events and keep their own log of what was acknowledged, and the audit of a database against it."""

import http.client
import itertools
import json
import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.clients import SEED, post
from tests.faults.retries import JSON, Call
from tests.server_process import LOOPBACK, ServerProcess
from tests.simulated_requests import json_bytes

FIRST_MS = 1_767_225_600_000
"""2026-01-01, milliseconds since 1970."""
_run_numbers = itertools.count()


def batch_of_events(name: str, events: int, rng: random.Random) -> list[dict[str, Any]]:
    """Events of one session, which is named like the batch; every third one has lost its user."""
    user, begin = f"user-{rng.randrange(20)}", FIRST_MS + rng.randrange(10**9)
    return [
        {
            **({} if number % 3 == 1 else {"user_id": user}),
            "session_id": name,
            "item_in_session": number,
            "ts": begin + 1000 * number,
            "kind": "play",
        }
        for number in range(events)
    ]


def event_call(key: str) -> Call:
    """Send seven events under a key; the session is named like it."""
    return Call(key, "/update_user_events", JSON, json_bytes(batch_of_events(f"{key}-0", 7, random.Random(key))))


@dataclass
class EventLog:
    """What the clients of one experiment sent, by the name of the batch, and which of it was acknowledged."""

    sent: dict[str, int] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    statuses: set[int | None] = field(default_factory=set)


@contextmanager
def sending_events(server: ServerProcess, log: EventLog, clients: int = 4) -> Iterator[None]:
    """Keep clients sending batches of 1 to 40 events until the block ends or nobody listens."""
    stop, run = threading.Event(), next(_run_numbers)

    def send(name: str) -> None:
        rng = random.Random(f"{SEED}-{name}")
        connection = http.client.HTTPConnection(LOOPBACK, server.port, timeout=60)
        for number in itertools.count():
            if stop.is_set():
                break
            batch, events = f"{name}-{number}", rng.randint(1, 40)
            log.sent[batch] = events
            reply = post(connection, "/update_user_events", json_bytes(batch_of_events(batch, events, rng)))
            log.statuses.add(reply.status)
            if reply.status == 200 and json.loads(reply.body)["accepted"] == events:
                log.acknowledged.add(batch)
            if reply.refused:
                break
        connection.close()

    threads = [threading.Thread(target=send, args=(f"r{run}-c{number}",)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=120)
        assert not any(thread.is_alive() for thread in threads), "a client hung"


@dataclass(frozen=True)
class EventFindings:
    """What an audit found; nothing and "ok" when the promises were kept."""

    lost: frozenset[str]
    torn: frozenset[str]
    wrong_users: int
    integrity: str


def audit_events(database: Path, log: EventLog) -> EventFindings:
    """Compare the events of an SQLite file with what the clients saw, and its users with its events."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        stored = dict(connection.execute("SELECT session_id, count(*) FROM events GROUP BY session_id").fetchall())
        counted = "SELECT user_id, min(ts), max(ts), count(*) FROM events WHERE user_id <> '' GROUP BY user_id"
        kept = "SELECT id, first_ts, last_ts, events FROM users"
        wrong = set(connection.execute(counted).fetchall()) ^ set(connection.execute(kept).fetchall())
        integrity = str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    return EventFindings(
        lost=frozenset(batch for batch in log.acknowledged if batch not in stored),
        torn=frozenset(batch for batch, count in stored.items() if count != log.sent[batch]),
        wrong_users=len(wrong),
        integrity=integrity,
    )
