"""Wire models of segments and of value at risk."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.segments.assignment import Method
from app.telecom.policy import Tier, ValueBand
from app.web.charts import Chart

Figures = Literal["training", "portfolio"]
Share = Annotated[float, Field(ge=0, le=1)]


class Rate(BaseModel):
    """A share with its 95 % interval."""

    value: Share
    low: Share
    high: Share


class SegmentVersion(BaseModel):
    """The sealed version behind the segments."""

    name: str = Field(examples=["telecom-segments"])
    version: str = Field(examples=["1"])


class Learned(BaseModel):
    """What the customers say that the segments were learned from."""

    customers: int
    share: Share
    churn_rate: Rate | None = Field(description="Share that left; null for a segment without a training customer.")
    mean_clv_usd: float | None
    value_at_risk_usd: float


class Observed(BaseModel):
    """Customers whose outcome is known."""

    churned: int
    stayed: int


class Scored(BaseModel):
    """What each scored customer's latest prediction says; customers known to have left are in ``observed`` only."""

    customers: int
    share: Share = Field(description="Of all scored customers, those without a segment included.")
    mean_churn_probability: float | None
    observed: Observed
    mean_clv_usd: float | None
    value_at_risk_usd: float
    tiers: dict[Tier, int]


class SegmentDifference(BaseModel):
    """How far a segment's mean lies from everybody's."""

    feature: str = Field(examples=["monthly_charge_usd"])
    label: str = Field(examples=["Monthly bill"])
    unit: str = Field(description='Unit of the means; "share" for plans.', examples=["USD a month"])
    mean: float
    overall_mean: float
    standardised: float = Field(description="Difference in standard deviations of all training customers.")


class ProfileValue(BaseModel):
    """Where a segment's customers stand among all training customers."""

    feature: str
    label: str
    value: Share = Field(
        description="Mean place of its customers, from 0 (least) to 1 (most); for a plan, the share that holds it."
    )
    overall: Share = Field(description="The same of all customers: 0.5, or the share that holds the plan.")


class Segment(BaseModel):
    """A group of customers with a name and money on it."""

    id: int = Field(ge=0)
    persona: str = Field(examples=["International plan holders"])
    sentences: list[str] = Field(description="What sets the segment apart, and what it is worth.")
    href: str = Field(description="Page that lists its customers.", examples=["/customers.html?segment=2"])
    training: Learned | None = Field(description="Null when the segments are rules without a sealed version.")
    portfolio: Scored
    differences: list[SegmentDifference] = Field(description="The largest standardised difference first.")
    profile: list[ProfileValue]


class Unassigned(BaseModel):
    """Scored customers without a segment, and why."""

    customers: int
    value_at_risk_usd: float
    note: str


class Segments(BaseModel):
    """The customer base as a handful of groups."""

    model: SegmentVersion | None = Field(description="Null when no sealed version is in use.")
    method: Method = Field(description='"rules": value band by risk tier, because no groups are in use.')
    k: int = Field(description="Number of segments.")
    message: str = Field(description="Where the money at risk is, and whose figures these are.")
    finding: str = Field(description="What parts the customers and how firmly, or why the segments are rules.")
    limits: list[str] = Field(description="What the segments do not tell.")
    figures: Figures = Field(
        description='Whose figures are shown first: "portfolio" once half of the scored customers have a segment.'
    )
    scored_customers: int = Field(description="Customers with a prediction who are not known to have left.")
    unassigned: Unassigned
    segments: list[Segment] = Field(
        description="By id; empty while there is neither a sealed version nor a scored customer."
    )
    charts: list[Chart]
    updated_at: str | None = Field(description="When a customer last changed the figures (UTC).")


class RiskCell(BaseModel):
    """The customers of a value band and a risk tier."""

    value_band: ValueBand
    tier: Tier
    customers: int
    value_at_risk_usd: float
    href: str = Field(examples=["/customers.html?tier=High&value_band=high"])


class RiskTotal(BaseModel):
    """All cells together."""

    customers: int
    value_at_risk_usd: float


class ValueAtRisk(BaseModel):
    """Value at risk by value band and risk tier."""

    updated_at: str | None
    value_bands: list[ValueBand]
    tiers: list[Tier]
    cells: list[RiskCell] = Field(description="Every band by every tier.")
    total: RiskTotal
    message: str
    chart: Chart
