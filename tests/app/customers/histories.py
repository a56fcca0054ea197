"""Customers stored through the store itself, and histories of them for property tests."""

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection

from app.customers.store import erase_customers, record_outcomes
from app.predictions.store import insert_predictions
from app.predictions.sums import CHURNED, STAYED
from app.telecom.policy import TIERS
from tests.factories import a_prediction_row

IDS = ["A", "AA", "AB", "B", "a", "é", "ée", "%", "_", "A%", "'; --", "z"]
NOW = "2026-11-21T12:00:00.000000Z"
Step = tuple[str, Any]

# Few amounts, so that some are equal; the larger ones are in two steps of the lists' order.
some_cents = st.integers(0, 5) | st.sampled_from([130_000, 130_001, 131_000, 131_071, 131_072])
some_row = st.builds(
    a_prediction_row,
    customer_id=st.sampled_from(IDS),
    tier=st.sampled_from(TIERS),
    churn_probability=st.sampled_from([0.0, 0.1, 0.25, 1.0]),
    clv_cents=some_cents,
    value_at_risk_cents=some_cents,
    value_band=st.sampled_from([0, 1]),
    segment=st.sampled_from([-1, 0, 2]),
    monthly_charge_cents=st.none() | st.integers(0, 100),
)
some_outcome = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(IDS),
        "outcome": st.sampled_from([STAYED, CHURNED]),
        "outcome_on": st.sampled_from(["2026-01-31", "2026-02-01"]),
    }
)
some_history = st.lists(
    st.one_of(
        st.tuples(st.just("predict"), st.lists(some_row, max_size=6)),
        st.tuples(st.just("outcome"), some_outcome),
        st.tuples(st.just("erase"), st.sampled_from(IDS)),
    ),
    max_size=14,
)


def tell(connection: Connection, history: Iterable[Step]) -> None:
    """Let a history happen."""
    for what, about in history:
        if what == "predict":
            insert_predictions(connection, about)
        elif what == "outcome":
            record_outcomes(connection, [{**about, "now": NOW}])
        else:
            erase_customers(connection, [{"customer_id": about, "now": NOW}])


def store_customers(connection: Connection, *ids: str, **changes: Any) -> None:
    """Store a prediction about each customer."""
    insert_predictions(connection, [a_prediction_row(customer_id=key, **changes) for key in ids])


def leave(connection: Connection, *ids: str, outcome: str = CHURNED, day: str = "2026-01-31") -> None:
    """Record an outcome of customers."""
    record_outcomes(
        connection, [{"customer_id": key, "outcome": outcome, "outcome_on": day, "now": NOW} for key in ids]
    )
