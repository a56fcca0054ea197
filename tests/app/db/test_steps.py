"""Steps keep the order of amounts, are narrow, and are the same in Python and in the migration's SQL."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, insert, select, text

from app.db.steps import is_exact, step_of
from app.db.tables import customers
from app.db.upgrade import upgrade
from tests.app.db.migrating import downgrade

AMOUNTS = (-1, 0, 1, 127, 128, 129, 255, 256, 10_000, 1_234_567, 2**36, 2**37 - 1, 2**37, 2**37 + 1, 2**50, 2**63 - 1)
some_amount = st.integers(-1_000, 2**40) | st.sampled_from(AMOUNTS)


@given(one=some_amount, other=some_amount)
def test_a_larger_amount_never_has_a_smaller_step(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert step_of(small) <= step_of(large)


@given(amount=st.integers(0, 2**37 - 1))
def test_a_step_is_a_sixty_fourth_wide_at_most_and_small_amounts_have_their_own(amount: int) -> None:
    assert step_of(amount + amount // 64 + 1) > step_of(amount)
    assert is_exact(step_of(amount)) == (amount < 128)
    if is_exact(step_of(amount)):
        assert step_of(amount) == amount


@pytest.fixture
def old(empty: Engine) -> Engine:
    """A database of 0005."""
    upgrade(empty, "0005")
    return empty


def everybody(engine: Engine, columns: Iterable[Column[Any]]) -> list[dict[str, Any]]:
    with engine.connect().execution_options(read_only=True) as connection:
        found = connection.execute(select(*columns).order_by(customers.c.id)).mappings()
        return [dict(row) for row in found]


def test_customers_of_the_release_before_get_the_steps_of_their_amounts_and_keep_the_rest(old: Engine) -> None:
    kept = [column for column in customers.c if not column.name.endswith("_step")]
    told = {
        "first_seen_at": "sooner", "last_seen_at": "later", "prediction_id": "p", "request_id": "r", "tier": "Low",
        "churn_probability": 0.25, "monthly_charge_cents": None, "outcome": "stayed", "outcome_on": "2026-01-31",
        "value_band": 1, "segment": 2,
    }  # fmt: skip
    rows = [
        {"id": f"C-{place:02}", "clv_cents": amount, "value_at_risk_cents": AMOUNTS[-place - 1], **told}
        for place, amount in enumerate(AMOUNTS)
    ]
    names = ", ".join(column.name for column in kept)
    with old.begin() as connection:
        values = ", ".join(f":{column.name}" for column in kept)
        connection.execute(text(f"INSERT INTO customers ({names}) VALUES ({values})"), rows)
    for _ in range(2):
        upgrade(old)
        found = everybody(old, customers.c)
        assert [{name: row[name] for name in rows[0]} for row in found] == rows
        for row in found:
            assert row["clv_step"] == step_of(row["clv_cents"])
            assert row["value_at_risk_step"] == step_of(row["value_at_risk_cents"])
        downgrade(old, "0005")
        assert everybody(old, kept) == rows


def test_a_customer_without_steps_is_refused(engine: Engine) -> None:
    statement = insert(customers).values(
        id="C", first_seen_at="", last_seen_at="", prediction_id="", request_id="", tier="Low", churn_probability=0,
        clv_cents=0, value_at_risk_cents=0, value_band=0, segment=-1,
    )  # fmt: skip
    with pytest.raises(Exception, match="_step"), engine.begin() as connection:
        connection.execute(statement)
