"""After any history, customers are their latest predictions and the portfolio's sums are what a recount gives."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, select

from app.db.steps import step_of
from app.db.tables import customers, portfolio, predictions
from app.predictions.store import insert_predictions
from app.predictions.sums import read_portfolio
from app.telecom.policy import TIERS
from tests.databases import sqlite_only
from tests.factories import a_prediction_row
from tests.portfolio import NOTHING, cells, of, recounted_cells, sums

Rows = Sequence[dict[str, Any]]
PYTHON_US_PER_ROW = 12
"""What a job's transaction of 4,000 rows may add to the database's own time, in processor time of this process."""

some_row = st.builds(
    a_prediction_row,
    customer_id=st.none() | st.sampled_from(["A", "B", "C", "a", "é", "'; --", "%"]),
    tier=st.sampled_from(TIERS),
    churn_probability=st.floats(0, 1),
    clv_cents=st.integers(0, 10**12),
    value_at_risk_cents=st.integers(0, 10**12),
    value_band=st.sampled_from([0, 1]),
    segment=st.sampled_from([-1, 0, 3]),
    monthly_charge_cents=st.none() | st.integers(0, 10**7),
)
some_history = st.lists(st.lists(some_row, max_size=12), max_size=6)


@pytest.fixture
def connection(shared_engine: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back."""
    with shared_engine.connect() as connection:
        yield connection
        connection.rollback()


def check(connection: Connection, history: Iterable[Rows]) -> None:
    """Hold all three tables against a plain reading of the history."""
    rows = [row for batch in history for row in batch]
    latest = {row["customer_id"]: row for row in rows if row["customer_id"] is not None}
    columns = ("prediction_id", "request_id", "tier", "churn_probability", "clv_cents", "value_at_risk_cents",
               "monthly_charge_cents", "value_band", "segment", "last_seen_at")  # fmt: skip
    known = connection.execute(select(customers)).all()
    assert all(row.clv_step == step_of(row.clv_cents) for row in known)
    assert all(row.value_at_risk_step == step_of(row.value_at_risk_cents) for row in known)
    stored = {row.id: tuple(getattr(row, name) for name in columns) for row in known}
    assert stored == {
        key: (row["id"], *(row[name] for name in columns[1:-1]), row["created_at"]) for key, row in latest.items()
    }
    kept = [{column.name: row[column.name] for column in predictions.c} for row in rows]
    assert connection.execute(select(predictions).order_by(predictions.c.id)).mappings().all() == kept
    assert cells(connection) == recounted_cells(connection)


@given(history=some_history)
@settings(max_examples=150, deadline=None)
def test_after_any_history_the_sums_are_a_recount(shared_engine: Engine, history: list[Rows]) -> None:
    with shared_engine.connect() as connection:
        for batch in history:
            insert_predictions(connection, batch)
        check(connection, history)
        connection.rollback()


@given(history=some_history)
@settings(max_examples=50, deadline=None)
def test_how_a_history_is_cut_into_batches_changes_no_sum(shared_engine: Engine, history: list[Rows]) -> None:
    found = []
    for batches in (history, [[row for batch in history for row in batch]]):
        with shared_engine.connect() as connection:
            for batch in batches:
                insert_predictions(connection, batch)
            found.append(cells(connection))
            connection.rollback()
    assert found[0] == found[1]


def test_the_recount_sees_a_wrong_sum(connection: Connection) -> None:
    batch = [a_prediction_row()]
    insert_predictions(connection, batch)
    check(connection, [batch])
    connection.execute(portfolio.update().values(customers=portfolio.c.customers + 1))
    with pytest.raises(AssertionError):
        check(connection, [batch])


def test_of_duplicates_within_a_batch_the_last_counts_once(connection: Connection) -> None:
    batch = [a_prediction_row(tier=tier, clv_cents=100 * place) for place, tier in enumerate(("High", "Medium", "Low"))]
    insert_predictions(connection, batch)
    check(connection, [batch])
    one = of(customers=1, clv_cents=200, value_at_risk_cents=25_000, charged_customers=1, monthly_charge_cents=5_950,
             probability_millionths=100_000)  # fmt: skip
    assert sums(connection) == {"High": NOTHING, "Medium": NOTHING, "Low": one}
    insert_predictions(connection, again := [a_prediction_row(tier="High", clv_cents=7, monthly_charge_cents=None)])
    check(connection, [batch, again])
    one = of(customers=1, clv_cents=7, value_at_risk_cents=25_000, probability_millionths=100_000)
    assert sums(connection) == {"High": one, "Medium": NOTHING, "Low": NOTHING}


def test_predictions_without_a_customer_are_history_only(connection: Connection) -> None:
    batch = [a_prediction_row(customer_id=None) for _ in range(3)]
    insert_predictions(connection, batch)
    check(connection, [batch])
    assert list(sums(connection).values()) == [NOTHING] * 3


def test_nothing_to_insert_changes_nothing(connection: Connection) -> None:
    insert_predictions(connection, [])
    check(connection, [])


def first_seen(connection: Connection) -> str:
    return str(connection.execute(select(customers.c.first_seen_at)).scalar_one())


def test_a_customer_keeps_the_time_it_was_first_seen(connection: Connection) -> None:
    rows = [a_prediction_row() for _ in range(3)]
    for row in rows:
        insert_predictions(connection, [row])
    assert first_seen(connection) == rows[0]["created_at"]


def test_a_new_customer_that_comes_twice_in_one_group_was_first_seen_the_first_time(connection: Connection) -> None:
    rows = [a_prediction_row() for _ in range(2)]
    insert_predictions(connection, rows)
    assert first_seen(connection) == rows[0]["created_at"]


@pytest.mark.parametrize("size", [1, 2, 3, 511, 512, 513, 1023, 1024, 1025, 1500])
def test_any_number_of_customers_is_looked_up(connection: Connection, size: int) -> None:
    known = [a_prediction_row(customer_id=f"C-{number}") for number in range(0, size, 2)]
    batch = [a_prediction_row(customer_id=f"C-{number}", tier=TIERS[number % 3]) for number in range(size)]
    insert_predictions(connection, known)
    insert_predictions(connection, batch)
    check(connection, [known, batch])
    assert sum(row.customers for row in read_portfolio(connection)) == size


def test_looking_up_needs_few_different_statements(connection: Connection) -> None:
    statements: set[str] = set()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            statements.add(statement)

    event.listen(connection, "before_cursor_execute", note)
    for size in range(1, 1500, 37):
        insert_predictions(connection, [a_prediction_row(customer_id=f"{size}-{number}") for number in range(size)])
    assert 1 < len(statements) <= 10
    assert max(statement.count("?") + statement.count("%s") for statement in statements) == 512


def test_the_portfolio_is_a_row_a_cell_whatever_it_sums(connection: Connection) -> None:
    for _ in range(2):
        rows = [
            a_prediction_row(
                customer_id=str(number), tier=TIERS[number % 3], value_band=number % 2, segment=number % 5 - 1
            )
            for number in range(60)
        ]
        insert_predictions(connection, rows)
        assert {row.tier for row in read_portfolio(connection)} == set(TIERS)
        assert len(read_portfolio(connection)) == len(TIERS) * 2 * 5


def test_who_moves_to_another_cell_is_in_the_sums_of_one(connection: Connection) -> None:
    for band, segment in ((0, -1), (1, -1), (1, 2), (0, 2)):
        insert_predictions(connection, [a_prediction_row(value_band=band, segment=segment)])
        assert {cell: figures["customers"] for cell, figures in cells(connection).items()} == {
            ("Low", band, segment): 1
        }


def test_probabilities_are_summed_exactly(connection: Connection) -> None:
    rows = [a_prediction_row(customer_id=str(number), churn_probability=number / 1e6) for number in range(1, 1_000)]
    insert_predictions(connection, rows)
    assert sums(connection)["Low"]["probability_millionths"] == sum(range(1, 1_000))


def test_a_row_without_one_of_its_columns_is_refused(engine: Engine) -> None:
    incomplete = a_prediction_row()
    del incomplete["monthly_charge_cents"]
    with pytest.raises(KeyError), engine.begin() as connection:
        insert_predictions(connection, [a_prediction_row(customer_id="C-2"), incomplete])
    with engine.connect().execution_options(read_only=True) as connection:
        check(connection, [])


def test_a_newer_answer_that_overtook_a_batch_stays_the_latest(engine: Engine) -> None:
    early, late = (
        a_prediction_row(customer_id="C-1", id=f"0199-{place}", tier=tier) for place, tier in ((1, "Low"), (2, "High"))
    )
    for row in (late, early):
        with engine.begin() as connection:
            insert_predictions(connection, [row])
    with engine.connect().execution_options(read_only=True) as connection:
        assert connection.execute(select(customers.c.prediction_id, customers.c.tier)).all() == [("0199-2", "High")]
        assert {tier: figures["customers"] for tier, figures in sums(connection).items()} == {
            "Low": 0,
            "Medium": 0,
            "High": 1,
        }


def a_batch(size: int, prefix: str = "C", **changes: Any) -> list[dict[str, Any]]:
    return [a_prediction_row(customer_id=f"{prefix}-{number}", **changes) for number in range(size)]


@pytest.mark.parametrize(
    ("before", "batch", "repeated"),
    [
        ([], [("A", "job"), ("B", "job")], 0),
        ([], [("A", "job"), ("B", "job"), ("A", "job"), ("A", "job")], 2),
        ([("A", "job")], [("A", "job"), ("B", "job")], 1),
        ([("A", "job")], [("A", "job"), ("A", "job")], 2),
        ([("A", "a request")], [("A", "job")], 0),
        ([], [("A", "a request"), ("A", "another request")], 0),
        ([], [(None, "job"), (None, "job")], 0),
    ],
)
def test_customers_who_come_again_in_one_job_are_counted(
    connection: Connection, before: list[tuple[str, str]], batch: list[tuple[str, str]], repeated: int
) -> None:
    insert_predictions(connection, [a_prediction_row(customer_id=key, request_id=asked) for key, asked in before])
    rows = [a_prediction_row(customer_id=key, request_id=asked) for key, asked in batch]
    assert insert_predictions(connection, rows) == repeated


@sqlite_only
def test_a_bulk_transaction_costs_little_more_than_the_database_itself(engine: Engine) -> None:
    spent = []
    for number in range(3):
        rows = a_batch(4_000, prefix=str(number), request_id="job")
        with engine.begin() as connection:
            begin = time.thread_time()
            insert_predictions(connection, rows)
            whole = time.thread_time() - begin
        spent.append((whole - _database_seconds(engine, rows)) / len(rows) * 1e6)
    assert min(spent) <= PYTHON_US_PER_ROW


def _database_seconds(engine: Engine, rows: Rows) -> float:
    """Time the driver for the same statements with the values at hand; they are taken back."""
    statements: list[tuple[str, Any, bool]] = []

    def note(_c: object, _u: object, statement: str, values: Any, _x: object, many: bool) -> None:
        statements.append((statement, values, many))

    fresh = [{**row, "id": f"f{row['id'][1:]}", "customer_id": f"f{row['customer_id']}"} for row in rows]
    with engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", note)
        insert_predictions(connection, fresh)
        connection.rollback()
        cursor: Any = connection.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        begin = time.thread_time()
        for statement, values, many in statements:
            if not statement.startswith("BEGIN"):
                (cursor.executemany if many else cursor.execute)(statement, values)
        seconds = time.thread_time() - begin
        cursor.execute("ROLLBACK")
    return seconds
