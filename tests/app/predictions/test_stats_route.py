"""GET /stats: from what is stored, each customer's latest prediction, and null where nothing can be known."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.telecom.features import USD_PER_MINUTE
from tests.conftest import StartService
from tests.factories import a_core_customer, a_customer

EMPTY = {
    "total_customers": 0,
    "active_customers": None,
    "churned_customers": None,
    "churn_rate": None,
    "avg_clv": None,
    "monthly_revenue": None,
    "monthly_revenue_customers": 0,
    "value_at_risk_usd": 0,
    "updated_at": None,
    "high_risk_customers": 0,
    "medium_risk_customers": 0,
    "low_risk_customers": 0,
}
LEAVER = {"customerServiceCalls": 9, "internationalPlan": "yes", "totalDayMinutes": 330, "totalIntlMinutes": 15}
EXAMPLE_CHARGE_USD = 75.56  # 265.1 x 0.17 + 197.4 x 0.085 + 244.7 x 0.045 + 10 x 0.27


def stats(client: TestClient) -> dict[str, Any]:
    answer = client.get("/stats")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return dict(answer.json())


def predict(client: TestClient, customer: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/predict", json=customer)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def counted(figures: dict[str, Any]) -> dict[str, int]:
    return {tier: figures[f"{tier.lower()}_risk_customers"] for tier in ("Low", "Medium", "High")}


def test_without_predictions_nothing_is_made_up(client: TestClient) -> None:
    assert stats(client) == EMPTY


def test_one_customer_with_minutes(client: TestClient) -> None:
    answer = predict(client, a_customer(customerId="C-1"))
    assert list(USD_PER_MINUTE.values()) == [0.17, 0.085, 0.045, 0.27]
    found = stats(client)
    assert found.pop("updated_at") <= datetime.now(UTC).isoformat()
    assert found == {name: value for name, value in EMPTY.items() if name != "updated_at"} | {
        "total_customers": 1,
        "avg_clv": answer["estimated_clv"],
        "value_at_risk_usd": answer["value_at_risk_usd"],
        "monthly_revenue": EXAMPLE_CHARGE_USD,
        "monthly_revenue_customers": 1,
        f"{answer['churn_risk'].lower()}_risk_customers": 1,
    }


def test_without_minutes_the_revenue_is_unknown_and_not_zero(client: TestClient) -> None:
    answer = predict(client, a_core_customer(customerId="C-1"))
    found = stats(client)
    assert (found["total_customers"], found["avg_clv"]) == (1, answer["estimated_clv"])
    assert (found["monthly_revenue"], found["monthly_revenue_customers"]) == (None, 0)


def test_revenue_covers_the_customers_whose_minutes_are_known(client: TestClient) -> None:
    answers = [
        predict(client, a_customer(customerId="C-1")),
        predict(client, a_customer(customerId="C-2")),
        predict(client, a_core_customer(customerId="C-3")),
    ]
    found = stats(client)
    assert (found["total_customers"], found["monthly_revenue_customers"]) == (3, 2)
    assert found["monthly_revenue"] == pytest.approx(2 * EXAMPLE_CHARGE_USD)
    assert found["avg_clv"] == pytest.approx(sum(each["estimated_clv"] for each in answers) / 3, abs=0.005)


def test_a_customer_without_use_has_a_known_revenue_of_nothing(client: TestClient) -> None:
    idle = dict.fromkeys(("totalDayMinutes", "totalEveMinutes", "totalNightMinutes", "totalIntlMinutes"), 0)
    predict(client, a_customer(customerId="C-1", **idle))
    found = stats(client)
    assert (found["monthly_revenue"], found["monthly_revenue_customers"]) == (0, 1)


def test_the_latest_prediction_of_a_customer_replaces_the_one_before(client: TestClient) -> None:
    first = predict(client, a_customer(customerId="C-1"))
    second = predict(client, a_customer(customerId="C-1", **LEAVER))
    assert (first["churn_risk"], second["churn_risk"]) == ("Low", "High")
    found = stats(client)
    assert (found["total_customers"], counted(found)) == (1, {"Low": 0, "Medium": 0, "High": 1})
    assert found["avg_clv"] == second["estimated_clv"]
    predict(client, a_core_customer(customerId="C-1"))
    found = stats(client)
    assert (found["total_customers"], found["monthly_revenue"], found["monthly_revenue_customers"]) == (1, None, 0)


def test_a_prediction_about_nobody_counts_nobody(client: TestClient) -> None:
    predict(client, a_customer())
    predict(client, a_customer(customerId=""))
    assert stats(client) == EMPTY


def test_a_batch_counts_as_its_customers_do_one_by_one(start_service: StartService, tmp_path: Path) -> None:
    ids = ["A", "B", "A", None, "C"]
    changes: list[dict[str, Any]] = [{}, LEAVER, LEAVER, {}, {"accountLength": 300}]
    customers = [a_customer(customerId=key, **change) for key, change in zip(ids, changes, strict=True)]
    batch, single = start_service(data_dir=tmp_path / "batch"), start_service(data_dir=tmp_path / "single")
    assert batch.post("/batch-predict", json=customers).status_code == 200
    for customer in customers:
        predict(single, customer)
    assert stats(batch) | {"updated_at": None} == stats(single) | {"updated_at": None}
    assert stats(batch)["total_customers"] == 3


def test_a_refused_batch_counts_nobody(client: TestClient) -> None:
    refused = client.post("/batch-predict", json=[a_customer(customerId="C-1"), a_customer(state="ZZ")])
    assert refused.status_code == 422
    assert stats(client) == EMPTY


def test_the_figures_outlive_the_process(start_service: StartService) -> None:
    before = start_service()
    predict(before, a_customer(customerId="C-1"))
    assert stats(start_service()) == stats(before)


def test_the_figures_are_those_of_the_stored_rows(client: TestClient, tmp_path: Path) -> None:
    for number in range(6):
        change = LEAVER if number % 2 else {}
        predict(client, a_customer(customerId=f"C-{number % 4}", **change))
    with closing(sqlite3.connect(tmp_path / "data" / "telelink.db")) as connection:
        latest = connection.execute(
            "SELECT tier, clv_cents, monthly_charge_cents FROM predictions WHERE id IN"
            " (SELECT max(id) FROM predictions GROUP BY customer_id)"
        ).fetchall()
    found = stats(client)
    assert found["total_customers"] == len(latest) == 4
    assert counted(found) == {tier: sum(row[0] == tier for row in latest) for tier in ("Low", "Medium", "High")}
    assert found["avg_clv"] == pytest.approx(sum(row[1] for row in latest) / 4 / 100, abs=0.005)
    assert found["monthly_revenue"] == pytest.approx(sum(row[2] for row in latest) / 100)


def test_an_unreadable_database_is_said(client: TestClient, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "data" / "telelink.db")) as connection:
        connection.execute("DROP TABLE portfolio")
    answer = client.get("/stats")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"].isdecimal()


def test_without_predictions_there_is_no_day(client: TestClient) -> None:
    answer = client.get("/stats/history")
    assert (answer.status_code, answer.json()) == (200, {"days": []})


def test_the_running_day_is_the_last_of_the_history(client: TestClient) -> None:
    answer = predict(client, a_customer(customerId="C-1"))
    (day,) = client.get("/stats/history").json()["days"]
    assert day == {
        "day": stats(client)["updated_at"][:10],
        "high_risk_customers": 0,
        "medium_risk_customers": 0,
        "low_risk_customers": 1,
        "value_at_risk_usd": answer["value_at_risk_usd"],
        "churned_customers": 0,
    }


def test_an_unreadable_history_is_said(client: TestClient, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "data" / "telelink.db")) as connection:
        connection.execute("DROP TABLE portfolio_history")
    answer = client.get("/stats/history")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
