"""List and show customers, record what became of them, and erase them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Engine

from app.customers import lists, store
from app.customers.lists import Filters, Order
from app.customers.schemas import read_outcome
from app.db.engine import reading
from app.db.moments import timestamp
from app.db.writer import GroupWriter
from app.errors import CustomerNotFound, FieldProblem, InvalidRequest, NotFound, PredictionNotFound
from app.segments.assignment import RULE_SEGMENTS
from app.telecom.answers import full_answer, named_segment
from app.telecom.policy import VALUE_BANDS
from app.web import cursors

_LONGEST_ID: Final = 64
_NO_SUCH_SEGMENT: Final = "There is no segment {}. The segments are numbered from 0 to {}."
_NOBODY: Final = -2
"""A segment that no customer is stored with."""
_NOT_THEIRS: Final = "This customer has no such prediction. See the customer's predictions for their ids."
_ONLY_ONE: Final = "There is only one prediction of this customer; score the customer again to see what changed."
_NONE_EARLIER: Final = "There is no earlier prediction of this customer to compare this one with."
_NOT_EARLIER: Final = "From must be an earlier prediction than to; without to, earlier than the latest"


def list_customers(
    engine: Engine, filters: Filters, order: Order, cursor: str | None, limit: int, personas: Sequence[str]
) -> dict[str, Any]:
    """Give a page of customers; ``personas`` are what segments are called.

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
        "customers": [entry(row, personas) for row in rows[:limit]],
        "next": cursors.seal(question, lists.position(rows[limit - 1], order)) if more else None,
    }


def within_segment(filters: Filters, segment: int, personas: Sequence[str]) -> Filters:
    """Narrow a list to one segment, without ``personas`` to one of the rules that GET /segments then shows.

    Raises
    ------
    NotFound
        There is no such segment.
    """
    known = len(personas) or len(RULE_SEGMENTS)
    if segment >= known:
        raise NotFound(_NO_SUCH_SEGMENT.format(segment, known - 1))
    if personas:
        return replace(filters, segment=segment)
    band, tier = RULE_SEGMENTS[segment]
    if filters.value_band in (None, band) and filters.tier in (None, tier):
        return replace(filters, value_band=band, tier=tier)
    return replace(filters, segment=_NOBODY)


def show_customer(engine: Engine, customer_id: str, personas: Sequence[str]) -> dict[str, Any]:
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
        **_predicted(row, personas),
        "source": row["request_id"],
    }


def list_predictions(
    engine: Engine, customer_id: str, cursor: str | None, limit: int, personas: Sequence[str]
) -> dict[str, Any]:
    """Give a page of a customer's predictions, newest first; raises CustomerNotFound, InvalidRequest."""
    question = ("predictions", known_id(customer_id))
    before = cursors.unseal(question, cursor)
    with reading(engine) as connection:
        rows = store.read_predictions(connection, customer_id, before[0] if before else None, limit + 1)
    if not rows and before is None:
        raise CustomerNotFound
    return {
        "predictions": [_predicted(row, personas) for row in rows[:limit]],
        "next": cursors.seal(question, [rows[limit - 1]["id"]]) if len(rows) > limit else None,
    }


def find_two_predictions(
    engine: Engine, customer_id: str, earlier: str | None, later: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read two predictions of a customer: those named, or the latest and the one before it.

    Raises
    ------
    CustomerNotFound
        Nobody has this id.
    PredictionNotFound
        A prediction that is named is not this customer's, or there is no earlier one.
    InvalidRequest
        The earlier one that is named is not earlier.
    """
    with reading(engine) as connection:
        newest = store.read_predictions(connection, known_id(customer_id), None, 1)
        if not newest:
            raise CustomerNotFound
        last = store.find_prediction_of(connection, customer_id, later) if later else newest[0]
        if last is None:
            raise PredictionNotFound(_NOT_THEIRS)
        if earlier:
            first = store.find_prediction_of(connection, customer_id, earlier)
            if first is None:
                raise PredictionNotFound(_NOT_THEIRS)
            if first["id"] >= last["id"]:
                raise InvalidRequest([FieldProblem("from", "not_earlier", _NOT_EARLIER)])
            return first, last
        before = store.read_predictions(connection, customer_id, last["id"], 1)
    if not before:
        raise PredictionNotFound(_ONLY_ONE if last["id"] == newest[0]["id"] else _NONE_EARLIER)
    return before[0], last


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


def entry(row: Mapping[str, Any], personas: Sequence[str]) -> dict[str, Any]:
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
        "value_band": VALUE_BANDS[row["value_band"]],
        "segment": named_segment(row["segment"], personas),
    }


def _outcome(row: Mapping[str, Any]) -> dict[str, str] | None:
    return {"outcome": row["outcome"], "date": row["outcome_on"]} if row["outcome"] else None


def _predicted(row: Mapping[str, Any], personas: Sequence[str]) -> dict[str, Any]:
    return {
        "predicted_at": row["created_at"],
        "profile": json.loads(row["profile"]),
        "prediction": full_answer(row, personas),
    }
