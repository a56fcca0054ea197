"""Store predictions and keep each customer's latest one and the portfolio's sums in step."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from app.db.prepared import Prepared
from app.db.steps import step_of
from app.db.tables import customers, predictions
from app.predictions.sums import SUMMED, Shifts

_LARGEST_LOOK_UP: Final = 512
_FIGURES: Final = SUMMED[1:]
_KNOWN: Final = ("id", "prediction_id", "request_id", *SUMMED)
_LATEST: Final = ("last_seen_at", "prediction_id", "request_id", *_FIGURES, "value_at_risk_step", "clv_step")
# A customer's columns by what a row about them calls these values.
_CALLED: Final = {"key": "customer_id", "prediction_id": "id", "last_seen_at": "created_at"}

_figures = itemgetter(*_FIGURES)
_INSERT: Final = Prepared(insert(predictions))
_add = insert(customers).values({name: bindparam(name) for name in ("id", "first_seen_at", *_LATEST)})
_ADD: Final = Prepared(_add, {**_CALLED, "id": "customer_id", "first_seen_at": "created_at"})
_ADD_SEEN_BEFORE: Final = Prepared(_add, {**_CALLED, "id": "customer_id"})
_MOVE: Final = Prepared(
    update(customers).where(customers.c.id == bindparam("key")).values({name: bindparam(name) for name in _LATEST}),
    _CALLED,
)


def insert_predictions(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert predictions inside the caller's transaction; a customer's newest one by id becomes the latest.

    Parameters
    ----------
    connection : Connection
        In a transaction that can write.
    rows : sequence of mappings
        Each holds every column of ``predictions``, and what only the customer keeps: ``value_at_risk_cents``,
        ``value_band`` and ``segment``. Rows without a ``customer_id`` are history only.

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
    new: list[Mapping[str, Any]] = []
    known: list[Mapping[str, Any]] = []
    for key in ids:
        row, old = latest[key], before.get(key)
        if old is None:
            new.append(_with_steps(row))
            shifts.move(1, None, *_figures(row))
            continue
        repeated += old.request_id == row["request_id"]
        # A large batch is scored long before it is stored: a newer answer that overtook it stays the latest.
        if row["id"] < old.prediction_id:
            continue
        known.append(_with_steps(row))
        shifts.move(-1, *old[-len(SUMMED) :])
        shifts.move(1, old.outcome, *_figures(row))
    _add_customers(connection, new, first_seen_at)
    _MOVE.many(connection, known)
    shifts.apply(connection, max(row["created_at"] for row in latest.values()))
    return repeated


def find_prediction(connection: Connection, prediction_id: str) -> dict[str, Any] | None:
    """Read the columns of one prediction; None when there is none with this id."""
    row = connection.execute(select(predictions).where(predictions.c.id == prediction_id)).one_or_none()
    return None if row is None else row._asdict()


def _with_steps(row: Mapping[str, Any]) -> dict[str, Any]:
    steps = {"value_at_risk_step": step_of(row["value_at_risk_cents"]), "clv_step": step_of(row["clv_cents"])}
    return {**row, **steps}


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


def _add_customers(connection: Connection, rows: Sequence[Mapping[str, Any]], first_seen_at: Mapping[str, str]) -> None:
    if not first_seen_at:
        _ADD.many(connection, rows)
        return
    seen_before = [{**row, "first_seen_at": first_seen_at.get(row["customer_id"], row["created_at"])} for row in rows]
    _ADD_SEEN_BEFORE.many(connection, seen_before)
