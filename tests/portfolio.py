"""The portfolio's sums beside a recount of the customers, for every test that moves them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from app.db.tables import customers, portfolio
from app.predictions.sums import CHURNED, STAYED
from app.telecom.policy import TIERS

Cell = tuple[str, int, int]
Sums = dict[str, dict[str, int]]
NOTHING = {
    "customers": 0,
    "clv_cents": 0,
    "value_at_risk_cents": 0,
    "charged_customers": 0,
    "monthly_charge_cents": 0,
    "stayed_customers": 0,
    "churned_customers": 0,
    "probability_millionths": 0,
}


def cells(connection: Connection) -> dict[Cell, dict[str, int]]:
    """What the portfolio says of each cell that is not empty."""
    rows = connection.execute(select(portfolio)).mappings()
    found = {_cell(row): {name: row[name] for name in NOTHING} for row in rows}
    return {cell: figures for cell, figures in found.items() if figures != NOTHING}


def recounted_cells(connection: Connection) -> dict[Cell, dict[str, int]]:
    """What the portfolio ought to say of each."""
    counted: dict[Cell, dict[str, int]] = {}
    for row in connection.execute(select(customers)).mappings():
        _add(counted.setdefault(_cell(row), dict(NOTHING)), _counts(row))
    return counted


def sums(connection: Connection) -> Sums:
    """What the portfolio says of each tier."""
    return _by_tier(cells(connection))


def recount(connection: Connection) -> Sums:
    """What the portfolio ought to say of each tier."""
    return _by_tier(recounted_cells(connection))


def of(**changes: int) -> dict[str, int]:
    """Sums of a tier, zero where nothing is said."""
    return {**NOTHING, **changes}


def _cell(row: Mapping[str, Any]) -> Cell:
    return row["tier"], row["value_band"], row["segment"]


def _by_tier(figures: Mapping[Cell, Mapping[str, int]]) -> Sums:
    summed = {tier: dict(NOTHING) for tier in TIERS}
    for (tier, _, _), own in figures.items():
        _add(summed[tier], own)
    return summed


def _add(sums: dict[str, int], more: Mapping[str, int]) -> None:
    for name, value in more.items():
        sums[name] += value


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
        "probability_millionths": round(row["churn_probability"] * 1e6),
    }
