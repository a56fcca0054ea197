"""What the routes answer about users of a log: lists, one user, many ids, four numbers, and what serves."""

import csv
import io
import json
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from app.events.policy import cut_points_for
from app.telecom.policy import TIERS
from tests.app.events.event_requests import SUMMARY, a_log, update
from tests.app.events.stored_logs import an_event
from tests.app.web.test_problems import check_problem


def test_an_answer_says_how_likely_why_and_what_to_do(client: TestClient) -> None:
    a_log(client)
    told = client.get("/users/u2/churn").json()
    low, high = told["probability_interval"]
    assert low <= told["churn_probability"] <= high
    medium, upper = cut_points_for(told["typical_churn_rate"])
    assert told["tier"] == TIERS[(told["churn_probability"] >= medium) + (told["churn_probability"] >= upper)]
    assert f"likely to leave in the next {told['horizon_days']} days (typical: " in told["message"]
    assert told["model"]["name"] == "events-churn"
    assert told["reasons"]
    assert (told["as_of"], told["days_inactive"], told["events"]) == ("2026-01-07", 3, 5)
    (listed,) = client.get("/users?q=u2").json()["users"]
    shared = ("churn_probability", "tier", "as_of", "days_inactive", "events", "first_event_at", "last_event_at")
    assert {name: told[name] for name in shared} == {name: listed[name] for name in shared}
    later = client.get("/users/u2/churn?as_of=2026-02-01").json()
    assert "after_the_log" in {warning["code"] for warning in later["warnings"]}


def test_the_list_is_ranked_filtered_and_paged_without_a_gap(client: TestClient) -> None:
    a_log(client, 9)
    whole = client.get("/users").json()
    assert (whole["users_known"], whole["pending"], whole["next"]) == (9, 0, None)
    ranked = [(user["churn_probability"], user["user_id"]) for user in whole["users"]]
    assert ranked == sorted(ranked, reverse=True)
    paged, cursor = [], ""
    while cursor is not None:
        page = client.get("/users", params={"limit": 4, "cursor": cursor}).json()
        paged += page["users"]
        cursor = page["next"]
    assert paged == whole["users"]
    for tier, count in whole["tiers"].items():
        of_tier = client.get("/users", params={"tier": tier}).json()["users"]
        assert of_tier == [user for user in whole["users"] if user["tier"] == tier]
        assert len(of_tier) == count
    assert [user["user_id"] for user in client.get("/users?q=u3").json()["users"]] == ["u3"]
    check_problem(client.get("/users", params={"cursor": "x"}), 422, "invalid_request")
    check_problem(client.get("/users?tier=Huge"), 422, "invalid_request")
    check_problem(client.get("/users?limit=0"), 422, "invalid_request")


def test_the_list_is_a_file_too_and_no_id_is_a_formula(client: TestClient) -> None:
    a_log(client, 3)
    update(client, an_event("=1+1"))
    answer = client.get("/users.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["user_id"].lstrip("'") for row in rows] == [
        user["user_id"] for user in client.get("/users").json()["users"]
    ]
    assert "'=1+1" in {row["user_id"] for row in rows}


def test_every_id_of_a_list_is_answered_in_order(client: TestClient) -> None:
    a_log(client, 3)
    update(client, an_event("101", 5))
    asked = ["u1", "nobody", 101, "u1", 101.0]
    told = client.post("/batch_predict", json=asked).json()
    assert [each["user_id"] for each in told["predictions"]] == ["u1", "nobody", "101", "u1", "101"]
    assert [each["found"] for each in told["predictions"]] == [True, False, True, True, True]
    assert (told["count"], told["unknown"]) == (5, 1)
    assert told["predictions"][0]["churn_probability"] == client.get("/users/u1/churn").json()["churn_probability"]
    assert told["predictions"][1]["message"]
    for wrong in ([], {}, ["a b"], [None], [1.5], [True]):
        check_problem(client.post("/batch_predict", json=wrong), 422, "invalid_request")


def test_four_numbers_are_answered_without_a_log(client: TestClient) -> None:
    told = client.post("/users/score", json=SUMMARY).json()
    assert told["model"]["name"] == "events-summary"
    assert told["warnings"] == []
    typed = {"session_count": " 12 ", "time_spent_minutes": "340", "purchases": "1.0", "days_inactive": "4"}
    assert client.post("/users/score", json=typed).json() == told
    silent = {**SUMMARY, "session_count": 1, "time_spent_minutes": 5, "days_inactive": 28, "purchases": 0}
    assert client.post("/users/score", json=silent).json()["churn_probability"] >= told["churn_probability"]


def test_numbers_that_cannot_be_true_together_are_answered_with_a_warning(client: TestClient) -> None:
    told = client.post("/users/score", json={**SUMMARY, "session_count": 0, "days_inactive": 400}).json()
    assert {(each["code"], each["feature"]) for each in told["warnings"]} >= {
        ("contradiction", "session_count"), ("inactive", None)
    }  # fmt: skip


def test_wrong_numbers_are_told_field_by_field_without_their_values(client: TestClient) -> None:
    wrong = {"session_count": 1.5, "time_spent_minutes": "SECRET", "days_inactive": -1, "SECRET": 1}
    problem = check_problem(client.post("/users/score", json=wrong), 422, "invalid_request")
    assert [(entry["field"], entry["message"]) for entry in problem["errors"]] == [
        ("session_count", "Sessions must be a whole number"),
        ("time_spent_minutes", "Time spent must be a number"),
        ("purchases", "Enter the number of purchases"),
        ("days_inactive", "Days without activity must be between 0 and 3,650 days"),
        ("", "Send nothing but session_count, time_spent_minutes, purchases, days_inactive"),
    ]
    assert "SECRET" not in json.dumps(problem)


def test_a_users_events_are_listed_newest_first(client: TestClient) -> None:
    update(client, *(an_event("ann", minute, kind="purchase", value=float(minute)) for minute in range(5)))
    first = client.get("/users/ann/events?limit=3").json()
    rest = client.get("/users/ann/events", params={"limit": 3, "cursor": first["next"]}).json()
    assert [event["value"] for event in first["events"] + rest["events"]] == [4, 3, 2, 1, 0]
    assert rest["next"] is None
    check_problem(client.get("/users/nobody/events"), 404, "user_not_found")


def test_a_timeline_has_two_charts_and_a_sentence(client: TestClient) -> None:
    a_log(client)
    told = client.get("/users/u0/timeline").json()
    assert [chart["id"] for chart in told["charts"]] == ["risk", "sessions"]
    assert told["message"]
    check_problem(client.get("/users/nobody/timeline"), 404, "user_not_found")


@pytest.mark.parametrize("user_id", ["a/b", "../etc/passwd", "é", "%41", "=1+1", "score", "a?b#c"])
def test_any_id_can_be_asked_for_when_it_is_encoded(client: TestClient, user_id: str) -> None:
    update(client, an_event(user_id))
    address = f"/users/{quote(user_id, safe='')}"
    assert client.get(f"{address}/churn").json()["user_id"] == user_id
    assert client.delete(address).status_code == 204


def test_what_serves_is_told_from_the_cards(client: TestClient) -> None:
    serving = {entry["name"]: entry for entry in client.get("/model/info").json()["serving"]}
    loaded = {entry["name"] for entry in client.get("/models").json()["models"] if entry["loaded"]}
    assert serving.keys() == loaded >= {"telecom-core", "telecom-usage", "events-churn", "events-summary"}
    for name in ("telecom-usage", "events-churn"):
        area = serving[name]["figures"]["roc_auc"]
        assert area["low"] <= area["value"] <= area["high"]
        assert serving[name]["trained_on"]
    assert serving["events-churn"]["horizon_days"] > 0
    assert serving["telecom-usage"]["horizon_days"] is None
