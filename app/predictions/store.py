"""Store predictions and keep each customer's latest one and the portfolio's sums in step."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from app.db.prepared import Prepared
from app.db.tables import customers, portfolio, predictions

_LARGEST_LOOK_UP: Final = 512
_SUMS: Final = ("customers", "clv_cents", "charged_customers", "monthly_charge_cents")
_LATEST: Final = ("last_seen_at", "prediction_id", "tier", "clv_cents", "monthly_charge_cents")

_INSERT: Final = Prepared(insert(predictions))
_ADD: Final = Prepared(insert(customers))
_MOVE: Final = Prepared(
    update(customers).where(customers.c.id == bindparam("key")).values({name: bindparam(name) for name in _LATEST})
)
_SHIFT: Final = Prepared(
    update(portfolio)
    .where(portfolio.c.tier == bindparam("key"))
    .values({name: portfolio.c[name] + bindparam(f"d_{name}") for name in _SUMS})
)


def insert_predictions(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert predictions inside the caller's transaction; a customer's newest one by id becomes the latest.

    Each row holds every column of ``predictions``. Rows without a ``customer_id`` are history only.
    """
    _INSERT.many(connection, rows)
    named = [row for row in rows if row["customer_id"] is not None]
    if not named:
        return
    first_seen_at = {row["customer_id"]: row["created_at"] for row in reversed(named)}
    latest = {row["customer_id"]: row for row in sorted(named, key=itemgetter("id"))}
    before = _customers_by_id(connection, list(latest))
    # A large batch is scored long before it is stored: a newer answer that overtook it stays the latest.
    latest = {key: row for key, row in latest.items() if key not in before or row["id"] > before[key]["prediction_id"]}
    before = {key: row for key, row in before.items() if key in latest}
    customer = {key: {**_customer(row), "first_seen_at": first_seen_at[key]} for key, row in latest.items()}
    _ADD.many(connection, [row for key, row in customer.items() if key not in before])
    _MOVE.many(connection, [{"key": key, **customer[key]} for key in before])
    _SHIFT.many(connection, _shifts(before.values(), latest.values()))


def read_portfolio(connection: Connection) -> Sequence[Row[Any]]:
    """Read the sums of every tier: three rows, whatever the number of customers."""
    return connection.execute(select(portfolio)).all()


@cache
def _look_up(size: int) -> Prepared:
    """Prepare the look-up of ``size`` customers at once."""
    columns = (customers.c[name] for name in ("id", "prediction_id", "tier", "clv_cents", "monthly_charge_cents"))
    return Prepared(select(*columns).where(customers.c.id.in_([bindparam(f"id{place}") for place in range(size)])))


def _customers_by_id(connection: Connection, ids: list[str]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for start in range(0, len(ids), _LARGEST_LOOK_UP):
        part = ids[start : start + _LARGEST_LOOK_UP]
        # Sizes are powers of two, filled up with the last id: ten statements serve every number of customers.
        size = 1 << (len(part) - 1).bit_length()
        named = {f"id{place}": part[min(place, len(part) - 1)] for place in range(size)}
        for row in _look_up(size).one(connection, named).mappings():
            found[row["id"]] = dict(row)
    return found


def _customer(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["customer_id"],
        "last_seen_at": row["created_at"],
        "prediction_id": row["id"],
        "tier": row["tier"],
        "clv_cents": row["clv_cents"],
        "monthly_charge_cents": row["monthly_charge_cents"],
    }


def _shifts(left: Iterable[Mapping[str, Any]], joined: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Sum what leaves and what joins each tier."""
    shifts: dict[str, dict[str, Any]] = {}
    for sign, rows in ((-1, left), (1, joined)):
        for row in rows:
            shift = shifts.setdefault(row["tier"], {"key": row["tier"], **{f"d_{name}": 0 for name in _SUMS}})
            charge = row["monthly_charge_cents"]
            shift["d_customers"] += sign
            shift["d_clv_cents"] += sign * row["clv_cents"]
            shift["d_charged_customers"] += sign * (charge is not None)
            shift["d_monthly_charge_cents"] += sign * (charge or 0)
    return list(shifts.values())
