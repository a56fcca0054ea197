"""Requests of events, and a small log, for tests that speak to a service."""

import time
from typing import Any, Final

from starlette.testclient import TestClient

from tests.app.events.stored_logs import an_event, sent

SUMMARY: Final = {"session_count": 12, "time_spent_minutes": 340, "purchases": 1, "days_inactive": 4}


def update(client: TestClient, *events: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Send events, all of which must be taken."""
    answer = client.post("/update_user_events", json=[sent(event) for event in events], **options)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def a_log(client: TestClient, users: int = 6) -> None:
    """Users of whom each was last seen a day after the one before."""
    update(client, *(an_event(f"u{number}", 1440 * number + minute) for number in range(users) for minute in range(5)))


def settle(client: TestClient) -> None:
    """Wait until the background has scored everybody who is due."""
    deadline = time.monotonic() + 20
    while client.get("/users").json()["pending"]:
        assert time.monotonic() < deadline, "the background scores nobody"
        time.sleep(0.05)
