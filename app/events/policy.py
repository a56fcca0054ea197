"""What to do with a user's score: cut-points that follow the typical rate, and an action for the leading reason."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.telecom.policy import TIERS, Recommendation, Tier

CUT_POINT_DECIMALS: Final = 2
_LEAST: Final = 0.01

_USES_LESS: Final = ("recency", "frequency", "time_spent", "regularity", "trend")
_TROUBLE_OF: Final = {
    **dict.fromkeys(_USES_LESS, "uses_less"),
    "diversity": "same_things",
    "money": "spends_less",
    "service_and_social": "bad_experience",
}
"""What the group of the leading reason says is the matter; a group that is not named here counts as using less."""
_LOW, _MEDIUM, _HIGH = TIERS
_URGENCY: Final[dict[Tier, str]] = {_HIGH: "Contact this week", _MEDIUM: "Write this month"}
_REMEDY: Final = {
    "uses_less": "Remind the user what is waiting, and make coming back one step.",
    "same_things": "Suggest something new that is close to what the user already likes.",
    "spends_less": "Offer a reason to buy again, or a plan that fits what is still used.",
    "bad_experience": "Settle the trouble first: errors, open questions, too many adverts. Sell nothing.",
}
_NOTHING: Final = Recommendation(
    "leave_alone", "Nothing to do: the risk is no higher than is typical. Score again as events come."
)
RECOMMENDATIONS: Final = {
    (tier, trouble): Recommendation(f"{tier.lower()}_{trouble}", f"{urgency}. {remedy}")
    for tier, urgency in _URGENCY.items()
    for trouble, remedy in _REMEDY.items()
}
"""The eight actions by tier and trouble; a Low user has the ninth, which is none."""


def cut_points_for(typical_rate: float) -> tuple[float, float]:
    """Give the probability from which a user is Medium, the typical one, and from which High.

    High begins at twice the typical rate, or half-way from it to certainty where that is less: what is rare in one log
    is usual in another, so no fixed cut-point would serve both. Two decimals; Medium is at least 0.01, and High more.

    Parameters
    ----------
    typical_rate : float, 0-1
        Share of the training users that left within the horizon.

    Examples
    --------
    >>> cut_points_for(0.09), cut_points_for(0.5), cut_points_for(0.001)
    ((0.09, 0.18), (0.5, 0.75), (0.01, 0.02))
    """
    if not 0 <= typical_rate <= 1:
        raise ValueError("a typical rate lies between 0 and 1")
    medium = min(max(round(typical_rate, CUT_POINT_DECIMALS), _LEAST), 1 - _LEAST)
    high = round(typical_rate + min(typical_rate, (1 - typical_rate) / 2), CUT_POINT_DECIMALS)
    return medium, min(max(high, round(medium + _LEAST, CUT_POINT_DECIMALS)), 1.0)


def tier_index(probability: NDArray[np.float64], cut_points: tuple[float, float]) -> NDArray[np.intp]:
    """Position in ``TIERS`` of each probability; one on a cut-point belongs to the higher tier.

    Examples
    --------
    >>> tier_index(np.array([0.08, 0.09, 0.2]), (0.09, 0.18)).tolist()
    [0, 1, 2]
    """
    return np.searchsorted(cut_points, probability, side="right")


def action_for(tier: Tier, group: str | None) -> Recommendation:
    """Say what to do about a user.

    Parameters
    ----------
    tier : {"Low", "Medium", "High"}
    group : str or None
        Group of the feature that raises the risk most; None when nothing does by much.

    Examples
    --------
    >>> action_for("Low", "money").code, action_for("High", None).code, action_for("Medium", "diversity").code
    ('leave_alone', 'high_uses_less', 'medium_same_things')
    """
    if tier == _LOW:
        return _NOTHING
    return RECOMMENDATIONS[tier, _TROUBLE_OF.get(group or "", "uses_less")]
