"""Users stored through the real API: a simulated log, sent as a feed would send it."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from app.events.columns import SECOND_US
from tests.browser.stored_customers import ask
from training.event_simulator import canonical_rows, simulate_log

MOST_EVENTS = 10_000


def sent_events(users: int, seed: int) -> Iterator[dict[str, Any]]:
    """Events of a simulated log as the API takes them; what an event does not have is left out."""
    for row in canonical_rows(simulate_log(users, seed=seed)):
        moment = datetime.fromtimestamp(row["ts"] / SECOND_US, UTC).isoformat().replace("+00:00", "Z")
        yield {name: value for name, value in row.items() if value is not None} | {"ts": moment}


def store_users(url: str, users: int, seed: int = 7) -> None:
    """Send a simulated log and wait until every user has a score."""
    events = sent_events(users, seed)
    while part := list(islice(events, MOST_EVENTS)):
        ask(url, "POST", "/update_user_events", part)
    await_scores(url)


def await_scores(url: str) -> None:
    """Wait until every user has a score; a busy service answers before it has scored them."""
    deadline = time.monotonic() + 60
    while ask(url, "GET", "/users?limit=1")["pending"]:
        assert time.monotonic() < deadline, "users still wait for their score"
        time.sleep(0.1)
