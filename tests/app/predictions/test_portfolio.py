"""The portfolio's figures, from sums written by hand."""

from types import SimpleNamespace
from typing import Any

from app.predictions.portfolio import by_day, summarise
from tests.portfolio import of


def tier(name: str, updated_at: str | None = None, **changes: int) -> Any:
    return SimpleNamespace(tier=name, updated_at=updated_at, **of(**changes))


def closed(day: str, name: str, **changes: int) -> Any:
    return SimpleNamespace(day=day, tier=name, **of(**changes))


def test_who_left_counts_in_the_total_and_in_no_mean() -> None:
    figures = summarise(
        [
            tier("Low", "2026-01-02", customers=3, clv_cents=900, value_at_risk_cents=30, stayed_customers=2,
                 churned_customers=1),
            tier("High", "2026-01-03", customers=1, clv_cents=300, value_at_risk_cents=270, churned_customers=1),
            tier("Medium"),
        ]
    )  # fmt: skip
    assert figures["total_customers"] == 6
    assert (figures["active_customers"], figures["churned_customers"], figures["churn_rate"]) == (2, 2, 0.5)
    assert (figures["avg_clv"], figures["value_at_risk_usd"]) == (3.0, 3.0)
    assert (figures["low_risk_customers"], figures["high_risk_customers"]) == (3, 1)
    assert figures["updated_at"] == "2026-01-03"


def test_the_cells_of_a_tier_are_one_figure() -> None:
    parts = [tier("Low", customers=3, clv_cents=900), tier("High", customers=1), tier("Low", "2026-01-02", customers=2)]
    figures = summarise(parts)
    assert (figures["low_risk_customers"], figures["high_risk_customers"]) == (5, 1)
    assert (figures["total_customers"], figures["avg_clv"], figures["updated_at"]) == (6, 1.5, "2026-01-02")
    (day,) = by_day([], parts)
    assert (day["low_risk_customers"], day["high_risk_customers"]) == (5, 1)


def test_without_an_outcome_nobody_is_said_to_be_active() -> None:
    figures = summarise([tier("Low", customers=3), tier("High", customers=1), tier("Medium")])
    assert [figures[name] for name in ("active_customers", "churned_customers", "churn_rate")] == [None] * 3


def test_days_are_laid_out_with_the_running_one_last() -> None:
    history = [closed("2026-01-01", name, customers=place) for place, name in enumerate(("High", "Low", "Medium"))]
    now = [
        tier("Low", "2026-01-03T10:00:00.000000Z", customers=9, value_at_risk_cents=150),
        tier("High"),
        tier("Medium"),
    ]
    first, last = by_day(history, now)
    assert (first["day"], first["low_risk_customers"], first["value_at_risk_usd"]) == ("2026-01-01", 1, 0)
    assert (last["day"], last["low_risk_customers"], last["value_at_risk_usd"]) == ("2026-01-03", 9, 1.5)


def test_before_the_first_customer_there_is_no_day() -> None:
    assert by_day([], [tier("Low"), tier("High"), tier("Medium")]) == []
