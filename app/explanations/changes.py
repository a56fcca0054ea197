"""Why a score moved between two predictions of a customer: what the customer did, and what the model did."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.explanations.contributions import explain
from app.explanations.trees import Forest
from app.telecom.features import MODELLED_FIELDS
from app.telecom.profiles import numeric_columns
from app.telecom.scoring import ScoringModel, score


@dataclass(frozen=True)
class Model:
    """A version that can score and be explained."""

    scoring: ScoringModel
    forest: Forest

    def can_read(self, values: Mapping[str, float | None]) -> bool:
        """Say whether the customer has every field that this version reads."""
        return all(values.get(name) is not None for name in MODELLED_FIELDS[self.scoring.field_set])


@dataclass(frozen=True)
class Prediction:
    """One stored prediction: the customer as they were, the version that answered, and its probability (0-1)."""

    values: Mapping[str, float | None]
    model: Model
    churn_probability: float


@dataclass(frozen=True)
class Part:
    """One of the two parts of a difference.

    Attributes
    ----------
    score_change : float
        On the forest's scale.
    probability_change : float
        On the calibrated scale, where contributions do not add up.
    base_change : float
        Difference of the two bases; 0 when one version stands on both sides.
    contributions : dict of str to float
        Field to its part of ``score_change``: ``base_change + sum(contributions) == score_change``.
    """

    score_change: float
    probability_change: float
    base_change: float
    contributions: dict[str, float]


@dataclass(frozen=True)
class Difference:
    """A difference of two predictions, whole and in its two parts, which add up to it on both scales."""

    score_before: float
    score_after: float
    customer: Part
    model: Part
    through: ScoringModel


def split_difference(before: Prediction, after: Prediction) -> Difference:
    """Divide the difference of two predictions into "customer changed" and "model changed".

    One version M that can read the customer at both times, the later prediction's if it can, scores both: its
    difference is the customer's part. What is left is the model's: the step from the earlier version to M on the
    earlier customer, and from M to the later version on the later one. At least one of the two steps is none.

    Parameters
    ----------
    before, after : Prediction
        In the order in which the difference is read: ``after - before``.

    Raises
    ------
    ValueError
        Neither version can read the customer at both times.
    """
    through = after.model if after.model.can_read(before.values) else before.model
    if not through.can_read(after.values):
        raise ValueError("neither version can read the customer at both times")
    start, end = _scored(before.model, before.values), _scored(after.model, after.values)
    middle_start, middle_end = _scored(through, before.values), _scored(through, after.values)
    moved = middle_end.minus(middle_start)
    step_before, step_after = middle_start.minus(start), end.minus(middle_end)
    fields = dict.fromkeys([*step_before.contributions, *step_after.contributions])
    remodelled = Part(
        (end.score - start.score) - moved.score_change,
        (after.churn_probability - before.churn_probability) - moved.probability_change,
        step_before.base_change + step_after.base_change,
        {name: step_before.contributions.get(name, 0.0) + step_after.contributions.get(name, 0.0) for name in fields},
    )
    return Difference(start.score, end.score, moved, remodelled, through.scoring)


@dataclass(frozen=True)
class _Scored:
    score: float
    probability: float
    base: float
    contributions: dict[str, float]

    def minus(self, other: "_Scored") -> Part:
        """Give the difference to another; a field that only one of the two reads counts whole."""
        fields = dict.fromkeys([*self.contributions, *other.contributions])
        return Part(
            self.score - other.score,
            self.probability - other.probability,
            self.base - other.base,
            {name: self.contributions.get(name, 0.0) - other.contributions.get(name, 0.0) for name in fields},
        )


def _scored(model: Model, values: Mapping[str, float | None]) -> _Scored:
    columns = numeric_columns([values], MODELLED_FIELDS[model.scoring.field_set])
    explained = explain(columns, model.scoring, model.forest)
    contributions = dict(zip(explained.fields, np.asarray(explained.contributions[0]).tolist(), strict=True))
    probability = float(score(columns, model.scoring).churn_probability[0])
    return _Scored(float(explained.total[0]), probability, explained.base, contributions)
