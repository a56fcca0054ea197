"""Turn the stored sums of the portfolio into its figures."""

from collections.abc import Iterable
from typing import Any


def summarise(sums: Iterable[Any]) -> dict[str, Any]:
    """Summarise the portfolio.

    Parameters
    ----------
    sums : iterable of rows
        One row a tier: ``tier``, ``customers``, ``clv_cents``, ``charged_customers``, ``monthly_charge_cents``.

    Returns
    -------
    dict
        Counts; money in USD; None where nothing can be known yet. Whether a customer stayed or left is not predicted
        but observed, so those figures stay None until outcomes are recorded.
    """
    rows = list(sums)
    by_tier = {row.tier: row.customers for row in rows}
    total = sum(by_tier.values())
    charged = sum(row.charged_customers for row in rows)
    return {
        "total_customers": total,
        "active_customers": None,
        "churned_customers": None,
        "churn_rate": None,
        "avg_clv": round(sum(row.clv_cents for row in rows) / total / 100, 2) if total else None,
        "monthly_revenue": round(sum(row.monthly_charge_cents for row in rows) / 100, 2) if charged else None,
        "monthly_revenue_customers": charged,
        **{f"{tier.lower()}_risk_customers": customers for tier, customers in by_tier.items()},
    }
