"""After any history, customers are their latest predictions and the portfolio's sums are what a recount gives."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, func, select

from app.db.engine import open_engine
from app.db.tables import customers, portfolio, predictions
from app.db.upgrade import upgrade
from app.predictions.store import insert_predictions, read_portfolio
from app.telecom.policy import TIERS
from tests.factories import a_prediction_row

Rows = Sequence[dict[str, Any]]
ZERO = (0, 0, 0, 0)

some_row = st.builds(
    a_prediction_row,
    customer_id=st.none() | st.sampled_from(["A", "B", "C", "a", "é", "'; --", "%"]),
    tier=st.sampled_from(TIERS),
    clv_cents=st.integers(0, 10**12),
    monthly_charge_cents=st.none() | st.integers(0, 10**7),
)
some_history = st.lists(st.lists(some_row, max_size=12), max_size=6)


@pytest.fixture(scope="module")
def shared_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One database for many examples; each is rolled back."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('store') / 'telelink.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(shared_engine: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back."""
    with shared_engine.connect() as connection:
        yield connection
        connection.rollback()


def sums(connection: Connection) -> dict[str, tuple[int, ...]]:
    """What the portfolio says."""
    return {row.tier: tuple(row[1:]) for row in connection.execute(select(portfolio))}


def recount(connection: Connection) -> dict[str, tuple[int, ...]]:
    """What the portfolio ought to say."""
    charge = customers.c.monthly_charge_cents
    counted = connection.execute(
        select(customers.c.tier, func.count(), func.sum(customers.c.clv_cents), func.count(charge),
               func.coalesce(func.sum(charge), 0)).group_by(customers.c.tier)
    )  # fmt: skip
    return dict.fromkeys(TIERS, ZERO) | {row[0]: tuple(row[1:]) for row in counted}


def check(connection: Connection, history: Iterable[Rows]) -> None:
    """Hold all three tables against a plain reading of the history."""
    rows = [row for batch in history for row in batch]
    latest = {row["customer_id"]: row for row in rows if row["customer_id"] is not None}
    columns = ("prediction_id", "tier", "clv_cents", "monthly_charge_cents", "last_seen_at")
    stored = {row.id: tuple(getattr(row, name) for name in columns) for row in connection.execute(select(customers))}
    assert stored == {
        key: (row["id"], row["tier"], row["clv_cents"], row["monthly_charge_cents"], row["created_at"])
        for key, row in latest.items()
    }
    assert connection.execute(select(predictions)).mappings().all() == rows
    assert sums(connection) == recount(connection)


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
            found.append(sums(connection))
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
    assert sums(connection) == {"High": ZERO, "Medium": ZERO, "Low": (1, 200, 1, 5_950)}
    insert_predictions(connection, again := [a_prediction_row(tier="High", clv_cents=7, monthly_charge_cents=None)])
    check(connection, [batch, again])
    assert sums(connection) == {"High": (1, 7, 0, 0), "Medium": ZERO, "Low": ZERO}


def test_predictions_without_a_customer_are_history_only(connection: Connection) -> None:
    batch = [a_prediction_row(customer_id=None) for _ in range(3)]
    insert_predictions(connection, batch)
    check(connection, [batch])
    assert set(sums(connection).values()) == {ZERO}


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
    assert max(statement.count("?") for statement in statements) == 512


def test_the_portfolio_is_three_rows_whatever_it_sums(connection: Connection) -> None:
    insert_predictions(connection, [a_prediction_row(customer_id=str(number)) for number in range(50)])
    assert {row.tier for row in read_portfolio(connection)} == set(TIERS)
    assert len(read_portfolio(connection)) == len(TIERS)


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
        assert {row.tier: row.customers for row in read_portfolio(connection)} == {"Low": 0, "Medium": 0, "High": 1}
