"""The customer routes as a caller meets them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.factories import a_core_customer, a_customer

LEAVER = {"customerServiceCalls": 9, "internationalPlan": "yes", "totalDayMinutes": 330, "totalIntlMinutes": 15}
ODD_IDS = ["a/b", "?", "#1", "50%", "%2F", "é", "=1+1", "';DROP/**/TABLE/**/customers;--", "..a", "\ufffd", "x" * 64]


def predict(client: TestClient, customer_id: str, **changes: Any) -> dict[str, Any]:
    answer = client.post("/predict", json=a_customer(customerId=customer_id, **changes))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def path(customer_id: str, rest: str = "") -> str:
    return f"/customers/{quote(customer_id, safe='')}{rest}"


def get(client: TestClient, address: str, status: int = 200, **query: Any) -> dict[str, Any]:
    answer = client.get(address, params=query)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def record(client: TestClient, customer_id: str, body: Any, status: int = 200) -> dict[str, Any]:
    answer = client.post(path(customer_id, "/outcome"), json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def test_an_empty_list_is_a_list(client: TestClient) -> None:
    assert get(client, "/customers") == {"customers": [], "next": None}


def test_a_customer_is_listed_with_the_latest_answer(client: TestClient) -> None:
    predict(client, "C-1")
    answer = predict(client, "C-1", **LEAVER)
    (listed,) = get(client, "/customers")["customers"]
    assert listed["first_seen_at"] < listed["last_seen_at"]
    assert {name: listed[name] for name in listed if not name.endswith("_at")} == {
        "id": "C-1",
        "tier": answer["churn_risk"],
        "churn_probability": answer["churn_probability"],
        "estimated_clv": answer["estimated_clv"],
        "value_at_risk_usd": answer["value_at_risk_usd"],
        "outcome": None,
        "value_band": answer["value_band"],
        "segment": answer["segment"],
    }


def test_a_list_is_paged_by_its_cursor(client: TestClient) -> None:
    for number in range(5):
        predict(client, f"C-{number}")
    found: list[str] = []
    cursor = None
    while True:
        page = get(client, "/customers", limit=2, sort="clv", order="asc", **({"cursor": cursor} if cursor else {}))
        found += [customer["id"] for customer in page["customers"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == [f"C-{number}" for number in range(5)]


def test_a_cursor_is_refused_by_another_list(client: TestClient) -> None:
    for number in range(3):
        predict(client, f"C-{number}")
    cursor = get(client, "/customers", limit=1)["next"]
    changed = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    for query in ({"cursor": cursor, "sort": "clv"}, {"cursor": cursor, "q": "C"}, {"cursor": changed}):
        refused = get(client, "/customers", 422, **query)
        assert refused["errors"][0]["field"] == "cursor"
        assert "leave it out to begin at the first page" in refused["errors"][0]["message"]
    assert get(client, "/customers/C-0/predictions", 422, cursor=cursor)["errors"][0]["code"] == "not_a_cursor"


def test_filters_are_those_of_the_address(client: TestClient) -> None:
    low, high = predict(client, "A-1"), predict(client, "B-1", **LEAVER, accountLength=1)
    assert (low["churn_risk"], high["churn_risk"]) == ("Low", "High")
    assert low["value_band"] != high["value_band"]
    record(client, "B-1", {"outcome": "churned", "date": "2026-01-31"})
    for query, expected in (
        ({}, {"A-1"}),
        ({"outcome": "all"}, {"A-1", "B-1"}),
        ({"outcome": "left"}, {"B-1"}),
        ({"outcome": "all", "tier": "High"}, {"B-1"}),
        ({"outcome": "all", "tier": "", "q": "", "min_clv": ""}, {"A-1", "B-1"}),
        ({"outcome": "all", "q": " B "}, {"B-1"}),
        ({"outcome": "all", "q": "-"}, set()),
        ({"outcome": "all", "q": "."}, set()),
        ({"min_clv": low["estimated_clv"]}, {"A-1"}),
        ({"min_clv": low["estimated_clv"] + 0.01}, set()),
        ({"min_clv": "1e300"}, set()),
        ({"outcome": "all", "value_band": low["value_band"]}, {"A-1"}),
        ({"outcome": "all", "value_band": high["value_band"]}, {"B-1"}),
        ({"value_band": "", "segment": ""}, {"A-1"}),
        ({"segment": "999"}, set()),
    ):
        assert {entry["id"] for entry in get(client, "/customers", **query)["customers"]} == expected, query


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ({"tier": "high"}, "tier", "Tier must be High, Medium or Low"),
        ({"sort": "name"}, "sort", "Sort must be value_at_risk, probability, clv or last_seen"),
        ({"order": "up"}, "order", "Order must be desc or asc"),
        ({"outcome": "stayed"}, "outcome", "Outcome must be current, left or all"),
        ({"limit": "0"}, "limit", "Limit must be a whole number from 1 to 200"),
        ({"limit": "201"}, "limit", "Limit must be a whole number from 1 to 200"),
        ({"limit": "ten"}, "limit", "Limit must be a whole number from 1 to 200"),
        ({"min_clv": "-1"}, "min_clv", "Smallest lifetime value must be a number of USD, 0 or more"),
        ({"min_clv": "nan"}, "min_clv", "Smallest lifetime value must be a number of USD, 0 or more"),
        ({"value_band": "low"}, "value_band", "Value band must be high or standard"),
        ({"segment": "-1"}, "segment", "Segment must be a whole number from 0 to 999"),
        ({"segment": "1000"}, "segment", "Segment must be a whole number from 0 to 999"),
        ({"segment": "\u0661"}, "segment", "Segment must be a whole number from 0 to 999"),
        ({"q": "a b"}, "q", "Beginning of the id must be up to 64 visible characters, without spaces"),
        ({"q": "\0"}, "q", "Beginning of the id must be up to 64 visible characters, without spaces"),
    ],
)
def test_a_wrong_filter_is_explained(client: TestClient, query: dict[str, str], field: str, message: str) -> None:
    for address in ("/customers", "/customers.csv"):
        if address == "/customers" or field != "limit":
            (problem,) = get(client, address, 422, **query)["errors"]
            assert (problem["field"], problem["message"]) == (field, message)


@pytest.mark.parametrize("customer_id", ODD_IDS)
def test_any_id_can_be_asked_for(client: TestClient, customer_id: str) -> None:
    answer = predict(client, customer_id)
    shown = get(client, path(customer_id))
    assert (shown["id"], shown["prediction"]) == (customer_id, answer)
    assert shown["profile"] == {**a_customer(), "customerId": customer_id}
    assert len(get(client, path(customer_id, "/predictions"))["predictions"]) == 1
    record(client, customer_id, {"outcome": "stayed", "date": "2026-01-31"})
    assert client.delete(path(customer_id)).status_code == 204
    assert get(client, path(customer_id), 404)["code"] == "customer_not_found"


@pytest.mark.parametrize("encoded", ["nobody", "%00", "a%20b", "x" * 65, "%ED%A0%80"])
def test_nobody_is_not_found(client: TestClient, encoded: str) -> None:
    for answer in (
        client.get(f"/customers/{encoded}"),
        client.get(f"/customers/{encoded}/predictions"),
        client.post(f"/customers/{encoded}/outcome", json={"outcome": "stayed", "date": "2026-01-31"}),
        client.delete(f"/customers/{encoded}"),
    ):
        assert answer.status_code == 404
        assert "customer" in answer.json()["code"] or encoded.startswith("%ED")


def test_broken_text_in_an_address_names_nobody(client: TestClient) -> None:
    predict(client, "\ufffd")
    assert client.delete("/customers/%FF").status_code == 404
    assert get(client, path("\ufffd"))["id"] == "\ufffd"


def test_a_customer_shows_the_latest_prediction_and_where_it_came_from(client: TestClient) -> None:
    predict(client, "C-1")
    headers = {"X-Request-ID": "the-second"}
    latest = client.post("/predict", json=a_core_customer(customerId="C-1"), headers=headers).json()
    shown = get(client, "/customers/C-1")
    assert shown["prediction"] == latest
    assert shown["source"] == "the-second"
    assert shown["profile"] == a_core_customer(customerId="C-1")
    assert shown["predicted_at"] == shown["last_seen_at"] > shown["first_seen_at"]
    assert shown["outcome"] is None


def test_predictions_are_paged_newest_first(client: TestClient) -> None:
    answers = [predict(client, "C-1", accountLength=months) for months in (1, 2, 3)]
    first = get(client, "/customers/C-1/predictions", limit=2)
    second = get(client, "/customers/C-1/predictions", limit=2, cursor=first["next"])
    shown = first["predictions"] + second["predictions"]
    assert second["next"] is None
    assert [entry["prediction"] for entry in shown] == answers[::-1]
    assert [entry["profile"]["accountLength"] for entry in shown] == [3, 2, 1]


def test_an_outcome_is_recorded_corrected_and_counted(client: TestClient) -> None:
    predict(client, "C-1")
    left = {"outcome": "churned", "date": "2026-01-31"}
    assert record(client, "C-1", left) == record(client, "C-1", left) == get(client, "/customers/C-1")
    assert get(client, "/customers/C-1")["outcome"] == left
    figures = get(client, "/stats")
    assert (figures["total_customers"], figures["churned_customers"], figures["churn_rate"]) == (1, 1, 1.0)
    assert (figures["active_customers"], figures["value_at_risk_usd"], figures["avg_clv"]) == (0, 0, None)
    assert record(client, "C-1", {"outcome": "stayed", "date": "2026-02-01"})["outcome"]["outcome"] == "stayed"
    figures = get(client, "/stats")
    assert (figures["total_customers"], figures["active_customers"], figures["churned_customers"]) == (1, 1, 0)
    assert figures["churn_rate"] == 0


def test_today_is_a_day_for_an_outcome_and_tomorrow_is_not(client: TestClient) -> None:
    predict(client, "C-1")
    today = datetime.now(UTC).date()
    assert record(client, "C-1", {"outcome": "stayed", "date": today.isoformat()})
    tomorrow = (today + timedelta(days=2)).isoformat()
    (problem,) = record(client, "C-1", {"outcome": "stayed", "date": tomorrow}, 422)["errors"]
    assert problem["message"] == "Date must not be in the future"


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ([], ["Send the outcome as a JSON object"]),
        ({}, ["Outcome must be stayed or churned", "Date must be a day, such as 2026-01-31"]),
        ({"outcome": "left", "date": "2026-01-31"}, ["Outcome must be stayed or churned"]),
        ({"outcome": ["stayed"], "date": "2026-01-31"}, ["Outcome must be stayed or churned"]),
        ({"outcome": "stayed", "date": "31.01.2026"}, ["Date must be a day, such as 2026-01-31"]),
        ({"outcome": "stayed", "date": "2026-02-30"}, ["Date must be a day, such as 2026-01-31"]),
        ({"outcome": "stayed", "date": 20260131}, ["Date must be a day, such as 2026-01-31"]),
        ({"outcome": "stayed", "date": "1899-12-31"}, ["Date must be in 1900 or later"]),
        ({"outcome": "stayed", "date": "2026-01-31", "why": "bill"}, ["Send nothing but outcome and date"]),
    ],
)
def test_a_wrong_outcome_is_explained(client: TestClient, body: Any, messages: list[str]) -> None:
    predict(client, "C-1")
    assert [problem["message"] for problem in record(client, "C-1", body, 422)["errors"]] == messages
    assert get(client, "/customers/C-1")["outcome"] is None


def test_an_erased_customer_is_gone_from_everywhere(client: TestClient) -> None:
    predict(client, "C-1")
    predict(client, "C-2")
    assert client.delete("/customers/C-1").status_code == 204
    assert [entry["id"] for entry in get(client, "/customers", outcome="all")["customers"]] == ["C-2"]
    assert get(client, "/customers/C-1/predictions", 404)["code"] == "customer_not_found"
    assert get(client, "/stats")["total_customers"] == 1
    assert client.delete("/customers/C-1").status_code == 404
