"""The JSON of a chart: what a page draws, and what its table says, from the same numbers."""

from typing import Literal

from pydantic import BaseModel, Field

ChartKind = Literal["line", "bars", "waterfall", "radar", "heatmap", "scatter"]
Unit = Literal["share", "probability", "usd", "count", "number", "words"]


class Axis(BaseModel):
    """What an axis measures; ``categories`` name its places when it counts none."""

    label: str = Field(examples=["Share of stayers called"])
    unit: Unit
    min: float | None = None
    max: float | None = None
    categories: list[str] | None = None


class Series(BaseModel):
    """One line, set of bars or cloud of points; a band is the interval around it."""

    name: str = Field(examples=["This model"])
    role: Literal["main", "rival", "reference", "band"] = "main"
    points: list[list[float]] = Field(
        description="[x, y] each, or [x, y, value] in a heatmap; with categories, x or y is a place among them."
    )
    band: list[tuple[float, float, float]] | None = Field(None, description="[x, low, high] each.")


class Mark(BaseModel):
    """A value on an axis that stands out, such as the cut-point in use."""

    axis: Literal["x", "y"]
    value: float
    label: str


class Chart(BaseModel):
    """A chart with its message; every number that is drawn is here."""

    id: str = Field(examples=["roc"])
    kind: ChartKind
    name: str = Field(examples=["ROC curve"])
    title: str = Field(description="One sentence: what the chart says.")
    x: Axis
    y: Axis
    series: list[Series]
    marks: list[Mark] = []
    links: list[str] | None = Field(None, description="Where each point of the first series leads.")
    notes: list[str] = []
