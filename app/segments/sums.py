"""What the stored sums of the portfolio say of segments and of value at risk."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from app.telecom.policy import TIERS, VALUE_BANDS

_CENTS: Final = 100
_MILLION: Final = 1e6

Place = Callable[[Any], int | None]
"""A row of ``portfolio`` to the segment it counts for, or None when it counts for none."""


def by_segment(rows: Iterable[Any], place: Place, k: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Sum the portfolio up by segment.

    Parameters
    ----------
    rows : iterable of rows
        The columns of ``portfolio``, one row a cell. Customers known to have left are in ``churned_customers`` and in
        no other sum.
    place : callable
        Which segment, from 0 to ``k`` - 1, a row counts for.
    k : int
        Number of segments.

    Returns
    -------
    figures : list of dict
        By segment: customers and their ``share`` of all that are scored, mean churn probability, observed outcomes,
        mean lifetime value and value at risk (USD), customers by tier. Means are None without a customer.
    unassigned : dict
        The same figures of the customers that count for no segment.
    """
    parted: list[list[Any]] = [[] for _ in range(k)]
    unplaced: list[Any] = []
    for row in rows:
        segment = place(row)
        (unplaced if segment is None else parted[segment]).append(row)
    everybody = sum(_total(inside, "customers") for inside in (*parted, unplaced))
    return [_figures(inside, everybody) for inside in parted], _figures(unplaced, everybody)


def _figures(rows: Sequence[Any], everybody: int) -> dict[str, Any]:
    customers = _total(rows, "customers")
    tiers = {tier: _total([row for row in rows if row.tier == tier], "customers") for tier in reversed(TIERS)}
    return {
        "customers": customers,
        "share": round(customers / everybody, 6) if everybody else 0.0,
        "mean_churn_probability": (
            round(_total(rows, "probability_millionths") / customers / _MILLION, 6) if customers else None
        ),
        "observed": {"churned": _total(rows, "churned_customers"), "stayed": _total(rows, "stayed_customers")},
        "mean_clv_usd": round(_total(rows, "clv_cents") / customers / _CENTS, 2) if customers else None,
        "value_at_risk_usd": _total(rows, "value_at_risk_cents") / _CENTS,
        "tiers": tiers,
    }


def by_cell(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Sum the portfolio up by value band and risk tier: six cells, the lowest band and tier first."""
    cells = []
    for place, band in enumerate(VALUE_BANDS):
        for tier in TIERS:
            inside = [row for row in rows if (row.value_band, row.tier) == (place, tier)]
            cells.append(
                {
                    "value_band": band,
                    "tier": tier,
                    "customers": _total(inside, "customers"),
                    "value_at_risk_usd": _total(inside, "value_at_risk_cents") / _CENTS,
                    "href": cell_href(band, tier),
                }
            )
    return cells


def cell_href(value_band: str, tier: str) -> str:
    """Where the customers of a cell are listed."""
    return f"/customers.html?tier={tier}&value_band={value_band}"


def last_moved(rows: Iterable[Any]) -> str | None:
    """When a customer last changed the sums; None before the first."""
    return max((row.updated_at for row in rows if row.updated_at), default=None)


def _total(rows: Iterable[Any], name: str) -> int:
    # PostgreSQL sums of integers may come back as Decimal where a driver adapts them so; these are plain integers.
    return sum(int(getattr(row, name)) for row in rows)
