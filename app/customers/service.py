"""List and show customers, record what became of them, and erase them."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Engine

from app.customers import lists, store
from app.customers.lists import Filters, Order
from app.customers.schemas import read_outcome
from app.db.engine import reading
from app.db.moments import timestamp
from app.db.writer import GroupWriter
from app.errors import CustomerNotFound
from app.telecom.answers import full_answer
from app.web import cursors

_LONGEST_ID: Final = 64


def list_customers(engine: Engine, filters: Filters, order: Order, cursor: str | None, limit: int) -> dict[str, Any]:
    """Give a page of customers.

    Raises
    ------
    InvalidRequest
        The cursor is not one of this list.
    """
    question = ("customers", filters, order)
    after = lists.read_position(cursors.unseal(question, cursor))
    with reading(engine) as connection:
        rows = lists.read_page(connection, filters, order, after, limit + 1)
    more = len(rows) > limit
    return {
        "customers": [entry(row) for row in rows[:limit]],
        "next": cursors.seal(question, lists.position(rows[limit - 1], order)) if more else None,
    }


def show_customer(engine: Engine, customer_id: str) -> dict[str, Any]:
    """Give a customer with the latest profile and prediction; raises CustomerNotFound."""
    with reading(engine) as connection:
        row = store.find(connection, known_id(customer_id))
    if row is None:
        raise CustomerNotFound
    return {
        "id": customer_id,
        "first_seen_at": row["first_seen_at"],
        "last_seen_at": row["last_seen_at"],
        "outcome": _outcome(row),
        **_predicted(row),
        "source": row["request_id"],
    }


def list_predictions(engine: Engine, customer_id: str, cursor: str | None, limit: int) -> dict[str, Any]:
    """Give a page of a customer's predictions, newest first; raises CustomerNotFound, InvalidRequest."""
    question = ("predictions", known_id(customer_id))
    before = cursors.unseal(question, cursor)
    with reading(engine) as connection:
        rows = store.read_predictions(connection, customer_id, before[0] if before else None, limit + 1)
    if not rows and before is None:
        raise CustomerNotFound
    return {
        "predictions": [_predicted(row) for row in rows[:limit]],
        "next": cursors.seal(question, [rows[limit - 1]["id"]]) if len(rows) > limit else None,
    }


async def record_outcome(writer: GroupWriter, customer_id: str, raw: Any) -> None:
    """Record what became of a customer.

    Raises
    ------
    InvalidRequest, CustomerNotFound
        The body is wrong, or nobody has this id.
    Unavailable
        The database did not store it.
    """
    now = datetime.now(UTC)
    recorded = read_outcome(raw, now.date())
    change = {"customer_id": known_id(customer_id), "now": timestamp(now), "found": False, **recorded}
    await asyncio.shield(writer.submit(store.record_outcomes, [change]))
    if not change["found"]:
        raise CustomerNotFound


def known_id(customer_id: str) -> str:
    """Check that the database can be asked for this id; raises CustomerNotFound."""
    if "\0" in customer_id or len(customer_id) > _LONGEST_ID:
        raise CustomerNotFound
    return customer_id


def entry(row: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a row of ``customers`` out as lists show it."""
    return {
        "id": row["id"],
        "tier": row["tier"],
        "churn_probability": row["churn_probability"],
        "estimated_clv": row["clv_cents"] / 100,
        "value_at_risk_usd": row["value_at_risk_cents"] / 100,
        "first_seen_at": row["first_seen_at"],
        "last_seen_at": row["last_seen_at"],
        "outcome": _outcome(row),
    }


def _outcome(row: Mapping[str, Any]) -> dict[str, str] | None:
    return {"outcome": row["outcome"], "date": row["outcome_on"]} if row["outcome"] else None


def _predicted(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "predicted_at": row["created_at"],
        "profile": json.loads(row["profile"]),
        "prediction": full_answer(row),
    }
