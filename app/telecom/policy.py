"""What to do with a score: risk tiers, value bands, the six actions and the words for confidence."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

Tier = Literal["Low", "Medium", "High"]
TIERS: Final[tuple[Tier, ...]] = get_args(Tier)
TIER_CUT_POINTS: Final = (0.15, 0.30)
"""Calibrated probability from which a customer is Medium, and from which High."""

ValueBand = Literal["standard", "high"]
VALUE_BANDS: Final[tuple[ValueBand, ...]] = get_args(ValueBand)
VALUE_QUANTILES: Final = (2 / 3,)
"""Quantiles of the training customers' predicted CLV that part the value bands: the top third is "high"."""

Confidence = Literal["Very High", "High", "Moderate", "Low"]
CONFIDENCES: Final[tuple[Confidence, ...]] = get_args(Confidence)
CONFIDENCE_WIDTHS: Final = (0.05, 0.10, 0.20)
"""Width of the probability interval up to which confidence is Very High, High, Moderate; wider is Low."""


@dataclass(frozen=True)
class Recommendation:
    """One action: a stable code for programs and a sentence for people."""

    code: str
    text: str


RECOMMENDATIONS: Final[dict[tuple[Tier, ValueBand], Recommendation]] = {
    ("High", "high"): Recommendation(
        "critical",
        "Critical: call today. Offer a personal retention package and have a senior agent settle any open complaint.",
    ),
    ("High", "standard"): Recommendation(
        "high_priority",
        "High priority: contact within two days. Offer a plan that fits the usage and clear up any open complaint.",
    ),
    ("Medium", "high"): Recommendation(
        "proactive",
        "Proactive: arrange a plan review within two weeks and offer a loyalty benefit before the customer asks.",
    ),
    ("Medium", "standard"): Recommendation(
        "monitor",
        "Monitor: send a satisfaction check this month and score the customer again after the next bill.",
    ),
    ("Low", "high"): Recommendation(
        "nurture",
        "Nurture: thank the customer with a loyalty perk and invite them to new services. No discount is needed.",
    ),
    ("Low", "standard"): Recommendation(
        "maintain",
        "Maintain: no action is needed beyond good service. Look again at the next regular scoring.",
    ),
}


LEAST_CONFIDENT: Final = len(CONFIDENCES) - 1
"""Position of the word for a customer unlike any the model has seen."""


def tier_index(churn_probability: Floats) -> Integers:
    """Position in ``TIERS`` of each calibrated probability; a probability on a cut-point belongs to the higher tier.

    Examples
    --------
    >>> tier_index(np.array([0.149, 0.15, 0.3])).tolist()
    [0, 1, 2]
    """
    return np.searchsorted(TIER_CUT_POINTS, churn_probability, side="right")


def value_band_index(clv_usd: Floats, cut_points_usd: tuple[float, ...]) -> Integers:
    """Position in ``VALUE_BANDS`` of each lifetime value; a value on a cut-point belongs to the higher band."""
    return np.searchsorted(cut_points_usd, clv_usd, side="right")


def confidence_index(interval_width: Floats) -> Integers:
    """Position in ``CONFIDENCES`` of each interval width; a width on a cut-point keeps the better word.

    Examples
    --------
    >>> confidence_index(np.array([0.0, 0.05, 0.06, 0.5])).tolist()
    [0, 0, 1, 3]
    """
    return np.searchsorted(CONFIDENCE_WIDTHS, interval_width, side="left")
