"""Wire models of the portfolio."""

from pydantic import BaseModel, Field


class Stats(BaseModel):
    """The portfolio, from each customer's latest stored prediction; null where nothing can be known yet."""

    total_customers: int = Field(description="Customers with at least one prediction under a customer id.")
    active_customers: int | None = Field(
        description="Customers known to have stayed; null until outcomes are recorded."
    )
    churned_customers: int | None = Field(description="Customers known to have left; null until outcomes are recorded.")
    churn_rate: float | None = Field(description="Observed share of leavers; null until outcomes are recorded.")
    avg_clv: float | None = Field(description="Mean lifetime value in USD; null without customers.")
    monthly_revenue: float | None = Field(
        description="Sum of monthly charges in USD over the customers whose minutes are known; null when none are."
    )
    monthly_revenue_customers: int = Field(description="Customers that monthly_revenue covers.")
    high_risk_customers: int
    medium_risk_customers: int
    low_risk_customers: int
