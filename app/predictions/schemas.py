"""Wire models of the portfolio."""

from pydantic import BaseModel, Field


class Stats(BaseModel):
    """The portfolio, from each customer's latest stored prediction; null where nothing can be known yet."""

    total_customers: int = Field(
        description="Customers with at least one prediction under a customer id, those who left included."
    )
    active_customers: int | None = Field(
        description="Customers known to have stayed; null until outcomes are recorded."
    )
    churned_customers: int | None = Field(description="Customers known to have left; null until outcomes are recorded.")
    churn_rate: float | None = Field(
        description="Share of leavers among those whose outcome is known; null until outcomes are recorded."
    )
    avg_clv: float | None = Field(
        description="Mean lifetime value in USD of the customers not known to have left; null without any."
    )
    monthly_revenue: float | None = Field(
        description="Sum of monthly charges in USD over the customers whose minutes are known; null when none are."
    )
    monthly_revenue_customers: int = Field(description="Customers that monthly_revenue covers.")
    value_at_risk_usd: float = Field(
        description="Sum of churn probability x lifetime value in USD over the customers not known to have left."
    )
    updated_at: str | None = Field(description="When a customer last changed the figures (UTC); null before the first.")
    high_risk_customers: int
    medium_risk_customers: int
    low_risk_customers: int


class PortfolioDay(BaseModel):
    """The portfolio as it closed on a day; on the last one, as it is."""

    day: str = Field(examples=["2026-11-21"], description="UTC day.")
    high_risk_customers: int
    medium_risk_customers: int
    low_risk_customers: int
    value_at_risk_usd: float
    churned_customers: int = Field(description="Customers known to have left by then.")


class StatsHistory(BaseModel):
    """The portfolio by day."""

    days: list[PortfolioDay] = Field(
        description="Days on which a customer changed the figures, oldest first; at most 400."
    )
