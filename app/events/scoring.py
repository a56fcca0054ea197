"""Score users from their features: one graph call a frame, then calibration, the time of the year and the tier."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.events.columns import Micros
from app.events.feature_table import FEATURE_BY_NAME, Feature, Windows
from app.events.labels import LABEL_KINDS, LabelKind
from app.events.policy import cut_points_for, tier_index
from app.events.seasons import Seasons, shifted
from app.telecom.calibration import CalibrationTable

Floats: TypeAlias = NDArray[np.float64]
Graph: TypeAlias = Callable[[NDArray[np.float32]], tuple[Floats, ...]]
"""Features, shape (n, k), to the forest's score alone, shape (n,)."""

CARD_SCHEMA: Final = 1
"""Layout of the card this code reads; raised when a reader would need another layout."""
CARD_KIND: Final = "events"
CHURN: Final = "events-churn"
"""The model over all features of a log."""
SUMMARY: Final = "events-summary"
"""The model over the four features that a person can state without a log."""
PROBABILITY_DECIMALS: Final = 6


@dataclass(frozen=True)
class EventModel:
    """A sealed version, ready to score: the graph and what its card says about reading the graph's output.

    Attributes
    ----------
    features : tuple of str
        Columns of the graph's input, in order; names of ``FEATURES``.
    windows : Windows
        What the features must be computed over.
    horizon_days, lead_days : int
        The probability is of leaving within ``horizon_days``, from ``lead_days`` after the date on.
    label : {"explicit", "silence", "proxy"}
        What leaving means, as ``labels`` defines it.
    calibration : CalibrationTable
        From the forest's score to a probability.
    seasons : Seasons
        What the time of the year adds to it; empty for a log that does not span most of a year.
    cut_points : tuple of float
        Probability from which a user is Medium, and High.
    typical_rate : float, 0-1
        Share of the training users that left within the horizon.
    typical : mapping of str to float
        Median training value of each feature.
    training_range : mapping of str to (float, float)
        Smallest and largest training value of each feature.
    """

    name: str
    version: str
    features: tuple[str, ...]
    windows: Windows
    horizon_days: int
    lead_days: int
    label: LabelKind
    graph: Graph
    calibration: CalibrationTable
    cut_points: tuple[float, float]
    typical_rate: float
    typical: Mapping[str, float]
    training_range: Mapping[str, tuple[float, float]]
    seasons: Seasons = field(default_factory=Seasons)

    @classmethod
    def from_card(cls, card: Mapping[str, Any], graph: Graph) -> "EventModel":
        """Read from a card everything scoring needs.

        Raises
        ------
        KeyError, TypeError, ValueError
            The card lacks an entry, an entry breaks its own rules, or the card was sealed for features, labels or
            cut-points that this code does not have.
        """
        if (card["schema"], card["kind"]) != (CARD_SCHEMA, CARD_KIND):
            raise ValueError("the card's schema or kind is not this release's")
        typical_rate = float(card["policy"]["typical_rate"])
        cut_points = cut_points_for(typical_rate)
        if list(cut_points) != card["policy"]["tier_cut_points"]:
            raise ValueError("the card's tier_cut_points are not this release's")
        if card["label"]["kind"] not in LABEL_KINDS:
            raise ValueError("the card's label is not known")
        names = tuple(entry["name"] for entry in card["features"])
        unknown = [name for name in names if name not in FEATURE_BY_NAME]
        if unknown or not names:
            raise ValueError(f"the card's features are not this release's: {unknown}")
        return cls(
            name=card["name"],
            version=card["version"],
            features=names,
            windows=Windows(**card["windows"]),
            horizon_days=int(card["label"]["horizon_days"]),
            lead_days=int(card["label"]["lead_days"]),
            label=card["label"]["kind"],
            graph=graph,
            calibration=CalibrationTable.from_card(card["calibration"]["knots"]),
            cut_points=cut_points,
            typical_rate=typical_rate,
            typical={entry["name"]: float(entry["typical"]) for entry in card["features"]},
            training_range={entry["name"]: tuple(entry["training_range"]) for entry in card["features"]},
            seasons=Seasons.from_card(card["seasons"]["shifts"]),
        )

    @cached_property
    def table(self) -> tuple[Feature, ...]:
        """The features with their groups, units and labels, in the order of the columns."""
        return tuple(FEATURE_BY_NAME[name] for name in self.features)

    @cached_property
    def training_bounds(self) -> tuple[Floats, Floats]:
        """Smallest and largest training value of each feature, each of shape (k,)."""
        bounds = np.array([self.training_range[name] for name in self.features], dtype=np.float64)
        return bounds[:, 0], bounds[:, 1]

    def columns_of(self, values: Floats, names: Sequence[str]) -> Floats:
        """Choose the model's columns, in its order, from a matrix with columns ``names``: shape (n, k).

        Raises
        ------
        ValueError
            The matrix lacks one of them.
        """
        return values[:, [list(names).index(name) for name in self.features]]


@dataclass(frozen=True)
class Scores:
    """Answers for n users; every array has shape (n,).

    Attributes
    ----------
    probability, low, high : float64, 0-1, within ``EventModel.horizon_days``
        Calibrated probability of leaving and its interval; ``low <= probability <= high``.
    tier : intp
        Position in ``telecom.policy.TIERS``.
    """

    probability: Floats
    low: Floats
    high: Floats
    tier: NDArray[np.intp]


def score_features(values: Floats, model: EventModel, as_of: Micros | None = None) -> Scores:
    """Score every user of a frame with one call of the model's graph.

    Row i of the answer depends on row i of the input alone, bit for bit. Probabilities are rounded to 6 decimals before
    tiers are cut, so that what a person sees and what decided the tier are the same number.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Columns in the order of ``model.features``, as ``features.features_as_of`` computes them over ``model.windows``.
    model : EventModel
        The version that answers.
    as_of : int, microseconds since 1970 UTC, optional
        Date of the features, for models that know the time of the year. Without it the answer is the mean over the
        training dates.

    Returns
    -------
    Scores
        Empty arrays for an empty frame.

    Raises
    ------
    ValueError
        The frame has another number of columns, or a value is not finite.
    """
    if values.ndim != 2 or values.shape[1] != len(model.features):
        raise ValueError(f"the model reads {len(model.features)} features, and the frame has another shape")
    if not np.isfinite(values).all():
        raise ValueError("a feature is not a finite number")
    forest_score = model.graph(design_of(values))[0].astype(np.float64) if len(values) else np.empty(0)
    shift = 0.0 if as_of is None else model.seasons.shift_at(as_of)
    probability, low, high = (
        np.round(shifted(curve, shift), PROBABILITY_DECIMALS) for curve in model.calibration.apply(forest_score)
    )
    return Scores(probability, low, high, tier_index(probability, model.cut_points))


def design_of(values: Floats) -> NDArray[np.float32]:
    """Give features as the graph and the trees read them: single precision, shape (n, k)."""
    return np.ascontiguousarray(values, dtype=np.float32)


def outside_training_range(values: Floats, model: EventModel) -> NDArray[np.bool_]:
    """Mark values beyond anything the model was trained on: shape (n, k)."""
    smallest, largest = model.training_bounds
    outside: NDArray[np.bool_] = (values < smallest) | (values > largest)
    return outside
