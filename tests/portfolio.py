"""The portfolio's sums beside a recount of the customers, for every test that moves them."""

from typing import Any

from sqlalchemy import Connection, select

from app.db.tables import customers, portfolio
from app.predictions.sums import CHURNED, STAYED
from app.telecom.policy import TIERS

Sums = dict[str, dict[str, int]]
NOTHING = {
    "customers": 0,
    "clv_cents": 0,
    "value_at_risk_cents": 0,
    "charged_customers": 0,
    "monthly_charge_cents": 0,
    "stayed_customers": 0,
    "churned_customers": 0,
}


def sums(connection: Connection) -> Sums:
    """What the portfolio says."""
    rows = connection.execute(select(portfolio)).mappings()
    return {row["tier"]: {name: row[name] for name in NOTHING} for row in rows}


def recount(connection: Connection) -> Sums:
    """What the portfolio ought to say."""
    counted = {tier: dict(NOTHING) for tier in TIERS}
    for row in connection.execute(select(customers)).mappings():
        for name, value in _counts(row).items():
            counted[row["tier"]][name] += value
    return counted


def of(**changes: int) -> dict[str, int]:
    """Sums of a tier, zero where nothing is said."""
    return {**NOTHING, **changes}


def _counts(row: Any) -> dict[str, int]:
    if row["outcome"] == CHURNED:
        return {"churned_customers": 1}
    return {
        "customers": 1,
        "clv_cents": row["clv_cents"],
        "value_at_risk_cents": row["value_at_risk_cents"],
        "charged_customers": row["monthly_charge_cents"] is not None,
        "monthly_charge_cents": row["monthly_charge_cents"] or 0,
        "stayed_customers": row["outcome"] == STAYED,
    }
