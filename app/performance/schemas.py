"""Wire models of the model pages."""

from typing import Literal

from pydantic import BaseModel, Field

from app.web.charts import Chart

SaveRateIs = Literal["assumed", "measured"]
"""Measured once a campaign with a control group has shown it."""


class Figure(BaseModel):
    """A figure with its 95 % interval; without bounds where none can be given."""

    value: float
    low: float | None = None
    high: float | None = None


class TrainedOn(BaseModel):
    """The file a version was trained on."""

    file: str
    rows: int


class VersionEntry(BaseModel):
    """A sealed version as the list shows it."""

    version: str = Field(examples=["2"])
    is_champion: bool = Field(description="Whether this version answers.")
    reason: str | None = Field(description="Why the version cannot be used; null when it can.")
    trained_on: TrainedOn | None = None
    roc_auc: Figure | None = None
    average_precision: Figure | None = None
    has_performance: bool = Field(description="Whether the version keeps what its page needs.")


class VersionList(BaseModel):
    """The versions of a model, newest first."""

    versions: list[VersionEntry]


class ModelName(BaseModel):
    """Which version the figures are about."""

    name: str = Field(examples=["telecom-usage"])
    version: str = Field(examples=["2"])
    field_set: str = Field(examples=["usage"])
    is_champion: bool


class HeldOutCustomers(BaseModel):
    """The customers no figure's model had seen."""

    file: str
    rows: int
    churned: int


class Column(BaseModel):
    """A column of a table."""

    name: str
    label: str
    unit: str


class Thresholds(BaseModel):
    """What each of a row of cut-points decides."""

    note: str
    columns: list[Column]
    rows: list[dict[str, float | Figure]]


class PairedDifference(BaseModel):
    """A rival less this model, on the same resamples."""

    roc_auc: Figure
    brier_score: Figure


class ComparedModel(BaseModel):
    """A model in the same folds, or the reason why it was not compared."""

    model: str
    is_this_model: bool
    not_compared: str | None
    roc_auc: Figure | None
    average_precision: Figure | None
    brier_score: Figure | None
    log_loss: Figure | None
    calibration_error: Figure | None
    paired_difference: PairedDifference | None


class Comparison(BaseModel):
    """This model beside its rivals."""

    message: str
    note: str
    rows: list[ComparedModel]


class ImportanceRow(BaseModel):
    """A field, or several together, asked about in two ways."""

    name: str
    label: str
    fields: list[str]
    is_group: bool
    groups: list[str] = Field(description="The groups a field belongs to.")
    shap: Figure
    auc_drop: Figure
    brier_rise: Figure


class FieldGroup(BaseModel):
    """Fields that have to be asked about together."""

    name: str
    label: str
    reason: str


class Importance(BaseModel):
    """What moves the score, largest first."""

    rows: list[ImportanceRow]
    groups: list[FieldGroup]
    notes: list[str]


class SliceRow(BaseModel):
    """A part of the customers."""

    value: str
    customers: int
    churned: int
    churn_rate: Figure
    mean_probability: float
    recall: Figure
    precision: Figure
    roc_auc: Figure | None


class Hidden(BaseModel):
    """Parts that are too small to show."""

    slices: int
    customers: int


class SliceDimension(BaseModel):
    """The parts along one field."""

    name: str
    label: str
    message: str
    rows: list[SliceRow]
    hidden: Hidden


class Slices(BaseModel):
    """The same figures for parts of the customers."""

    note: str
    least_customers: int
    least_churned: int
    cut_point: float
    dimensions: list[SliceDimension]


class ClvPerformance(BaseModel):
    """How well the lifetime value is answered."""

    figures: dict[str, float | Figure]
    note: str


class CalibrationBin(BaseModel):
    """What was said and what was seen among neighbouring probabilities."""

    low: float
    high: float
    customers: int
    churned: int
    mean_probability: float
    observed: Figure


class Calibration(BaseModel):
    """Said against seen, bin by bin."""

    bins: list[CalibrationBin]


class Performance(BaseModel):
    """Everything a version's page shows at first."""

    model: ModelName
    held_out: HeldOutCustomers
    intervals: str
    figures: dict[str, float | Figure]
    calibration: Calibration
    charts: list[Chart]
    thresholds: Thresholds
    comparison: Comparison
    importance: Importance
    slices: Slices
    clv: ClvPerformance
    limits: list[str]


class Confusion(BaseModel):
    """Who is called rightly and wrongly at one cut-point."""

    cut_point: float
    customers: int
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    called_share: float
    figures: dict[str, float | Figure | None] = Field(
        description="Accuracy, precision (null where nobody is called), recall, F1 and specificity, beside the churn "
        "rate and the majority share."
    )
    intervals: str


class ProfitInputs(BaseModel):
    """What was assumed."""

    contact_cost: float
    offer_cost: float
    save_rate: float
    save_rate_low: float
    save_rate_high: float
    value_share: float


class Money(BaseModel):
    """An amount with its interval, USD."""

    value: float
    low: float
    high: float


class BestCutPoint(BaseModel):
    """The cut-point that earns most, and the range it may lie in; all null when no cut-point pays for its calls."""

    cut_point: float | None
    cut_point_low: float | None
    cut_point_high: float | None
    profit_usd_per_1000: Money = Field(description="Less the optimism; that of calling nobody when no cut-point pays.")
    optimism_usd_per_1000: float | None = Field(
        description="What choosing the cut-point on the same customers seemed to add, by the bootstrap; taken off."
    )
    called_share: float


class CallingPolicy(BaseModel):
    """A way to choose whom to call."""

    name: str
    profit_usd_per_1000: Money
    called_share: float


class Profit(BaseModel):
    """What calling earns, over cut-points and by policy."""

    inputs: ProfitInputs
    chart: Chart
    best: BestCutPoint
    policies: list[CallingPolicy]
    message: str
    save_rate_is: SaveRateIs


class CutPointPolicy(BaseModel):
    """A chosen cut-point, written down for an operator."""

    model: ModelName
    cut_point: float | None = Field(description="Null when none was chosen and none pays for its calls.")
    inputs: ProfitInputs
    profit_usd_per_1000: Money
    called_share: float
    best: BestCutPoint
    save_rate_is: SaveRateIs
    note: str
