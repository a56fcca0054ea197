"""What is promised about events that come in live: stored once and whole, in any order, of any age but the future."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.events import requests
from app.events.clock import begin_of, micros_of
from app.events.validation import FUTURE_ALLOWANCE_US
from app.settings import ROOT
from tests.app.events.event_requests import SUMMARY, a_log, settle, update
from tests.app.events.stored_logs import FIRST_DAY, a_session, an_event, many_users, sent
from tests.app.web.test_problems import check_problem
from tests.conftest import StartService
from tests.faults.odd_bodies import NEEDLE, ODD_NUMBERS, ODD_TEXTS


def at(moment: datetime) -> dict[str, Any]:
    return {**an_event(), "ts": micros_of(moment) // 1000 * 1000}


def test_events_are_stored_identified_and_scored_before_the_answer(client: TestClient) -> None:
    answer = update(client, *a_session(["ann", None, "ann"]), an_event(None, 9), an_event("bob", 8, kind="podcast"))
    assert answer == {
        "accepted": 5, "duplicates": 0, "identified": 1, "also_identified": 0, "withdrawn": 0,
        "unidentified": [
            {"reason": "no_session", "message": "The event has neither a user nor a session.", "events": 1}
        ],
        "unknown_kinds": [{"kind": "podcast", "events": 1}], "users": 2, "refreshed": 2, "pending": 0,
        "as_of": "2026-01-02",
    }  # fmt: skip
    listed = client.get("/users").json()
    assert [user["is_current"] for user in listed["users"]] == [True, True]
    recovered = [event["recovered"] for event in client.get("/users/ann/events").json()["events"]]
    assert recovered == [False, True, False]


def test_one_wrong_event_stores_none_and_says_where(client: TestClient) -> None:
    secret = "MY-SECRET-VALUE?"
    events = [sent(an_event()), {"ts": secret, "kind": secret, "duration_seconds": -1}, sent(an_event(minute=2))]
    problem = check_problem(client.post("/update_user_events", json=events), 422, "invalid_request")
    assert {(entry["row"], entry["field"]) for entry in problem["errors"]} == {
        (1, "ts"), (1, "kind"), (1, "duration_seconds")
    }  # fmt: skip
    assert secret not in json.dumps(problem)
    assert client.get("/users").json()["users_known"] == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{}", 422, "invalid_request"), (b"[]", 422, "invalid_request"), (b"[1]", 422, "invalid_request"),
        (b"[{}]", 422, "invalid_request"), (b"[", 400, "malformed_json"), (b"[NaN]", 400, "malformed_json"),
        (b'[{"ts":1e999,"kind":"play"}]', 422, "invalid_request"), (b"", 400, "malformed_json"),
        (b'[{"ts":"2026-01-01","ts":1,"kind":"play"}]', 400, "malformed_json"),
        (b'[{"ts":"2026-01-01T00:00:00","kind":"play"}]', 422, "invalid_request"),
        (b'[{"ts":' + b"9" * 5000 + b',"kind":"play"}]', 400, "malformed_json"),
    ],
)  # fmt: skip
def test_odd_bodies_are_refused_in_the_one_shape(client: TestClient, body: bytes, status: int, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    check_problem(client.post("/update_user_events", content=body, headers=headers), status, code)


@pytest.mark.parametrize("field", ["user_id", "session_id", "item_in_session", "ts", "kind", "value", "level", "odd"])
def test_odd_values_are_kept_or_refused_and_never_repeated(client: TestClient, field: str) -> None:
    texts = [(name, json.dumps(value)) for name, (_, value) in ODD_TEXTS.items()]
    for name, written in [*ODD_NUMBERS.items(), *texts]:
        event = {**sent(an_event()), field: "HERE"}
        body = b"[%s]" % json.dumps(event).replace('"HERE"', written).encode()
        answer = client.post("/update_user_events", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 400, 422), name
        if answer.status_code != 200:
            check_problem(answer, answer.status_code, answer.json()["code"])
            assert NEEDLE not in answer.text, name
            assert "77117" not in answer.text, name


def test_a_body_is_bounded_in_bytes_and_in_events(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> None:
    client = start_service(max_batch_body_kib=1)
    monkeypatch.setattr(requests, "MOST_EVENTS", 3)
    four = [sent(an_event(minute=minute)) for minute in range(4)]
    problem = check_problem(client.post("/update_user_events", json=four), 422, "invalid_request")
    assert problem["errors"][0]["message"] == "Send between 1 and 3 events"
    headers = {"Content-Type": "application/json"}
    large = client.post("/update_user_events", content=b"[" + b" " * 2000, headers=headers)
    check_problem(large, 413, "body_too_large")


def test_a_request_with_its_key_hears_the_same_answer_again(client: TestClient) -> None:
    events, headers = a_session(["ann", None]), {"Idempotency-Key": "k-1"}
    first = update(client, *events, headers=headers)
    assert first["accepted"] == 2
    update(client, an_event("ann", 99))
    assert update(client, *events, headers=headers) == first
    assert update(client, *events)["duplicates"] == 2
    other = client.post("/update_user_events", json=[sent(an_event())], headers=headers)
    check_problem(other, 409, "idempotency_key_reused")
    unusable = client.post("/update_user_events", json=[sent(an_event())], headers={"Idempotency-Key": "a b"})
    check_problem(unusable, 422, "invalid_request")


def test_a_sender_whose_clock_is_a_little_ahead_is_believed_and_the_future_is_not(client: TestClient) -> None:
    now = datetime.now(UTC)
    assert (
        update(client, at(now + timedelta(microseconds=FUTURE_ALLOWANCE_US) - timedelta(seconds=20)))["accepted"] == 1
    )
    late = client.post("/update_user_events", json=[sent(at(now + timedelta(minutes=6)))])
    assert check_problem(late, 422, "invalid_request")["errors"][0]["code"] == "in_the_future"
    tomorrow = (now + timedelta(days=1)).date()
    assert client.get("/users").json()["as_of"] in {tomorrow.isoformat(), (tomorrow + timedelta(days=1)).isoformat()}


def test_events_five_years_old_are_kept_and_answered_as_of_their_time(client: TestClient) -> None:
    now = datetime.now(UTC)
    old = now - timedelta(days=5 * 365)
    update(client, at(old), {**at(now - timedelta(days=1)), "user_id": "bob"})
    told = client.get("/users/ann/churn").json()
    assert [warning["code"] for warning in told["warnings"]][:1] == ["inactive"]
    assert told["events"] == 1
    assert [user["user_id"] for user in client.get("/users").json()["users"]] == ["bob"]
    assert [user["user_id"] for user in client.get("/users?standing=inactive").json()["users"]] == ["ann"]
    then = client.get(f"/users/ann/churn?as_of={(old + timedelta(days=1)).date()}").json()
    assert "inactive" not in {warning["code"] for warning in then["warnings"]}
    ancient = client.post("/update_user_events", json=[{"ts": 1_000, "kind": "play"}])
    assert check_problem(ancient, 422, "invalid_request")["errors"][0]["code"] == "before_2000"


def test_events_that_come_out_of_order_end_where_those_in_order_do(start_service: StartService, tmp_path: Path) -> None:
    events = [*a_session(["ann", None, "ann", None]), *a_session(["bob", None], "s2", 4000), an_event("ann", 9999)]
    in_order = start_service(data_dir=tmp_path / "in_order")
    late = start_service(data_dir=tmp_path / "late")
    for event in events:
        update(in_order, event)
    for event in events[::-1]:
        update(late, event)
        update(late, event)
    for service in (in_order, late):
        settle(service)
    for path in ("/users", "/users/ann/churn", "/users/bob/churn", "/users/ann/events", "/users/ann/timeline"):
        assert late.get(path).json() == in_order.get(path).json(), path


def test_an_event_at_or_after_the_day_changes_no_answer_as_of_it(client: TestClient) -> None:
    a_log(client)
    day = (FIRST_DAY + timedelta(days=3)).isoformat()
    before = client.get(f"/users/u1/churn?as_of={day}").json()
    update(client, {**an_event("u1"), "ts": begin_of(FIRST_DAY + timedelta(days=3)), "kind": "cancel"})
    after = client.get(f"/users/u1/churn?as_of={day}").json()
    assert after == before
    assert "cancelled" in {warning["code"] for warning in client.get("/users/u1/churn").json()["warnings"]}


def test_the_service_is_ready_without_models_for_logs(start_service: StartService, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns("events-*"))
    aliases = json.loads((ROOT / "models" / "aliases.json").read_text(encoding="utf-8"))
    kept = {name: alias for name, alias in aliases.items() if not name.startswith("events-")}
    (tmp_path / "models" / "aliases.json").write_text(json.dumps(kept), encoding="utf-8")
    client = start_service(models_dir=tmp_path / "models")
    assert client.get("/readyz").status_code == 200
    answer = update(client, an_event())
    assert (answer["accepted"], answer["refreshed"], answer["pending"]) == (1, 0, 1)
    assert client.get("/users").json()["users"][0]["standing"] == "waiting"
    check_problem(client.get("/users/ann/churn"), 503, "model_not_ready")
    check_problem(client.post("/users/score", json=SUMMARY), 503, "model_not_ready")
    check_problem(client.post("/batch_predict", json=["ann"]), 503, "model_not_ready")


def test_the_background_scores_what_a_job_has_stored(client: TestClient) -> None:
    many_users(client.app.state.engine, 3)  # type: ignore[attr-defined]
    settle(client)
    assert {user["standing"] for user in client.get("/users").json()["users"]} == {"active"}
