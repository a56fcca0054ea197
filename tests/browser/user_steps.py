"""What a person does and sees on the pages of users, and answers as the service would give them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Locator, Page, Route, expect

from app.telecom.policy import TIERS
from tests.browser.batch_steps import JOB_ID, a_job

Json = dict[str, Any]
MESSAGE = "23 % likely to leave in the next 30 days (typical: 9 %)"
WEEKS = [f"2026-10-{day:02}" for day in range(4, 26, 3)]
CHANCES = [0.04, 0.05, 0.05, 0.09, 0.12, 0.16, 0.2, 0.23]
SESSIONS = [6, 5, 5, 3, 2, 1, 0, 0]


def a_user(**changes: Any) -> Json:
    """One row of the ranked list."""
    return {
        "user_id": "101",
        "churn_probability": 0.231,
        "tier": "High",
        "as_of": "2026-11-02",
        "last_event_at": "2026-10-20T12:20:05.000000Z",
        "first_event_at": "2026-06-01T08:00:00.000000Z",
        "events": 1204,
        "days_inactive": 12,
        "is_current": True,
        "standing": "active",
        **changes,
    }


def a_list(*users: Json, **changes: Any) -> Json:
    """A page of GET /users."""
    tiers = dict(zip(TIERS, (1_480, 212, 48), strict=True))
    given = {"users": list(users), "next": None, "as_of": "2026-11-02", "horizon_days": 30, "users_known": 1_800}
    return {**given, "pending": 0, "tiers": tiers, "caution": None, **changes}


def nobody() -> Json:
    """The list before any log was loaded."""
    return a_list(as_of=None, users_known=0, tiers=dict.fromkeys(TIERS, 0))


def some_users(number: int) -> list[Json]:
    """Users in the order of the list, the riskiest first, a third in each tier."""
    ranked = list(reversed(TIERS))
    return [
        a_user(
            user_id=f"U-{place}",
            churn_probability=round(0.6 * (1 - place / number) + 0.003, 4),
            tier=ranked[3 * place // number],
            days_inactive=max(0, 30 - place),
            events=40 * place + 7,
        )
        for place in range(number)
    ]


def a_reason(**changes: Any) -> Json:
    """A reason that raises the chance."""
    return {
        "direction": "up",
        "feature": "days_inactive",
        "label": "Days since the last event",
        "unit": "days",
        "value": 12.5,
        "typical": 2.1,
        "contribution": 0.08,
        "text": "12.5 days since the last event raises it (typical: 2.1 days).",
        **changes,
    }


def a_model(name: str) -> Json:
    """The version that answered."""
    note = "Leaving means a cancellation."
    return {"name": name, "version": "1", "trained_on": "2,000 users of a simulated log.", "note": note}


def a_score(**changes: Any) -> Json:
    """The answer of POST /users/score."""
    down = a_reason(
        direction="down", feature="time_spent", text="Time spent of 65 minutes lowers it (typical: 40 minutes)."
    )
    return {
        "churn_probability": 0.231,
        "probability_interval": [0.18, 0.29],
        "tier": "High",
        "typical_churn_rate": 0.09,
        "horizon_days": 30,
        "message": MESSAGE,
        "reasons": [a_reason(), down],
        "recommendation": "Write to this user today and offer help to come back.",
        "recommendation_code": "win_back",
        "model": a_model("events-summary"),
        "warnings": [],
        **changes,
    }


def warnings(number: int) -> list[Json]:
    """Values beyond those the model knows."""
    return [{"code": "outside_training_range", "message": f"Value {place} is unheard of."} for place in range(number)]


def a_churn(**changes: Any) -> Json:
    """The answer of GET /users/{id}/churn."""
    value = {
        "probability_alive": 0.64,
        "purchases": [{"days": 90, "expected": 1.31}, {"days": 365, "expected": 4.02}],
        "spend": [{"days": 90, "expected": 41.7}, {"days": 365, "expected": 1_127.9}],
        "currency": "USD",
        "note": "From how often and how lately this user bought.",
    }
    span = {"first_event_at": "2026-06-01T08:00:00.000000Z", "last_event_at": "2026-10-20T12:20:05.000000Z"}
    own = {"user_id": "101", "as_of": "2026-11-02", "events": 1204, "days_inactive": 12, "value": value, **span}
    return a_score(**{**own, "model": a_model("events-churn"), **changes})


def a_timeline() -> Json:
    """The answer of GET /users/{id}/timeline."""

    def axis(label: str, unit: str, categories: list[str] | None = None) -> Json:
        return {"label": label, "unit": unit, "min": 0, "max": None, "categories": categories}

    def chart(kind: str, values: list[float], **own: Any) -> Json:
        series = {"role": "main", "points": [list(point) for point in enumerate(values)], "band": None}
        return {"kind": kind, "x": axis("Week that ends", "words" if kind == "line" else "count", WEEKS), "marks": [],
                "links": None, "notes": [], **own, "series": [{**series, "name": own["name"]}]}  # fmt: skip

    marks = [{"axis": "y", "value": 0.09, "label": "Medium"}, {"axis": "y", "value": 0.18, "label": "High"}]
    return {
        "user_id": "101",
        "as_of": "2026-11-02",
        "message": "Silent for 13 days. It rose from 4 % to 23 %.",
        "charts": [
            chart("line", CHANCES, id="chance", name="Chance of leaving", title="It rose from 4 % to 23 %.",
                  y=axis("Chance of leaving", "probability"), marks=marks),
            chart("bars", [float(n) for n in SESSIONS], id="sessions", name="Sessions a week",
                  title="From 6 sessions a week to none.", y=axis("Sessions", "count")),
        ],
    }  # fmt: skip


def an_event(**changes: Any) -> Json:
    """One stored event."""
    return {
        "ts": "2026-10-20T12:20:05.000000Z",
        "kind": "play",
        "session_id": "3",
        "item_in_session": 1,
        "item_id": "Roads",
        "value": None,
        "duration_seconds": 305.0,
        "level": "paid",
        "recovered": False,
        **changes,
    }


def a_log_job(**changes: Any) -> Json:
    """A log half way through."""
    events = {
        "accepted": 590_000,
        "duplicates": 9_988,
        "identified": None,
        "unidentified": [],
        "unknown_kinds": [],
        "users": 225,
    }
    own = {
        "kind": "events",
        "file_name": "november.jsonl",
        "rows_scored": 0,
        "rows_rejected": 12,
        "mapping": {},
        "models": [],
    }
    told = [{"field": "ts", "code": "missing", "message": "Enter when the event was", "rows": 12}]
    return a_job(**{**own, "events": events, "rejections": told, "tiers": {}, **changes})


REPORT: Json = {
    "accepted": 590_000,
    "duplicates": 9_988,
    "identified": 8_060,
    "unidentified": [
        {"reason": "session_without_user", "message": "Its session names no user at all", "events": 274},
        {"reason": "between_two_users", "message": "It lies between two users of its session", "events": 12},
    ],
    "unknown_kinds": [{"kind": "roll advert <b>", "events": 3_933}],
    "users": 225,
}


def answer(page: Page, pattern: str, document: Json | Callable[[dict[str, str]], Json], status: int = 200) -> None:
    """From now on the service says this; a function is given the query of the request."""

    def reply(route: Route) -> None:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
        given = document(query) if callable(document) else document
        route.fulfill(json=given, status=status)

    page.route(pattern, reply)


def answer_user(page: Page, **changes: Any) -> None:
    """From now on the service knows one user."""
    answer(page, "**/users/*/churn*", a_churn(**changes))
    answer(page, "**/users/*/timeline", a_timeline())
    answer(page, "**/users/*/events*", {"events": [an_event(), an_event(kind="help", recovered=True)], "next": None})


def open_user(page: Page, **changes: Any) -> None:
    """Open the page of a user as the service would describe it."""
    answer_user(page, **changes)
    page.goto(address(changes.get("user_id", "101")))
    expect(user_card(page)).to_be_visible()
    expect(page.locator("#charts canvas").last).to_be_attached()


def open_list(page: Page, document: Json, search: str = "") -> None:
    """Open the list as the service would describe it."""
    answer(page, "**/users?*", document)
    page.goto(f"/users.html{search}")
    expect(page.locator("#list-view")).to_be_visible()


def open_log(page: Page, **changes: Any) -> None:
    """Open the page of a loaded log as the service would describe it."""
    answer(page, "**/batch/jobs/*", a_log_job(**changes))
    page.goto(f"/users.html?job={JOB_ID}")
    expect(log_card(page).get_by_role("heading", name="november.jsonl")).to_be_focused()


def address(user_id: str) -> str:
    """Address of a user's page."""
    return f"/user.html?id={quote(user_id, safe='')}"


def rows(page: Page) -> Locator:
    """The rows of the list of users."""
    return page.locator("user-table tbody tr")


def user_card(page: Page) -> Locator:
    """The answer about one user."""
    return page.locator("user-card")


def log_card(page: Page) -> Locator:
    """The card of a loaded log."""
    return page.locator("log-card")
