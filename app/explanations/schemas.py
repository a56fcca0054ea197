"""Wire models of the explanation routes."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.telecom.features import FIELD_BY_NAME
from app.telecom.policy import Tier
from app.telecom.schemas import PredictResponse, Probability, Usd

_EXAMPLE: Final = FIELD_BY_NAME["customer_service_calls"]
Value = float | Literal["yes", "no"]
FieldName = Field(examples=[_EXAMPLE.alias], description="Wire name of the field.")


class ExplainedAnswer(PredictResponse):
    """The answer that is explained."""

    model_config = ConfigDict(title="Answer")

    prediction_id: str | None = Field(  # type: ignore[assignment]
        description="Key of the stored prediction; null when nothing was stored."
    )


class FieldOfCustomer(BaseModel):
    """A field with its name for people."""

    field: str = FieldName
    label: str = Field(examples=[_EXAMPLE.label])
    unit: str = Field(examples=[_EXAMPLE.unit], description="Empty for yes and no.")


class Contribution(FieldOfCustomer):
    """What one field adds to the forest's score."""

    value: Value
    typical: Value = Field(description="Median of the training customers.")
    contribution: float = Field(description="On the scale of the forest's score; above 0 raises the risk.")


class Reason(BaseModel):
    """One contribution in words."""

    direction: Literal["up", "down"]
    field: str = FieldName
    value: Value
    typical: Value
    contribution: float
    text: str = Field(examples=["6 customer service calls; most customers make 1 or fewer"])


class Explanation(BaseModel):
    """Additive contributions: base + the sum of all contributions is the forest's score."""

    scale: Literal["forest_score"]
    base: float = Field(description="Mean forest score of the training rows, where every explanation starts.")
    forest_score: float = Field(description="What the forest says before calibration, 0-1.")
    churn_probability: Probability = Field(description="The calibrated probability of the answer.")
    message: str
    contributions: list[Contribution] = Field(description="Every field the model reads, largest first.")
    reasons: list[Reason] = Field(description="Up to three that raise the risk, then up to two that lower it.")


class ClvContribution(FieldOfCustomer):
    """What one field adds to the lifetime value."""

    value: Value
    typical: Value
    contribution_usd: float


class ClvExplanation(BaseModel):
    """Linear contributions: base + the sum of all contributions is the regression's value."""

    base_usd: float = Field(description="Value of a customer with the mean of every column.")
    linear_clv_usd: float = Field(description="The regression's value, which may be below 0.")
    estimated_clv: Usd = Field(description="The value of the answer: not below 0, and in whole cents.")
    message: str
    contributions: list[ClvContribution]


class ExplainResponse(BaseModel):
    """An answer and why it is what it is."""

    answer: ExplainedAnswer
    explanation: Explanation
    clv: ClvExplanation | None = Field(description="Null when the version was sealed without its regression.")


class FieldChange(FieldOfCustomer):
    """A field with another value."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    before: Value = Field(alias="from")
    to: Value
    text: str = Field(examples=["3 customer service calls instead of 6"])


class ClosestChange(BaseModel):
    """The smallest change of plans, service calls and minutes that lowers the tier."""

    tier: Tier
    target_tier: Tier | None = Field(description="Tier after the change; null when there is no such change.")
    changes: list[FieldChange]
    answer: ExplainedAnswer | None = Field(description="The answer for the changed customer; nothing is stored.")
    message: str
    note: str


class VersionName(BaseModel):
    """A model version."""

    name: str = Field(examples=["telecom-usage"])
    version: str = Field(examples=["1"])


class ComparedPrediction(BaseModel):
    """One of the two predictions that are compared."""

    prediction_id: str
    predicted_at: str
    churn_probability: Probability
    churn_risk: Tier
    forest_score: float
    model: VersionName


class CustomerContribution(FieldOfCustomer):
    """What one field's change adds to the difference."""

    before: Value
    after: Value
    contribution: float


class ModelContribution(BaseModel):
    """What the other version adds to the difference, by field."""

    field: str = FieldName
    label: str
    contribution: float


class CustomerPart(BaseModel):
    """The difference as one version sees it."""

    score_change: float
    probability_change: float
    model: VersionName = Field(description="The version that can read the customer at both times.")
    contributions: list[CustomerContribution]


class ModelPart(BaseModel):
    """The difference between two versions on the same customer; nothing when one version answered both times."""

    score_change: float
    probability_change: float
    base_change: float = Field(description="Difference of the two bases: base_change + contributions = score_change.")
    contributions: list[ModelContribution]


class PredictionChanges(BaseModel):
    """Why a customer's score moved: customer_changed + model_changed is the whole, on both scales."""

    before: ComparedPrediction
    after: ComparedPrediction
    probability_change: float
    score_change: float
    customer_changed: CustomerPart
    model_changed: ModelPart
    message: str
    reasons: list[str]
