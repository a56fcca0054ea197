"""Store predictions and keep each customer's latest one and the portfolio's sums in step."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from app.db.prepared import Prepared
from app.db.tables import customers, predictions
from app.predictions.sums import Shifts

_LARGEST_LOOK_UP: Final = 512
_KNOWN: Final = (
    "id",
    "prediction_id",
    "request_id",
    "tier",
    "clv_cents",
    "value_at_risk_cents",
    "monthly_charge_cents",
    "outcome",
)
_LATEST: Final = (
    "last_seen_at",
    "prediction_id",
    "request_id",
    "tier",
    "churn_probability",
    "clv_cents",
    "value_at_risk_cents",
    "monthly_charge_cents",
)

_INSERT: Final = Prepared(insert(predictions))
_ADD: Final = Prepared(insert(customers))
_MOVE: Final = Prepared(
    update(customers).where(customers.c.id == bindparam("key")).values({name: bindparam(name) for name in _LATEST})
)


def insert_predictions(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert predictions inside the caller's transaction; a customer's newest one by id becomes the latest.

    Parameters
    ----------
    connection : Connection
        In a transaction that can write.
    rows : sequence of mappings
        Each holds every column of ``predictions``, and ``value_at_risk_cents``, which only the customer keeps. Rows
        without a ``customer_id`` are history only.

    Returns
    -------
    int
        Rows about a customer whose latest prediction came from the same request or job already.
    """
    _INSERT.many(connection, rows)
    named = [row for row in rows if row["customer_id"] is not None]
    if not named:
        return 0
    latest, first_seen_at, repeated = _newest(named)
    # In the order of the table: neighbours share pages.
    ids = sorted(latest)
    before = _customers_by_id(connection, ids)
    shifts = Shifts()
    new: list[dict[str, Any]] = []
    known: list[dict[str, Any]] = []
    for key in ids:
        row, old = latest[key], before.get(key)
        outcome = None
        if old is not None:
            repeated += old.request_id == row["request_id"]
            # A large batch is scored long before it is stored: a newer answer that overtook it stays the latest.
            if row["id"] < old.prediction_id:
                continue
            outcome = old.outcome
            shifts.move(-1, old.tier, old.clv_cents, old.value_at_risk_cents, old.monthly_charge_cents, outcome)
        (new if old is None else known).append(_customer(row, first_seen_at.get(key, row["created_at"])))
        shifts.move(1, row["tier"], row["clv_cents"], row["value_at_risk_cents"], row["monthly_charge_cents"], outcome)
    _ADD.many(connection, new)
    _MOVE.many(connection, known)
    shifts.apply(connection, max(row["created_at"] for row in latest.values()))
    return repeated


def _newest(
    rows: Iterable[Mapping[str, Any]],
) -> tuple[dict[str, Mapping[str, Any]], dict[str, str], int]:
    """Give each customer's newest row, when those who come twice came first, and the number of rows that do."""
    latest: dict[str, Mapping[str, Any]] = {}
    first_seen_at: dict[str, str] = {}
    repeated = 0
    for row in rows:
        other = latest.setdefault(row["customer_id"], row)
        if other is not row:
            repeated += other["request_id"] == row["request_id"]
            first_seen_at.setdefault(row["customer_id"], other["created_at"])
            if row["id"] > other["id"]:
                latest[row["customer_id"]] = row
    return latest, first_seen_at, repeated


@cache
def _look_up(size: int) -> Prepared:
    """Prepare the look-up of ``size`` customers at once."""
    columns = (customers.c[name] for name in _KNOWN)
    return Prepared(select(*columns).where(customers.c.id.in_([bindparam(f"id{place}") for place in range(size)])))


def _customers_by_id(connection: Connection, ids: list[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(ids), _LARGEST_LOOK_UP):
        part = ids[start : start + _LARGEST_LOOK_UP]
        # Sizes are powers of two, filled up with the last id: ten statements serve every number of customers.
        size = 1 << (len(part) - 1).bit_length()
        named = {f"id{place}": part[min(place, len(part) - 1)] for place in range(size)}
        for row in _look_up(size).one(connection, named):
            found[row.id] = row
    return found


def _customer(row: Mapping[str, Any], first_seen_at: str) -> dict[str, Any]:
    return {
        "id": row["customer_id"],
        "key": row["customer_id"],
        "first_seen_at": first_seen_at,
        "last_seen_at": row["created_at"],
        "prediction_id": row["id"],
        "request_id": row["request_id"],
        "tier": row["tier"],
        "churn_probability": row["churn_probability"],
        "clv_cents": row["clv_cents"],
        "value_at_risk_cents": row["value_at_risk_cents"],
        "monthly_charge_cents": row["monthly_charge_cents"],
        "outcome": None,
        "outcome_on": None,
    }
