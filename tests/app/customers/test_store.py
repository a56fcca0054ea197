"""Whatever happens to customers, the portfolio is a recount of them; outcomes replace, erasures leave no row."""

from typing import Any

import pytest
from hypothesis import given, settings
from sqlalchemy import Connection, Engine, func, select

from app.customers.store import erase_customers, find, read_latest, read_predictions, record_outcomes
from app.db.tables import customers, portfolio, predictions
from app.predictions.store import insert_predictions
from app.predictions.sums import CHURNED, STAYED
from tests.app.customers.histories import NOW, Step, leave, some_history, store_customers, tell
from tests.factories import a_prediction_row
from tests.portfolio import NOTHING, cells, of, recounted_cells, sums

KNOWN = of(customers=1, clv_cents=250_000, value_at_risk_cents=25_000, charged_customers=1, monthly_charge_cents=5_950,
           probability_millionths=100_000)  # fmt: skip


@given(history=some_history)
@settings(max_examples=80, deadline=None)
def test_after_any_history_the_sums_are_a_recount(shared_engine: Engine, history: list[Step]) -> None:
    with shared_engine.connect() as connection:
        tell(connection, history)
        assert cells(connection) == recounted_cells(connection)
        connection.rollback()


def low(connection: Connection) -> dict[str, int]:
    return sums(connection)["Low"]


def test_who_left_is_only_counted_as_such(connection: Connection) -> None:
    store_customers(connection, "C-1")
    leave(connection, "C-1")
    assert low(connection) == of(churned_customers=1)


def test_who_stayed_stays_in_every_sum(connection: Connection) -> None:
    store_customers(connection, "C-1")
    leave(connection, "C-1", outcome=STAYED)
    assert low(connection) == KNOWN | {"stayed_customers": 1}


def test_an_outcome_can_be_corrected_both_ways(connection: Connection) -> None:
    store_customers(connection, "C-1")
    for outcome, expected in ((CHURNED, of(churned_customers=1)), (STAYED, KNOWN | {"stayed_customers": 1})) * 2:
        leave(connection, "C-1", outcome=outcome)
        assert low(connection) == expected


def test_a_prediction_about_someone_who_left_moves_only_where_they_are_counted(connection: Connection) -> None:
    store_customers(connection, "C-1")
    leave(connection, "C-1")
    store_customers(connection, "C-1", tier="High")
    assert sums(connection) == {"Low": NOTHING, "Medium": NOTHING, "High": of(churned_customers=1)}
    row = find(connection, "C-1")
    assert row is not None
    assert (row["outcome"], row["outcome_on"], row["tier"]) == (CHURNED, "2026-01-31", "High")


def updated_at(connection: Connection) -> Any:
    return connection.execute(select(func.max(portfolio.c.updated_at))).scalar_one()


def test_what_is_recorded_already_changes_nothing(connection: Connection) -> None:
    store_customers(connection, "C-1")
    leave(connection, "C-1")
    before = updated_at(connection)
    assert before == NOW
    record_outcomes(
        connection,
        [{"customer_id": "C-1", "outcome": CHURNED, "outcome_on": "2026-01-31", "now": "2027-01-01T00:00:00.000000Z"}],
    )
    assert updated_at(connection) == before


def test_nobody_is_told_apart(connection: Connection) -> None:
    store_customers(connection, "C-1")
    entries = [
        {"customer_id": key, "outcome": CHURNED, "outcome_on": "2026-01-31", "now": NOW} for key in ("C-1", "C-2")
    ]
    record_outcomes(connection, entries)
    assert [entry["found"] for entry in entries] == [True, False]
    erase_customers(connection, entries)
    assert [entry["found"] for entry in entries] == [True, False]
    erase_customers(connection, entries)
    assert [entry["found"] for entry in entries] == [False, False]


def test_an_erased_customer_leaves_no_row_and_others_keep_theirs(connection: Connection) -> None:
    for _ in range(3):
        store_customers(connection, "C-1", "C-2")
    insert_predictions(connection, [a_prediction_row(customer_id=None)])
    erase_customers(connection, [{"customer_id": "C-1", "now": NOW}])
    assert find(connection, "C-1") is None
    assert read_predictions(connection, "C-1", None, 10) == []
    assert connection.execute(select(customers.c.id)).scalars().all() == ["C-2"]
    assert connection.execute(select(func.count()).select_from(predictions)).scalar() == 4
    assert low(connection) == KNOWN


def test_a_customer_is_found_with_the_latest_prediction(connection: Connection) -> None:
    rows = [a_prediction_row(customer_id="C-1", request_id=f"request-{number}") for number in range(3)]
    insert_predictions(connection, rows)
    row = find(connection, "C-1")
    assert row is not None
    assert row["id"] == rows[-1]["id"]
    assert row["request_id"] == "request-2"
    assert (row["first_seen_at"], row["last_seen_at"]) == (rows[0]["created_at"], rows[-1]["created_at"])
    assert find(connection, "c-1") is None


def test_predictions_come_newest_first_in_pages(connection: Connection) -> None:
    rows = [a_prediction_row(customer_id="C-1") for _ in range(5)]
    insert_predictions(connection, [*rows, a_prediction_row(customer_id="C-2")])
    found: list[str] = []
    while page := read_predictions(connection, "C-1", found[-1] if found else None, 2):
        found += [row["id"] for row in page]
    assert found == [row["id"] for row in reversed(rows)]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_predictions_are_read_by_their_ids(connection: Connection, count: int) -> None:
    rows = [a_prediction_row() for _ in range(3)]
    insert_predictions(connection, rows)
    wanted = [row["id"] for row in rows[:count]]
    assert read_latest(connection, wanted).keys() == set(wanted)
