"""Paging through any list gives every matching customer once, in the order of a plain sort, and takes its own way."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, select

from app.customers import lists
from app.customers.lists import Filters, Order, position, read_page
from app.db.engine import open_engine
from app.db.tables import customers
from app.predictions.store import insert_predictions
from app.predictions.sums import CHURNED, STAYED
from app.telecom.policy import TIERS, VALUE_BANDS
from tests.app.customers.histories import Step, leave, some_history, store_customers, tell
from tests.databases import migrated
from tests.factories import a_prediction_row

SORTS = ("value_at_risk", "probability", "clv", "last_seen")
COLUMNS = {
    "value_at_risk": "value_at_risk_cents",
    "probability": "churn_probability",
    "clv": "clv_cents",
    "last_seen": "last_seen_at",
}
STEPPED = {"value_at_risk": "value_at_risk_step", "clv": "clv_step"}
INDEXED = COLUMNS | STEPPED
some_filters = st.builds(
    Filters,
    tier=st.none() | st.sampled_from(TIERS),
    prefix=st.sampled_from(["", "A", "AA", "é", "%", "_", "nobody", "'"]),
    min_clv_cents=st.integers(0, 5) | st.sampled_from([131_000, 2**63 - 1]),
    standing=st.sampled_from(["current", "left", "all"]),
    value_band=st.none() | st.sampled_from(VALUE_BANDS),
    segment=st.none() | st.integers(0, 2),
)
some_order = st.builds(Order, sort=st.sampled_from(SORTS), descending=st.booleans())


def naive(connection: Connection, filters: Filters, order: Order) -> list[str]:
    """What a list ought to show, sorted in Python: ids by their bytes."""
    rows = [
        row
        for row in connection.execute(select(customers)).mappings()
        if filters.tier in (None, row["tier"])
        and row["id"].startswith(filters.prefix)
        and row["clv_cents"] >= filters.min_clv_cents
        and filters.value_band in (None, VALUE_BANDS[row["value_band"]])
        and filters.segment in (None, row["segment"])
        and {"current": row["outcome"] != CHURNED, "left": row["outcome"] == CHURNED, "all": True}[filters.standing]
    ]
    column = COLUMNS[order.sort]
    rows.sort(key=lambda row: (row[column], row["id"].encode()), reverse=order.descending)
    return [row["id"] for row in rows]


def paged(connection: Connection, filters: Filters, order: Order, limit: int) -> Iterator[str]:
    """Ids of a list, page by page."""
    after = None
    while rows := read_page(connection, filters, order, after, limit):
        assert len(rows) <= limit
        yield from (row["id"] for row in rows)
        after = position(rows[-1], order)


@given(history=some_history, filters=some_filters, order=some_order, limit=st.integers(1, 5), few=st.booleans())
@settings(max_examples=250, deadline=None)
def test_pages_are_the_sorted_list(
    shared_engine: Engine, history: list[Step], filters: Filters, order: Order, limit: int, few: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch, shared_engine.connect() as connection:
        if few:
            patch.setattr(lists, "_FEW_BY_ID", 1)
            patch.setattr(lists, "_FEW_BY_ID_IN_TIME", 1)
            patch.setattr(lists, "_FEW_BY_VALUE", 1)
        tell(connection, history)
        assert list(paged(connection, filters, order, limit)) == naive(connection, filters, order)
        connection.rollback()


@pytest.mark.parametrize(("least", "apart"), [(0, 1), (100_000, 300)], ids=["a step an amount", "amounts in a step"])
def test_every_combination_pages_through_hundreds(connection: Connection, least: int, apart: int) -> None:
    rows = [
        a_prediction_row(
            customer_id=f"{'AB'[number % 2]}-{number * 7 % 300}", tier=TIERS[number % 3],
            clv_cents=least + number % 11 * apart,
            churn_probability=number % 7 / 7, value_at_risk_cents=least + number % 13 * apart,
            value_band=number // 2 % 2, segment=number // 3 % 4 - 1,
        )
        for number in range(300)
    ]  # fmt: skip
    insert_predictions(connection, rows)
    leave(connection, *(row["customer_id"] for row in rows[::5]))
    narrow: Iterator[Any] = itertools.cycle([("standard", None), (None, 2), ("high", 0)])
    non_empty = 0
    for tier, prefix, minimum, standing, sort, descending in itertools.product(
        (None, "High"), ("", "A-1"), (0, least + 6 * apart), ("current", "left", "all"), SORTS, (True, False)
    ):
        for group in ((None, None), next(narrow)):
            filters, order = Filters(tier, prefix, minimum, standing, *group), Order(sort, descending)  # type: ignore[arg-type]
            found = list(paged(connection, filters, order, 31))
            assert found == naive(connection, filters, order)
            assert found or group != (None, None)
            non_empty += bool(found)
    assert non_empty > 300


def test_a_prefix_is_literal(connection: Connection) -> None:
    store_customers(connection, "10%", "100", "1_0", "a", "A", "ä", "\ufffd")
    for prefix, expected in (("10%", ["10%"]), ("1_", ["1_0"]), ("a", ["a"]), ("ä", ["ä"]), ("\ufffd", ["\ufffd"])):
        assert [row["id"] for row in read_page(connection, Filters(prefix=prefix), Order(), None, 9)] == expected


def test_a_customer_that_moves_is_at_its_new_place(connection: Connection) -> None:
    store_customers(connection, "A", value_at_risk_cents=1)
    store_customers(connection, "B", value_at_risk_cents=2)
    store_customers(connection, "A", value_at_risk_cents=3)
    assert [row["id"] for row in read_page(connection, Filters(), Order(), None, 9)] == ["A", "B"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A file with enough customers for the database to prefer one way over another."""
    url = f"sqlite:///{tmp_path_factory.mktemp('filled') / 'telelink.db'}"
    with migrated(url) as engine, engine.begin() as connection:
        for place, tier in enumerate(TIERS):
            ids = [f"C-{number:05}" for number in range(place, 3_000, len(TIERS))]
            store_customers(connection, *ids, tier=tier, segment=1)
            leave(connection, ids[-1])
            leave(connection, ids[-2], outcome=STAYED)
    engine = open_engine(url)
    yield engine
    engine.dispose()


def plans(engine: Engine, filters: Filters, order: Order) -> list[str]:
    """How SQLite finds each page's customers, statement by statement."""
    statements: list[tuple[str, Any]] = []

    def note(_c: object, _u: object, statement: str, values: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, values))

    with engine.connect().execution_options(read_only=True) as connection:
        event.listen(connection, "before_cursor_execute", note)
        first = read_page(connection, filters, order, None, 50)
        if first:
            read_page(connection, filters, order, position(first[-1], order), 50)
        explained = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values) for sql, values in statements]
        return [row[3] for rows in list(explained) for row in rows]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("prefix", ["", "C-0"])
@pytest.mark.parametrize("minimum", [0, 1])
@pytest.mark.parametrize("standing", ["current", "all"])
@pytest.mark.parametrize("group", [(None, None), ("standard", 1)])
def test_a_walk_follows_the_index_of_its_list_and_sorts_nothing_but_the_page(
    filled: Engine, monkeypatch: pytest.MonkeyPatch, sort: Any, descending: bool, prefix: str, minimum: int,
    standing: Any, group: Any,
) -> None:  # fmt: skip
    monkeypatch.setattr(lists, "_FEW_BY_ID", 1)
    monkeypatch.setattr(lists, "_FEW_BY_ID_IN_TIME", 1)
    monkeypatch.setattr(lists, "_FEW_BY_VALUE", 1)
    steps = plans(filled, Filters(None, prefix, minimum, standing, *group), Order(sort, descending))
    used = [step for step in steps if "customers" in step]
    walks = [step for step in used if f"COVERING INDEX ix_customers_by_{INDEXED[sort]} " in step]
    others = [step for step in used if step not in walks]
    streams = 9 if standing == "all" else 6
    assert len(walks) >= streams * 2
    if sort in STEPPED:
        assert len([step for step in walks if f"{INDEXED[sort]}=?" in step]) >= streams * 2
    # Beside the walks: two probes that stop at the second row, and the page's own rows by their ids.
    assert not [step for step in others if step.startswith("SCAN customers")]
    assert all("PRIMARY KEY" in step or "ix_customers_by_clv_step " in step for step in others), others


def test_a_segment_that_nobody_is_in_is_not_looked_for(filled: Engine) -> None:
    assert not [step for step in plans(filled, Filters(segment=7), Order()) if "customers" in step]
    assert not [step for step in plans(filled, Filters(tier="High", value_band="high"), Order()) if "customers" in step]


@pytest.mark.parametrize("sort", SORTS)
def test_few_ids_are_found_by_their_ids(filled: Engine, sort: Any) -> None:
    steps = plans(filled, Filters(prefix="C-0001", value_band="standard", segment=1), Order(sort))
    used = [step for step in steps if "customers" in step]
    assert used
    assert all("PRIMARY KEY" in step for step in used), used


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Customers of one tier: of amounts all over the steps, and hundreds who are worth nothing."""
    url = f"sqlite:///{tmp_path_factory.mktemp('spread') / 'telelink.db'}"
    with migrated(url) as engine, engine.begin() as connection:
        amounts = [0 if number % 5 == 0 else 10_000 + number * 7_919 % 600_000 for number in range(4_000)]
        insert_predictions(
            connection,
            [
                a_prediction_row(customer_id=f"C-{number:05}", clv_cents=amount, value_at_risk_cents=amount // 3)
                for number, amount in enumerate(amounts)
            ],
        )
    engine = open_engine(url)
    with engine.connect().execution_options(read_only=True) as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize("sort", STEPPED)
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("minimum", [0, 10_000])
def test_the_last_page_costs_what_the_first_does(
    spread: Connection, monkeypatch: pytest.MonkeyPatch, sort: Any, descending: bool, minimum: int
) -> None:
    monkeypatch.setattr(lists, "_FEW_BY_VALUE", 1)
    filters, order = Filters(min_clv_cents=minimum), Order(sort, descending)
    hundreds: list[int] = []
    driver: Any = spread.connection.driver_connection
    driver.set_progress_handler(lambda: hundreds.append(1) and None, 100)
    costs, after = [], None
    while rows := read_page(spread, filters, order, after, 50):
        after = position(rows[-1], order)
        costs.append(len(hundreds))
        hundreds.clear()
    driver.set_progress_handler(None, 0)
    assert len(costs) == (3_200 if minimum else 4_000) // 50
    # In hundreds of SQLite's steps; reading everybody behind a position takes five times as many.
    assert max(costs) < 150, costs
