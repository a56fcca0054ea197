"""A prepared statement binds values by name, whatever their order, and is compiled once."""

import pytest
from sqlalchemy import Engine, Text, bindparam, event, insert, literal_column, select, update

from app.db.prepared import Prepared
from app.db.tables import customers

INSERT = Prepared(insert(customers))
RENAME_STATEMENT = update(customers).where(customers.c.id == bindparam("key")).values(tier=bindparam("new_tier"))
RENAME = Prepared(RENAME_STATEMENT)
BY_ID = Prepared(select(customers.c.id, customers.c.tier).where(customers.c.id == bindparam("key")))


def row(key: str, tier: str = "Low") -> dict[str, object]:
    """A customer's columns, deliberately not in the table's order, with one that no column takes."""
    return {
        "unused": object(), "outcome_on": None, "outcome": None, "monthly_charge_cents": None, "clv_cents": 12_345,
        "value_at_risk_cents": 678, "churn_probability": 0.25, "tier": tier, "request_id": "r", "prediction_id": "p",
        "last_seen_at": "later", "first_seen_at": "sooner", "id": key, "value_band": 1, "segment": -1,
        "value_at_risk_step": 9, "clv_step": 99,
    }  # fmt: skip


def test_values_are_bound_by_name(engine: Engine) -> None:
    with engine.begin() as connection:
        INSERT.one(connection, row("C-1"))
        stored = connection.execute(select(customers)).mappings().one()
    assert stored == {name: value for name, value in row("C-1").items() if name != "unused"}


def test_many_rows_are_many_executions(engine: Engine) -> None:
    with engine.begin() as connection:
        INSERT.many(connection, [row("C-1"), row("C-2", "High")])
        RENAME.many(connection, [{"new_tier": "Medium", "key": "C-2"}, {"key": "C-1", "new_tier": "High"}])
        found = {key: BY_ID.one(connection, {"key": key}).one().tier for key in ("C-1", "C-2")}
    assert found == {"C-1": "High", "C-2": "Medium"}


def test_rows_may_call_a_value_otherwise(engine: Engine) -> None:
    rename = Prepared(RENAME_STATEMENT, {"key": "customer_id", "new_tier": "tier"})
    with engine.begin() as connection:
        INSERT.one(connection, row("C-1"))
        rename.many(connection, [{"customer_id": "C-1", "tier": "High", "key": "C-2"}])
        assert BY_ID.one(connection, {"key": "C-1"}).one().tier == "High"


def test_each_database_may_have_its_own_statement(engine: Engine) -> None:
    own = Prepared(
        {name: select(literal_column(f"'{name}'"), bindparam("key", type_=Text)) for name in ("sqlite", "postgresql")}
    )
    with engine.begin() as connection:
        assert own.one(connection, {"key": "C-1"}).one() == (engine.dialect.name, "C-1")


def test_no_rows_are_no_statement(engine: Engine) -> None:
    with engine.begin() as connection:
        statements: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
        INSERT.many(connection, [])
        assert statements == []
        INSERT.many(connection, [row("C-1")])
        assert len(statements) == 1


def test_a_missing_value_is_an_error_and_not_a_null(engine: Engine) -> None:
    incomplete = row("C-1")
    del incomplete["monthly_charge_cents"]
    with engine.begin() as connection, pytest.raises(KeyError, match="monthly_charge_cents"):
        INSERT.one(connection, incomplete)


def test_the_statement_is_compiled_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = select(customers.c.id)
    compiled = []
    compile_now = type(statement).compile
    monkeypatch.setattr(
        type(statement), "compile", lambda self, *a, **k: compiled.append(self) or compile_now(self, *a, **k)
    )
    prepared = Prepared(statement)
    with engine.begin() as connection:
        for _ in range(3):
            assert prepared.one(connection, {}).all() == []
    assert len(compiled) == 1
