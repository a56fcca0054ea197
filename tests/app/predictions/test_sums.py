"""The portfolio keeps how each day closed, once, whatever the order in which frames are stored."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, select

from app.db.tables import portfolio, portfolio_history
from app.predictions import sums
from app.predictions.sums import CHURNED, Shifts, read_days, read_portfolio
from app.telecom.policy import TIERS


@pytest.fixture
def connection(shared_engine: Engine) -> Iterator[Connection]:
    with shared_engine.connect() as connection:
        yield connection
        connection.rollback()


def join(
    connection: Connection, now: str, tier: str = "Low", outcome: str | None = None, value_band: int = 0,
    segment: int = -1,
) -> None:  # fmt: skip
    """Let one customer join the sums at a moment."""
    shifts = Shifts()
    shifts.move(1, outcome, tier, value_band, segment, 1_000, 100, None, 0.25)
    shifts.apply(connection, now)


def days(connection: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in read_days(connection) if tuple(row)[2:] != (0, 0, 0, 0)]


def test_the_first_change_of_a_day_keeps_how_the_day_before_closed(connection: Connection) -> None:
    for now in ("2026-01-01T00:00:00.000000Z", "2026-01-01T23:59:59.999999Z"):
        join(connection, now)
    assert days(connection) == []
    join(connection, "2026-01-02T00:00:00.000000Z", outcome=CHURNED)
    assert days(connection) == [("2026-01-01", "Low", 2, 2_000, 200, 0)]
    join(connection, "2026-01-02T09:00:00.000000Z", tier="High")
    join(connection, "2026-01-05T09:00:00.000000Z")
    assert sorted(days(connection)) == [
        ("2026-01-01", "Low", 2, 2_000, 200, 0),
        ("2026-01-02", "High", 1, 1_000, 100, 0),
        ("2026-01-02", "Low", 2, 2_000, 200, 1),
    ]


def test_a_day_has_a_row_for_every_tier(connection: Connection) -> None:
    join(connection, "2026-01-01T00:00:00.000000Z")
    join(connection, "2026-01-02T00:00:00.000000Z")
    assert {row.tier for row in read_days(connection)} == set(TIERS)


def test_a_day_sums_the_cells_of_a_tier(connection: Connection) -> None:
    for value_band, segment in ((0, -1), (1, 0), (1, 1)):
        join(connection, "2026-01-01T00:00:00.000000Z", value_band=value_band, segment=segment)
    join(connection, "2026-01-02T00:00:00.000000Z", value_band=1, segment=7)
    assert days(connection) == [("2026-01-01", "Low", 3, 3_000, 300, 0)]
    assert len(read_days(connection)) == len(TIERS)


def test_a_cell_is_begun_by_its_first_customer(connection: Connection) -> None:
    before = len(read_portfolio(connection))
    join(connection, "2026-01-01T00:00:00.000000Z", value_band=1, segment=5)
    (new,) = [row for row in read_portfolio(connection) if row.segment == 5]
    assert (new.tier, new.value_band, new.customers, new.probability_millionths) == ("Low", 1, 1, 250_000)
    assert new.updated_at == "2026-01-01T00:00:00.000000Z"
    assert len(read_portfolio(connection)) == before + 1


def test_a_frame_of_yesterday_that_comes_late_opens_no_day_again(connection: Connection) -> None:
    join(connection, "2026-01-01T00:00:00.000000Z")
    join(connection, "2026-01-02T00:00:00.000000Z")
    join(connection, "2026-01-01T23:00:00.000000Z")
    assert connection.execute(select(func.max(portfolio.c.updated_at))).scalar() == "2026-01-02T00:00:00.000000Z"
    join(connection, "2026-01-03T00:00:00.000000Z")
    assert days(connection) == [("2026-01-01", "Low", 1, 1_000, 100, 0), ("2026-01-02", "Low", 3, 3_000, 300, 0)]


def test_nothing_moved_is_nothing_written(connection: Connection) -> None:
    Shifts().apply(connection, "2026-01-01T00:00:00.000000Z")
    assert connection.execute(select(func.max(portfolio.c.updated_at))).scalar() is None


def test_the_latest_days_are_read_oldest_first(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "MOST_DAYS", 4)
    row = {"tier": "Low", "customers": 1, "clv_cents": 1, "value_at_risk_cents": 1, "churned_customers": 0}
    connection.execute(portfolio_history.insert(), [{"day": f"2026-01-{day:02}", **row} for day in range(1, 10)])
    assert [row.day for row in read_days(connection)] == ["2026-01-07", "2026-01-08", "2026-01-09"]


def test_a_day_is_closed_even_if_the_first_to_try_is_taken_back(engine: Engine) -> None:
    with engine.begin() as connection:
        join(connection, "2026-01-01T00:00:00.000000Z")
    for _ in range(2):
        with engine.connect() as connection:
            join(connection, "2026-01-02T00:00:00.000000Z")
            join(connection, "2026-01-02T00:00:01.000000Z")
            connection.rollback()
    for hour in range(3):
        with engine.begin() as connection:
            join(connection, f"2026-01-02T0{hour}:00:00.000000Z")
    with engine.connect().execution_options(read_only=True) as connection:
        assert days(connection) == [("2026-01-01", "Low", 1, 1_000, 100, 0)]


def test_a_day_is_looked_at_once(engine: Engine) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    for minute in range(10, 20):
        with engine.begin() as connection:
            join(connection, f"2026-01-01T00:{minute}:00.000000Z")
    assert sum("portfolio_history" in statement for statement in statements) <= engine.pool.size()  # type: ignore[attr-defined]
