"""A log of events on its way: chosen, checked, sent, and what the service says before it is stored."""

import json
from typing import Any

from playwright.sync_api import Page

Json = dict[str, Any]


def lines(events: list[Json]) -> str:
    """Write events as JSON lines."""
    return "".join(f"{json.dumps(event)}\n" for event in events)


def some_events(prefix: str) -> list[Json]:
    """A week of two users, and a session with a blank that its neighbours decide."""
    return [
        {"user_id": user, "session_id": f"{prefix}-{user}-{day}", "item_in_session": place,
         "ts": f"2026-10-{day:02}T08:{place:02}:00Z", "kind": "play", "duration_seconds": 200 + place}
        for user in (f"{prefix}-1", f"{prefix}-2")
        for day in range(1, 8)
        for place in range(3)
    ]  # fmt: skip


LOG = lines(some_events("look"))


FIELDS = {
    "user_id": "User id",
    "ts": "When it happened",
    "kind": "What happened",
    "session_id": "Session id",
    "duration_seconds": "Seconds it lasted",
}


def a_preview(word: str = "Roll Advert", **changes: Any) -> Json:
    """The answer of POST /batch/event-preview."""
    return {
        "format": "jsonl",
        "adapter": "music",
        "suggested": True,
        "columns": [
            {"name": "ts", "samples": ["1538352117000"], "field": "ts"},
            {"name": "userId", "samples": ["30", "9", "30", "8"], "field": "user_id"},
            {"name": "page", "samples": ["NextSong", word], "field": "kind"},
            {"name": f"userAgent-{word}", "samples": [f"Mozilla {word}"], "field": None},
        ],
        "fields": [
            {"field": field, "label": label, "required": field in ("ts", "kind"), "column": None}
            for field, label in FIELDS.items()
        ],
        "missing": [],
        "rows_exact": False,
        "unmapped": [f"userAgent-{word}"],
        "kinds": [{"source": "NextSong", "kind": "play", "rows": 160}, {"source": word, "kind": None, "rows": 40}],
        "rows_estimate": 286_500,
        "trial": {"rows": 200, "accepted": 198, "rejections": [
            {"field": "ts", "code": "missing", "message": "Enter when the event was", "rows": 2}]},
        **changes,
    }  # fmt: skip


def choose_log(page: Page, content: str | bytes, name: str = "log.jsonl") -> None:
    """Open the way of a new log and choose a file."""
    content = content if isinstance(content, bytes) else content.encode()
    page.goto("/users.html?view=load")
    page.get_by_label("Log of events").set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})


def check_log(page: Page) -> None:
    """Go on to how the log is read."""
    page.get_by_role("button", name="Check the log").click()


def send_log(page: Page) -> None:
    """Send the log that was checked."""
    page.get_by_role("button", name="Upload and read").click()
