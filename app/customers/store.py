"""Read one customer and their predictions, record what became of them, and take them out of the tables."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, select, update

from app.db.tables import customers, predictions
from app.predictions.sums import SUMMED, Shifts

_OWN: Final = ("first_seen_at", "last_seen_at", "outcome", "outcome_on")


def find(connection: Connection, customer_id: str) -> dict[str, Any] | None:
    """Read a customer and the latest prediction: the columns of ``predictions`` and what only the customer has."""
    query = (
        select(predictions, *(customers.c[name] for name in _OWN))
        .join(customers, customers.c.prediction_id == predictions.c.id)
        .where(customers.c.id == customer_id)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else row._asdict()


def read_predictions(connection: Connection, customer_id: str, before: str | None, limit: int) -> list[dict[str, Any]]:
    """Read a customer's predictions, newest first, from the one before the prediction ``before``."""
    query = select(predictions).where(predictions.c.customer_id == customer_id)
    if before is not None:
        query = query.where(predictions.c.id < before)
    return [row._asdict() for row in connection.execute(query.order_by(predictions.c.id.desc()).limit(limit))]


def find_prediction_of(connection: Connection, customer_id: str, prediction_id: str) -> dict[str, Any] | None:
    """Read one prediction of a customer; None when it is nobody's or another's."""
    query = select(predictions).where(predictions.c.id == prediction_id, predictions.c.customer_id == customer_id)
    row = None if "\0" in prediction_id else connection.execute(query).one_or_none()
    return None if row is None else row._asdict()


def read_latest(connection: Connection, prediction_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read predictions by their ids."""
    found = connection.execute(select(predictions).where(predictions.c.id.in_(prediction_ids)))
    return {row.id: row._asdict() for row in found}


def record_outcomes(connection: Connection, entries: Sequence[dict[str, Any]]) -> None:
    """Record in the caller's transaction what became of customers; what is recorded already changes nothing.

    An entry has ``customer_id``, ``outcome``, ``outcome_on`` and ``now``; it is told in ``found`` whether there is such
    a customer.
    """
    for entry in entries:
        row = _locked(connection, entry)
        if row is None or (row["outcome"], row["outcome_on"]) == (entry["outcome"], entry["outcome_on"]):
            continue
        changed = {name: entry[name] for name in ("outcome", "outcome_on")}
        connection.execute(update(customers).where(customers.c.id == entry["customer_id"]).values(changed))
        shifts = Shifts()
        shifts.move(-1, *(row[name] for name in SUMMED))
        shifts.move(1, *((row | changed)[name] for name in SUMMED))
        shifts.apply(connection, entry["now"])


def erase_customers(connection: Connection, entries: Sequence[dict[str, Any]]) -> None:
    """Erase customers and all their predictions in the caller's transaction, overwriting what SQLite lets go.

    An entry has ``customer_id`` and ``now``; it is told in ``found`` whether there was such a customer.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    for entry in entries:
        row = _locked(connection, entry)
        if row is None:
            continue
        connection.execute(delete(predictions).where(predictions.c.customer_id == entry["customer_id"]))
        connection.execute(delete(customers).where(customers.c.id == entry["customer_id"]))
        shifts = Shifts()
        shifts.move(-1, *(row[name] for name in SUMMED))
        shifts.apply(connection, entry["now"])


def _locked(connection: Connection, entry: dict[str, Any]) -> dict[str, Any] | None:
    """Read the customer of an entry; writers take turns, so nobody changes it before the transaction ends."""
    row = connection.execute(select(customers).where(customers.c.id == entry["customer_id"])).one_or_none()
    entry["found"] = row is not None
    return None if row is None else row._asdict()
