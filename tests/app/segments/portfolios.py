"""Portfolios as the database keeps them: sums by tier, value band and segment."""

from typing import Any

from sqlalchemy import Engine, delete, insert, select

from app.db.tables import portfolio
from app.telecom.policy import TIERS, VALUE_BANDS


def a_cell(tier: str = "Low", value_band: int = 0, segment: int = -1, customers: int = 10, **changes: Any) -> Any:
    """The columns of a row; every customer is worth 5,000 USD and leaves with 0.2."""
    sums = {
        "customers": customers,
        "clv_cents": 500_000 * customers,
        "value_at_risk_cents": 100_000 * customers,
        "charged_customers": customers,
        "monthly_charge_cents": 6_000 * customers,
        "stayed_customers": 0,
        "churned_customers": 0,
        "probability_millionths": 200_000 * customers,
        "updated_at": "2026-01-01T00:00:00.000000Z",
    }
    return {"tier": tier, "value_band": value_band, "segment": segment, **sums, **changes}


def every_cell(segments: int = 3) -> list[dict[str, Any]]:
    """One row a tier, value band and segment, those without a segment included, each with its own number."""
    places = [(tier, band, segment) for tier in TIERS for band in range(len(VALUE_BANDS)) for segment in
              range(-1, segments)]  # fmt: skip
    return [a_cell(*place, customers=number) for number, place in enumerate(places, start=1)]


def store(engine: Engine, cells: list[dict[str, Any]]) -> list[Any]:
    """Make these the portfolio, and give the rows as they are read."""
    with engine.begin() as connection:
        connection.execute(delete(portfolio))
        if cells:
            connection.execute(insert(portfolio), cells)
        return list(connection.execute(select(portfolio)).all())
