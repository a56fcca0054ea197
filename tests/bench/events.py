"""What live events cost: one user's refresh at 10,000 stored events, requests of events, and lists of many users."""

import http.client
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine

from app.db.engine import open_engine, reading
from app.db.upgrade import upgrade
from app.events.champions import load_event_models
from app.events.columns import SECOND_US
from app.events.ranking import Wanted, count_users, read_page
from app.events.records import FIELDS
from app.events.refresher import score_due_users, score_users
from app.events.scoring import EventModel
from app.events.store import append_chunk, stored_rows
from app.events.users import clock_of, read_due
from app.registry.service import load_registry
from app.settings import ROOT
from tests.bench.measure import running
from tests.server_process import LOOPBACK

LONG_USER_EVENTS = 10_000
LARGE_REQUEST = 10_000
LISTED_USERS = 100_000
REPEATS = 40
START_US = 1_577_836_800 * SECOND_US  # 2020-01-01
Row = dict[str, Any]


def measure(cpu: int | None = None) -> dict[str, float]:
    """Give milliseconds of a refresh, of requests through the API and of lists, and the server's memory after them."""
    figures = _refresh_figures() | _list_figures()
    with running("service", cpu) as server, closing(http.client.HTTPConnection(LOOPBACK, server.port)) as connection:
        long = a_long_user()
        begin = time.perf_counter()
        _send(connection, long)
        figures["large_request_seconds"] = time.perf_counter() - begin
        later = START_US + 400 * 86_400 * SECOND_US
        singles = [{**long[0], "ts": long[-1]["ts"] + number * SECOND_US} for number in range(1, REPEATS + 1)]
        figures["event_of_a_long_user_p50_ms"] = 1000 * _median(_send, connection, [[row] for row in singles])
        fresh = [[{**long[0], "user_id": f"new-{number}", "ts": later}] for number in range(REPEATS)]
        figures["event_of_a_new_user_p50_ms"] = 1000 * _median(_send, connection, fresh)
        figures["events_memory_mib"] = server.memory_mib()
    return figures


def a_long_user(events: int = LONG_USER_EVENTS) -> list[Row]:
    """One user's events over most of a year, in sessions of twenty; every fiftieth has lost its user."""
    return [
        {
            **dict.fromkeys(FIELDS),
            "user_id": None if place % 50 == 7 else "long",
            "session_id": f"visit-{place // 20}",
            "item_in_session": place % 20,
            "ts": START_US + (place // 20 * 15 * 3600 + place % 20 * 200) * SECOND_US,
            "kind": ("play", "play", "play", "visit", "like", "advert", "help")[place % 7],
            "duration_seconds": float(100 + place % 150),
            "item_id": f"item-{place * 7919 % 2000}",
            "level": "paid",
        }
        for place in range(events)
    ]


def _refresh_figures() -> dict[str, float]:
    with _database() as engine:
        _store(engine, a_long_user())
        model = _model()
        with reading(engine) as connection:
            clock = clock_of(connection, datetime.now(UTC))
            if clock is None:
                raise RuntimeError("the log has no user")
            due = read_due(connection, clock, 1)
        refresh = _median(lambda _: list(score_users(engine, model, due, clock)), None, list(range(REPEATS)))
        return {"refresh_one_user_p50_ms": 1000 * refresh}


def _list_figures() -> dict[str, float]:
    """Time the first and a deep page and the counts of a list of many users, as the service reads them."""
    with _database() as engine:
        rows = [
            {**dict.fromkeys(FIELDS), "user_id": f"u{number:06d}", "ts": START_US + number * SECOND_US, "kind": "visit"}
            for number in range(LISTED_USERS)
        ]
        begin = time.perf_counter()
        _store(engine, rows)
        stored = time.perf_counter() - begin
        begin = time.perf_counter()
        score_due_users(engine, _model(), datetime.now(UTC))
        scored = time.perf_counter() - begin
        with reading(engine) as connection:
            clock = clock_of(connection, datetime.now(UTC))
            first = _median(lambda _: read_page(connection, Wanted(), None, 51), None, list(range(REPEATS)))
            prefix = _median(
                lambda _: read_page(connection, Wanted(None, "u0999"), None, 51), None, list(range(REPEATS))
            )
            counts = _median(lambda _: count_users(connection, clock), None, list(range(REPEATS)))
        return {
            "append_events_per_second": LISTED_USERS / stored,
            "score_due_users_per_second": LISTED_USERS / scored,
            "users_page_p50_ms": 1000 * first,
            "users_by_prefix_p50_ms": 1000 * prefix,
            "users_counts_p50_ms": 1000 * counts,
        }


@contextmanager
def _database() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'telelink.db'}")
        try:
            upgrade(engine)
            yield engine
        finally:
            engine.dispose()


def _store(engine: Engine, rows: list[Row]) -> None:
    for start in range(0, len(rows), LARGE_REQUEST):
        prepared = stored_rows(rows[start : start + LARGE_REQUEST])
        with engine.begin() as connection:
            append_chunk(connection, prepared)


def _model() -> EventModel:
    model = load_event_models(load_registry(ROOT / "models")).churn
    if model is None:
        raise RuntimeError("no model for users of a log is sealed")
    return model


def _send(connection: http.client.HTTPConnection, rows: list[Row]) -> None:
    sent = [
        {**{name: value for name, value in row.items() if value is not None}, "ts": row["ts"] // 1000} for row in rows
    ]
    connection.request("POST", "/update_user_events", json.dumps(sent), {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status != 200 or answer["accepted"] != len(rows):
        raise RuntimeError(f"/update_user_events was answered {response.status}: {str(answer)[:200]}")


def _median(work: Callable[..., Any], over: Any, each: list[Any]) -> float:
    """Give the middle one of the seconds that each call takes."""
    seconds = []
    for one in each:
        begin = time.perf_counter()
        work(*([one] if over is None else [over, one]))
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds))


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
