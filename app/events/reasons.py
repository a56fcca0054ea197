"""Why a user's risk is what it is, in words: a value, and always the typical one beside it."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.events.feature_table import Feature, Form, Windows
from app.events.policy import action_for
from app.events.scoring import EventModel, design_of
from app.explanations.sentences import LEAST_CONTRIBUTION, MOST_DOWN, MOST_UP, number_text
from app.explanations.trees import Forest
from app.telecom.policy import Recommendation, Tier

Floats: TypeAlias = NDArray[np.float64]
Direction = Literal["up", "down"]

DECIMALS: Final[dict[Form, int]] = {
    "count": 1,
    "days": 1,
    "minutes": 1,
    "money": 2,
    "share": 3,
    "ratio": 1,
    "balance": 2,
}
"""Decimals of a value as people and programs read it."""
STEADY: Final = 0.1
"""A trend nearer to 0 is called steady: less than a fifth more or less than before."""
NOTE: Final = (
    "Association, not a promise: users with these values left more or less often. "
    "Nobody has tested what happens when a user's habits are changed."
)


@dataclass(frozen=True)
class Reason:
    """One sentence about one feature.

    Attributes
    ----------
    direction : {"up", "down"}
        Whether it raises or lowers the risk.
    feature, group, label, unit : str
        From the feature table, the label with the days of the model's windows.
    value, typical : float
        The user's value and the median training value, rounded as the text writes them.
    contribution : float
        On the scale of the forest's score, 0-1.
    text : str
        The sentence; each number in it is ``value`` or ``typical``, a share as per cent, or the days of a window.
    """

    direction: Direction
    feature: str
    group: str
    label: str
    unit: str
    value: float
    typical: float
    contribution: float
    text: str


def explain_user(model: EventModel, forest: Forest, values_row: Floats) -> list[Reason]:
    """Say what moves a user's score most: up to three reasons that raise it, then up to two that lower it.

    Contributions are exact Shapley values of the forest (see ``explanations.trees``). Features of one group say much
    the same thing, so each group gives at most one reason in each direction, its strongest.

    Parameters
    ----------
    model : EventModel
        The version that answers.
    forest : Forest
        The trees of the same version.
    values_row : ndarray, shape (k,)
        The user's features in the order of ``model.features``.

    Returns
    -------
    list of Reason
        Largest first within each direction; a contribution below 0.01 is no reason.
    """
    return row_reasons(model, forest.contributions(design_of(values_row[None, :]))[0], values_row)


def row_reasons(model: EventModel, contributions: Floats, values_row: Floats) -> list[Reason]:
    """Choose and word the reasons of one user from contributions already computed, shape (k,); see ``explain_user``."""
    order = np.argsort(-contributions, kind="stable").tolist()
    raising = [place for place in order if contributions[place] >= LEAST_CONTRIBUTION]
    lowering = [place for place in order[::-1] if contributions[place] <= -LEAST_CONTRIBUTION]
    chosen: list[tuple[Direction, int]] = [("up", place) for place in _one_a_group(model, raising, MOST_UP)]
    chosen += [("down", place) for place in _one_a_group(model, lowering, MOST_DOWN)]
    return [_reason(model, direction, place, values_row, contributions) for direction, place in chosen]


def recommendation_for(tier: Tier, reasons: list[Reason]) -> Recommendation:
    """Say what to do about a user, by the tier and by the reason that raises the risk most."""
    leading = next((reason.group for reason in reasons if reason.direction == "up"), None)
    return action_for(tier, leading)


def shown(feature: Feature, value: float) -> float:
    """Round a value as people and programs read it; a whole number is an int, so that it is written without a point.

    Examples
    --------
    >>> from app.events.feature_table import FEATURE_BY_NAME
    >>> shown(FEATURE_BY_NAME["days_inactive"], 12.04), shown(FEATURE_BY_NAME["spent"], 3.14159)
    (12, 3.14)
    """
    rounded = round(float(value), DECIMALS[feature.form]) + 0.0
    return int(rounded) if rounded == int(rounded) else rounded


def reason_text(feature: Feature, windows: Windows, value: float, typical: float) -> str:
    """Name a value and the typical one beside it; both as ``shown`` gives them.

    Examples
    --------
    >>> from app.events.feature_table import FEATURE_BY_NAME
    >>> reason_text(FEATURE_BY_NAME["days_inactive"], Windows(90, 30), 12, 2.5)
    'Days without activity: 12; typical 2.5'
    >>> reason_text(FEATURE_BY_NAME["trouble_share"], Windows(90, 30), 0.213, 0.01)
    'Share of events that are troubles, last 90 days: 21.3 %; typical 1 %'
    >>> reason_text(FEATURE_BY_NAME["sessions_trend"], Windows(90, 30), -0.5, 0)
    'Trend of sessions: falling (-0.5); typical steady (0)'
    >>> reason_text(FEATURE_BY_NAME["last_gap_over_usual"], Windows(90, 30), 3, 1)
    'Last gap against the usual gap: 3 times; typical 1 time'
    """
    return f"{feature.label_in(windows)}: {_in_words(feature, value)}; typical {_in_words(feature, typical)}"


def _in_words(feature: Feature, value: float) -> str:
    """Write a value as people say it; its label names the unit of what is counted."""
    if feature.form == "share":
        return f"{number_text(round(value * 100, DECIMALS['share'] - 2))} %"
    if feature.form == "ratio":
        return f"{number_text(value)} time{'s' * (value != 1)}"
    if feature.form == "balance":
        direction = "steady" if abs(value) < STEADY else "rising" if value > 0 else "falling"
        return f"{direction} ({number_text(value)})"
    return number_text(value)


def _one_a_group(model: EventModel, places: list[int], most: int) -> list[int]:
    """Keep the first place of each group, ``most`` at most."""
    first: dict[str, int] = {}
    for place in places:
        first.setdefault(model.table[place].group, place)
    return list(first.values())[:most]


def _reason(model: EventModel, direction: Direction, place: int, values_row: Floats, contributions: Floats) -> Reason:
    feature = model.table[place]
    value, typical = shown(feature, values_row[place]), shown(feature, model.typical[feature.name])
    return Reason(
        direction=direction,
        feature=feature.name,
        group=feature.group,
        label=feature.label_in(model.windows),
        unit=feature.unit,
        value=value,
        typical=typical,
        contribution=float(contributions[place]),
        text=reason_text(feature, model.windows, value, typical),
    )
