"""Turn the stored sums of the portfolio into its figures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any


def summarise(sums: Iterable[Any]) -> dict[str, Any]:
    """Summarise the portfolio.

    Parameters
    ----------
    sums : iterable of rows
        One row a cell, with the columns of ``portfolio``, and at least one a tier. Customers known to have left are in
        ``churned_customers`` and in no other sum.

    Returns
    -------
    dict
        Counts; money in USD; None where nothing can be known yet. Whether a customer stayed or left is not predicted
        but observed, so those figures stay None until outcomes are recorded.
    """
    rows = list(sums)
    current = sum(row.customers for row in rows)
    charged = sum(row.charged_customers for row in rows)
    stayed, churned = (sum(getattr(row, f"{what}_customers") for row in rows) for what in ("stayed", "churned"))
    observed = stayed + churned
    return {
        "total_customers": current + churned,
        "active_customers": stayed if observed else None,
        "churned_customers": churned if observed else None,
        "churn_rate": round(churned / observed, 6) if observed else None,
        "avg_clv": round(sum(row.clv_cents for row in rows) / current / 100, 2) if current else None,
        "monthly_revenue": round(sum(row.monthly_charge_cents for row in rows) / 100, 2) if charged else None,
        "monthly_revenue_customers": charged,
        "value_at_risk_usd": _usd(rows),
        "updated_at": max((row.updated_at for row in rows if row.updated_at), default=None),
        **_by_risk(rows),
    }


def by_day(closed: Sequence[Any], now: Sequence[Any]) -> list[dict[str, Any]]:
    """Lay the portfolio out by day.

    Parameters
    ----------
    closed : sequence of rows
        The columns of ``portfolio_history``: one row a day and tier, in the order of the days.
    now : sequence of rows
        The sums as they are; they are the figures of the day on which they last moved.

    Returns
    -------
    list of dict
        One entry a day, oldest first; empty before the first customer.
    """
    days = [_day(day, list(rows)) for day, rows in groupby(closed, key=lambda row: row.day)]
    moved = max((row.updated_at for row in now if row.updated_at), default=None)
    return [*days, _day(moved[: len("2026-01-31")], now)] if moved else days


def _day(day: str, rows: Sequence[Any]) -> dict[str, Any]:
    return {
        "day": day,
        **_by_risk(rows),
        "value_at_risk_usd": _usd(rows),
        "churned_customers": sum(row.churned_customers for row in rows),
    }


def _by_risk(rows: Iterable[Any]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for row in rows:
        counted[f"{row.tier.lower()}_risk_customers"] += row.customers
    return dict(counted)


def _usd(rows: Iterable[Any]) -> float:
    return float(sum(row.value_at_risk_cents for row in rows) / 100)
