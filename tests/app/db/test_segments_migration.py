"""A database of 0003 keeps all its figures at 0004, gains value bands from its answers, and finds its way back."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, column, func, select, table, text

from app.db.tables import customers, metadata, predictions
from app.db.upgrade import upgrade
from app.predictions.portfolio import by_day, summarise
from app.predictions.store import insert_predictions
from app.predictions.sums import CHURNED, STAYED, read_days, read_portfolio
from app.telecom.policy import TIERS, VALUE_BANDS
from tests.app.db.migrating import downgrade
from tests.factories import a_prediction_row
from tests.portfolio import cells, recounted_cells

OLD = {
    "predictions": ("id", "created_at", "request_id", "customer_id", "model_name", "model_version", "profile", "answer",
                    "churn_probability", "tier", "clv_cents", "monthly_charge_cents"),
    "customers": ("id", "first_seen_at", "last_seen_at", "prediction_id", "request_id", "tier", "churn_probability",
                  "clv_cents", "value_at_risk_cents", "monthly_charge_cents", "outcome", "outcome_on"),
    "portfolio": ("tier", "customers", "clv_cents", "value_at_risk_cents", "charged_customers", "monthly_charge_cents",
                  "stayed_customers", "churned_customers", "updated_at"),
    "portfolio_history": ("day", "tier", "customers", "clv_cents", "value_at_risk_cents", "churned_customers"),
}  # fmt: skip
TABLES = {name: table(name, *map(column, columns)) for name, columns in OLD.items()}
ERASED_AT = "2026-12-24T12:00:00.000000Z"


def scored_rows(count: int) -> list[dict[str, Any]]:
    """Answers in both forms, of both value bands; every third customer comes again."""
    chance = random.Random(11)
    rows = []
    for number in range(count):
        band = VALUE_BANDS[chance.random() < 0.4]
        answer = {"value_band": band} if number % 2 else {"churn_risk": "Low", "é": "\"'{", "value_band": band}
        rows.append(
            a_prediction_row(
                customer_id=None if number % 10 == 9 else f"é{number % (2 * count // 3)}",
                answer=json.dumps(answer, ensure_ascii=bool(number % 3)),
                churn_probability=round(chance.random(), 6),
                tier=chance.choice(TIERS[:2]),
                clv_cents=chance.randrange(10**7),
                value_at_risk_cents=chance.randrange(10**6),
                monthly_charge_cents=chance.choice([None, chance.randrange(10**4)]),
                value_band=VALUE_BANDS.index(band),
            )
        )
    return rows


def latest_of(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["customer_id"]: row for row in rows if row["customer_id"] is not None}


def fill_as_0003_did(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        old = [{name: row[name] for name in OLD["predictions"]} for row in rows]
        connection.execute(TABLES["predictions"].insert(), old)
    sums = {tier: dict.fromkeys(OLD["portfolio"][1:-1], 0) for tier in TIERS}
    for number, (key, row) in enumerate(latest_of(rows).items()):
        outcome = (None, STAYED, CHURNED)[number % 3]
        own = {
            **row, "id": key, "prediction_id": row["id"], "first_seen_at": row["created_at"],
            "last_seen_at": row["created_at"], "outcome": outcome, "outcome_on": outcome and "2026-01-31",
        }  # fmt: skip
        connection.execute(TABLES["customers"].insert(), {name: own[name] for name in OLD["customers"]})
        count(sums[row["tier"]], own)
    for tier, figures in sums.items():
        # Nobody is left in the last tier, but somebody was.
        moved = None if not rows else ERASED_AT if tier == TIERS[-1] else "2026-11-21T12:00:00.000000Z"
        own_tier = TABLES["portfolio"].c.tier == tier
        connection.execute(TABLES["portfolio"].update().where(own_tier).values({**figures, "updated_at": moved}))
        closed = {name: figures[name] for name in OLD["portfolio_history"][2:]}
        connection.execute(TABLES["portfolio_history"].insert(), {"day": "2026-11-20", "tier": tier, **closed})


def count(sums: dict[str, int], row: Mapping[str, Any]) -> None:
    if row["outcome"] == CHURNED:
        sums["churned_customers"] += 1
        return
    sums["customers"] += 1
    sums["stayed_customers"] += row["outcome"] == STAYED
    for name in ("clv_cents", "value_at_risk_cents"):
        sums[name] += row[name]
    sums["charged_customers"] += row["monthly_charge_cents"] is not None
    sums["monthly_charge_cents"] += row["monthly_charge_cents"] or 0


@pytest.fixture
def old(empty: Engine) -> Engine:
    """A database at 0003."""
    upgrade(empty, "0003")
    return empty


def everything(engine: Engine) -> dict[str, list[Any]]:
    """All that 0003 knows, in the order of the keys."""
    with engine.connect().execution_options(read_only=True) as connection:
        found = {}
        for name, own in TABLES.items():
            rows = connection.execute(select(own)).all()
            found[name] = sorted(tuple(row) for row in rows)
        return found


def schema(engine: Engine) -> dict[str, str]:
    query = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL",
        "postgresql": """
            SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT table_name, string_agg(concat_ws(' ', column_name, data_type, is_nullable), ', ')
            FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name
        """,
    }[engine.dialect.name]
    with engine.connect().execution_options(read_only=True) as connection:
        return {name: str(definition) for name, definition in connection.execute(text(query)).all()}


def told(connection: Connection) -> tuple[Any, Any]:
    """What /stats and /stats/history say."""
    return summarise(read_portfolio(connection)), by_day(read_days(connection), read_portfolio(connection))


def told_at_0003(engine: Engine) -> tuple[Any, Any]:
    with engine.connect().execution_options(read_only=True) as connection:
        sums, days = (connection.execute(select(TABLES[name])).all() for name in ("portfolio", "portfolio_history"))
    return summarise(sums), by_day(days, sums)


@pytest.mark.parametrize("rows_stored", [0, 300])
def test_every_figure_is_kept_and_every_cell_is_a_recount(old: Engine, rows_stored: int) -> None:
    rows = scored_rows(rows_stored)
    with old.begin() as connection:
        fill_as_0003_did(connection, rows)
    before, said = everything(old), told_at_0003(old)
    upgrade(old)
    after = everything(old)
    assert {name: after[name] for name in ("predictions", "customers", "portfolio_history")} == {
        name: before[name] for name in ("predictions", "customers", "portfolio_history")
    }
    with old.connect().execution_options(read_only=True) as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        assert told(connection) == said
        assert cells(connection) == recounted_cells(connection)
        found = connection.execute(select(customers.c.id, customers.c.value_band, customers.c.segment)).all()
    assert {key: band for key, band, _ in found} == {key: row["value_band"] for key, row in latest_of(rows).items()}
    assert {segment for _, _, segment in found} == ({-1} if rows_stored else set())
    assert len(found) == (200 - 20 if rows_stored else 0)


def test_the_upgraded_database_goes_on(old: Engine) -> None:
    rows = scored_rows(60)
    with old.begin() as connection:
        fill_as_0003_did(connection, rows)
    upgrade(old)
    again = [a_prediction_row(customer_id=key, value_band=1, segment=2) for key in latest_of(rows)]
    with old.begin() as connection:
        insert_predictions(connection, again)
        assert cells(connection) == recounted_cells(connection)
        assert {segment for _, _, segment in cells(connection)} == {2}
        assert connection.scalar(select(func.count()).select_from(predictions)) == 60 + len(again)


def test_the_way_back_leads_to_0003(old: Engine) -> None:
    with old.begin() as connection:
        fill_as_0003_did(connection, scored_rows(90))
    before, began_with = everything(old), schema(old)
    upgrade(old)
    downgrade(old, "0003")
    assert everything(old) == before
    assert schema(old).keys() == began_with.keys()
    indexes = {name: definition for name, definition in began_with.items() if name.startswith("ix_")}
    assert {name: definition for name, definition in schema(old).items() if name.startswith("ix_")} == indexes
    upgrade(old)
    with old.connect().execution_options(read_only=True) as connection:
        assert cells(connection) == recounted_cells(connection)
