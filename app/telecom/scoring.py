"""Score a frame of customers: one graph call, then calibration, value, tier, action and warnings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.telecom.calibration import CalibrationTable
from app.telecom.clv import ClvInterval
from app.telecom.features import (
    DESIGN_COLUMNS,
    FIELD_BY_NAME,
    MINUTE_NAMES,
    MINUTES_IN_A_MONTH,
    MODELLED_FIELDS,
    Columns,
    FieldSet,
    design_matrix,
)
from app.telecom.policy import LEAST_CONFIDENT, TIER_CUT_POINTS, confidence_index, tier_index, value_band_index

Floats = NDArray[np.float64]
Graph = Callable[[NDArray[np.float32]], tuple[Floats, ...]]
"""A design matrix, shape (n, k), to the forest's score and the raw lifetime value (USD), each shape (n,)."""

PROBABILITY_DECIMALS: Final = 6
CARD_SCHEMA: Final = 2
"""Layout of the card this code reads; raised when a reader would need another layout."""


@dataclass(frozen=True)
class ScoringModel:
    """A sealed version, ready to score: the graph and what its card says about reading the graph's output.

    Attributes
    ----------
    training_range : mapping of str to (float, float)
        Smallest and largest training value of each modelled field, in the field's unit.
    typical : mapping of str to float
        Median training value of each modelled field; 1 for a flag that most customers have.
    typical_churn_rate : float
        Share of churners among the training customers, 0-1.
    """

    name: str
    version: str
    field_set: FieldSet
    graph: Graph
    calibration: CalibrationTable
    clv_interval: ClvInterval
    value_cut_points_usd: tuple[float, ...]
    training_range: Mapping[str, tuple[float, float]]
    typical: Mapping[str, float]
    typical_churn_rate: float

    @classmethod
    def from_card(cls, card: Mapping[str, Any], graph: Graph) -> "ScoringModel":
        """Read from a card everything scoring needs.

        Raises
        ------
        KeyError, ValueError
            The card lacks an entry, an entry breaks its own rules, or the card was sealed for other columns or
            cut-points than this code has.
        """
        ours = {
            "schema": CARD_SCHEMA,
            "design_columns": list(DESIGN_COLUMNS[card["field_set"]]),
            "tier_cut_points": list(TIER_CUT_POINTS),
        }
        for name, expected in ours.items():
            if {**card, **card["policy"]}[name] != expected:
                raise ValueError(f"the card's {name} are not this release's")
        return cls(
            name=card["name"],
            version=card["version"],
            field_set=card["field_set"],
            graph=graph,
            calibration=CalibrationTable.from_card(card["churn"]["calibration"]["knots"]),
            clv_interval=ClvInterval(**card["clv"]["interval"]),
            value_cut_points_usd=tuple(card["policy"]["value_cut_points_usd"]),
            training_range={name: tuple(stats["training_range"]) for name, stats in card["fields"].items()},
            typical={name: stats["typical"] for name, stats in card["fields"].items()},
            typical_churn_rate=card["data"]["training"]["churn_rate"],
        )

    @cached_property
    def training_bounds(self) -> tuple[Floats, Floats]:
        """Smallest and largest training values of the modelled fields, each of shape (k, 1)."""
        bounds = np.array([self.training_range[name] for name in MODELLED_FIELDS[self.field_set]])
        return bounds[:, :1], bounds[:, 1:]


@dataclass(frozen=True)
class Scores:
    """Answers for n customers; every array has shape (n,).

    Attributes
    ----------
    churn_probability, probability_low, probability_high : float64, 0-1, no horizon
        Calibrated probability of leaving and its interval.
    clv_usd, clv_low_usd, clv_high_usd : float64, USD, >= 0
        Lifetime value and its prediction interval.
    value_at_risk_usd : float64, USD
        ``churn_probability * clv_usd``.
    tier, value_band, confidence : intp
        Positions in ``policy.TIERS``, ``policy.VALUE_BANDS`` and ``policy.CONFIDENCES``.
    """

    churn_probability: Floats
    probability_low: Floats
    probability_high: Floats
    clv_usd: Floats
    clv_low_usd: Floats
    clv_high_usd: Floats
    value_at_risk_usd: Floats
    tier: NDArray[np.intp]
    value_band: NDArray[np.intp]
    confidence: NDArray[np.intp]


def score(columns: Columns, model: ScoringModel, outside: NDArray[np.bool_] | None = None) -> Scores:
    """Score every customer of a frame with one call of the model's graph.

    Row i of the answer depends on row i of the input alone, bit for bit, whatever else is in the frame.
    Probabilities are rounded to 6 decimals and money to cents before tiers are cut, so that what a person sees, what
    is stored and what decided the tier are the same number.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        One float64 array per name in ``MODELLED_FIELDS[model.field_set]``, validated by the caller.
    model : ScoringModel
        The version that answers.
    outside : ndarray, optional
        What ``outside_training_range`` said of the frame, if somebody asked already.

    Returns
    -------
    Scores
        Empty arrays for an empty frame.

    Raises
    ------
    KeyError
        A needed column is absent.
    """
    forest_score, raw_clv = model.graph(design_matrix(columns, model.field_set))
    probability, low, high = (
        np.round(curve, PROBABILITY_DECIMALS) for curve in model.calibration.apply(forest_score.astype(np.float64))
    )
    clv = raw_clv.astype(np.float64).clip(min=0.0).round(2)
    clv_low, clv_high = model.clv_interval.around(clv, columns["account_length"])
    # Nobody like this was among the training customers, so their calibration does not speak for this one.
    unseen = (outside_training_range(columns, model) if outside is None else outside).any(axis=0)
    return Scores(
        churn_probability=probability,
        probability_low=low,
        probability_high=high,
        clv_usd=clv,
        # Outwards to whole cents, so that rounding never shuts the value out.
        clv_low_usd=np.floor(clv_low * 100) / 100,
        clv_high_usd=np.ceil(clv_high * 100) / 100,
        value_at_risk_usd=np.round(probability * clv, 2),
        tier=tier_index(probability),
        value_band=value_band_index(clv, model.value_cut_points_usd),
        confidence=np.where(unseen, LEAST_CONFIDENT, confidence_index(high - low)),
    )


@dataclass(frozen=True)
class Warned:
    """A reason to read one row's score with care."""

    row: int
    code: str
    field: str
    message: str


@dataclass(frozen=True)
class Contradiction:
    """Two values that cannot both be right, and the field that a message stands beside."""

    field: str
    message: str
    holds: Callable[[Columns], NDArray[np.bool_]]


def _without_calls(minutes: str) -> Contradiction:
    calls = minutes.replace("_minutes", "_calls")
    label, other = FIELD_BY_NAME[minutes].label, FIELD_BY_NAME[calls].mid_sentence.removeprefix("number of ")
    message = f"{label} were given without {other}. Check which of the two is right."
    return Contradiction(minutes, message, lambda columns: (columns[minutes] > 0) & (columns[calls] == 0))


_NO_PLAN: Final = Contradiction(
    "number_vmail_messages",
    "Voice mail messages were given without a voice mail plan. Check which of the two is right.",
    lambda columns: (columns["number_vmail_messages"] > 0) & (columns["voice_mail_plan"] == 0),
)
_TOO_LONG: Final = Contradiction(
    MINUTE_NAMES[0],
    f"The four minutes add up to more than a month has ({MINUTES_IN_A_MONTH:,}). Check them.",
    lambda columns: np.add.reduce([columns[name] for name in MINUTE_NAMES]) > MINUTES_IN_A_MONTH,
)
_CALLS: Final = tuple(name.replace("_minutes", "_calls") for name in MINUTE_NAMES)
CONTRADICTIONS: Final[Mapping[FieldSet, tuple[Contradiction, ...]]] = {
    "core": (_NO_PLAN,),
    "usage": (_NO_PLAN, *map(_without_calls, MINUTE_NAMES), _TOO_LONG),
}


def warnings_for(columns: Columns, model: ScoringModel, outside: NDArray[np.bool_] | None = None) -> list[Warned]:
    """List what a person should know before trusting a row: values beyond the training range, contradictions.

    Parameters are those of ``score``; the list is by field or contradiction, then by row, and empty when nothing stands
    out.
    """
    found: list[Warned] = []
    names = MODELLED_FIELDS[model.field_set]
    beyond = np.argwhere(outside_training_range(columns, model) if outside is None else outside).tolist()
    for place, row in beyond:
        field = FIELD_BY_NAME[names[place]]
        low, high = model.training_range[field.name]
        message = (
            f"{field.label} is outside what the model has seen ({low:,g} to {high:,g} {field.unit}). "
            "Read the score with care."
        )
        found.append(Warned(row, "outside_training_range", field.name, message))
    # Minutes that are too many are beyond the training range too, so two quick looks clear nearly every frame.
    without_calls = any(not columns[calls].all() for calls in _CALLS)
    for contradiction in CONTRADICTIONS[model.field_set] if beyond or without_calls else (_NO_PLAN,):
        rows = np.flatnonzero(contradiction.holds(columns)).tolist()
        found += [Warned(row, "contradiction", contradiction.field, contradiction.message) for row in rows]
    return found


def outside_training_range(columns: Columns, model: ScoringModel) -> NDArray[np.bool_]:
    """Mark values beyond the training range: one row a modelled field, one column a customer."""
    smallest, largest = model.training_bounds
    values = np.array([columns[name] for name in MODELLED_FIELDS[model.field_set]])
    outside: NDArray[np.bool_] = (values < smallest) | (values > largest)
    return outside
