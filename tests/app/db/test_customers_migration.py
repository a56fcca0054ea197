"""A database of the first release, brought to 0002, is what a new one filled through the store is."""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, column, func, select, table, text

from app.db.tables import customers, portfolio
from app.db.upgrade import upgrade
from app.predictions.store import insert_predictions
from app.telecom.policy import TIER_CUT_POINTS, TIERS
from tests import databases
from tests.factories import a_prediction_row
from tests.portfolio import recount, sums

OLD_COLUMNS = ("id", "created_at", "request_id", "customer_id", "model_name", "model_version", "profile", "answer",
               "churn_probability", "tier", "clv_cents", "monthly_charge_cents")  # fmt: skip
OLD_PREDICTIONS = table("predictions", *map(column, OLD_COLUMNS))
OLD_CUSTOMERS = table(
    "customers",
    *map(column, ("id", "first_seen_at", "last_seen_at", "prediction_id", "tier", "clv_cents", "monthly_charge_cents")),
)
SAME = ("id", "first_seen_at", "last_seen_at", "prediction_id", "request_id", "tier", "churn_probability", "clv_cents",
        "value_at_risk_cents", "monthly_charge_cents", "outcome", "outcome_on")  # fmt: skip


def scored_rows(count: int) -> list[dict[str, Any]]:
    """Rows whose figures are rounded as scoring rounds them, ties included; every third customer comes again."""
    chance = random.Random(7)
    rows = []
    for number in range(count):
        probability = chance.choice([0.5, 0.25, 0.125, 0.005, round(chance.random(), 6)])
        clv = round(chance.randrange(10**7) / 100, 2)
        at_risk = float(np.round(np.array([probability]) * np.array([clv]), 2)[0])
        rows.append(
            a_prediction_row(
                customer_id=None if number % 10 == 9 else f"é{number % (2 * count // 3)}",
                request_id=f"request-{number}",
                churn_probability=probability,
                tier=TIERS[int(np.searchsorted(TIER_CUT_POINTS, probability, side="right"))],
                clv_cents=round(clv * 100),
                value_at_risk_cents=round(at_risk * 100),
                monthly_charge_cents=chance.choice([None, chance.randrange(10**4)]),
            )
        )
    return rows


def fill_as_the_first_release_did(connection: Connection, rows: list[dict[str, Any]]) -> None:
    old = [{name: row[name] for name in OLD_COLUMNS} for row in rows]
    connection.execute(OLD_PREDICTIONS.insert(), old)
    first_seen_at: dict[str, str] = {}
    latest: dict[str, Mapping[str, Any]] = {}
    for row in old:
        if row["customer_id"] is not None:
            first_seen_at.setdefault(row["customer_id"], row["created_at"])
            latest[row["customer_id"]] = row
    stored = [
        {
            "id": key, "first_seen_at": first_seen_at[key], "last_seen_at": row["created_at"],
            "prediction_id": row["id"],
            **{name: row[name] for name in ("tier", "clv_cents", "monthly_charge_cents")},
        }
        for key, row in latest.items()
    ]  # fmt: skip
    connection.execute(OLD_CUSTOMERS.insert(), stored)
    connection.execute(
        text(
            "UPDATE portfolio SET customers = (SELECT count(*) FROM customers WHERE tier = portfolio.tier), clv_cents ="
            " (SELECT coalesce(sum(clv_cents), 0) FROM customers WHERE tier = portfolio.tier)"
        )
    )


@pytest.fixture
def old(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database of the first release."""
    if database_kind == databases.POSTGRESQL:
        with databases.new_database(request.getfixturevalue("postgresql"), "template0") as url:
            yield from _at_first_release(url)
    else:
        yield from _at_first_release(f"sqlite:///{tmp_path / 'old.db'}")


def _at_first_release(url: str) -> Iterator[Engine]:
    engine = databases.open_engine(url)
    upgrade(engine, "0001")
    yield engine
    engine.dispose()


def stored(engine: Engine) -> list[Any]:
    with engine.connect().execution_options(read_only=True) as connection:
        query = select(*(customers.c[name] for name in SAME)).order_by(customers.c.id)
        return list(connection.execute(query).all())


@pytest.mark.parametrize("count", [0, 300])
def test_an_upgraded_database_is_a_new_one(old: Engine, engine: Engine, count: int) -> None:
    rows = scored_rows(count)
    if rows:
        with old.begin() as connection:
            fill_as_the_first_release_did(connection, rows)
        with engine.begin() as connection:
            insert_predictions(connection, rows)
    upgrade(old)
    assert stored(old) == stored(engine)
    latest = select(func.max(portfolio.c.updated_at))
    with (
        old.connect().execution_options(read_only=True) as upgraded,
        engine.connect().execution_options(read_only=True) as new,
    ):
        assert sums(upgraded) == sums(new) == recount(new)
        assert upgraded.execute(latest).scalar() == new.execute(latest).scalar()
    assert len(stored(old)) == (200 - 20 if count else 0)


def test_the_upgraded_database_goes_on(old: Engine) -> None:
    rows = scored_rows(30)
    with old.begin() as connection:
        fill_as_the_first_release_did(connection, rows)
    upgrade(old)
    with old.begin() as connection:
        insert_predictions(connection, scored_rows(30))
        assert sums(connection) == recount(connection)
