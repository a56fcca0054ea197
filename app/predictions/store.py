"""Store predictions and keep each customer's latest one and the portfolio's sums in step."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from app.db.tables import customers, portfolio, predictions

_IDS_PER_QUERY: Final = 500
_INSERT: Final = insert(predictions)
_ADD: Final = insert(customers)
_MOVE: Final = (
    update(customers)
    .where(customers.c.id == bindparam("key"))
    .values(
        {
            name: bindparam(name)
            for name in ("last_seen_at", "prediction_id", "tier", "clv_cents", "monthly_charge_cents")
        }
    )
)
_SUMS: Final = ("customers", "clv_cents", "charged_customers", "monthly_charge_cents")
_SHIFT: Final = (
    update(portfolio)
    .where(portfolio.c.tier == bindparam("key"))
    .values({name: portfolio.c[name] + bindparam(f"d_{name}") for name in _SUMS})
)


def insert_predictions(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert predictions inside the caller's transaction; the last row of a customer becomes the latest.

    Each row holds every column of ``predictions``. Rows without a ``customer_id`` are history only.
    """
    connection.execute(_INSERT, rows)
    latest = {row["customer_id"]: row for row in rows if row["customer_id"] is not None}
    if not latest:
        return
    before = _customers_by_id(connection, list(latest))
    added = [_customer(row) for key, row in latest.items() if key not in before]
    moved = [{"key": key, **_customer(row)} for key, row in latest.items() if key in before]
    if added:
        connection.execute(_ADD, added)
    if moved:
        connection.execute(
            _MOVE, [{name: row[name] for name in row if name not in ("id", "first_seen_at")} for row in moved]
        )
    _shift_portfolio(connection, before.values(), latest.values())


def read_portfolio(connection: Connection) -> Sequence[Row[Any]]:
    """Read the sums of every tier: three rows, whatever the number of customers."""
    return connection.execute(select(portfolio)).all()


def _customers_by_id(connection: Connection, ids: list[str]) -> dict[str, dict[str, Any]]:
    columns = (customers.c.id, customers.c.tier, customers.c.clv_cents, customers.c.monthly_charge_cents)
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), _IDS_PER_QUERY):
        part = ids[start : start + _IDS_PER_QUERY]
        rows = connection.execute(select(*columns).where(customers.c.id.in_(part))).mappings()
        found |= {row["id"]: dict(row) for row in rows}
    return found


def _customer(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["customer_id"],
        "first_seen_at": row["created_at"],
        "last_seen_at": row["created_at"],
        "prediction_id": row["id"],
        "tier": row["tier"],
        "clv_cents": row["clv_cents"],
        "monthly_charge_cents": row["monthly_charge_cents"],
    }


def _shift_portfolio(connection: Connection, left: Any, joined: Any) -> None:
    shifts: dict[str, dict[str, Any]] = {}
    for sign, rows in ((-1, left), (1, joined)):
        for row in rows:
            shift = shifts.setdefault(row["tier"], {"key": row["tier"], **{f"d_{name}": 0 for name in _SUMS}})
            charge = row["monthly_charge_cents"]
            shift["d_customers"] += sign
            shift["d_clv_cents"] += sign * row["clv_cents"]
            shift["d_charged_customers"] += sign * (charge is not None)
            shift["d_monthly_charge_cents"] += sign * (charge or 0)
    connection.execute(_SHIFT, list(shifts.values()))
