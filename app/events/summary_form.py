"""The four numbers a person can state without a log: what they are called, what they may be, and what contradicts."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from app.events.columns import Floats
from app.events.scoring import EventModel
from app.telecom.features import Field

SESSION_COUNT: Final = Field("session_count", "session_count", "", "Sessions", "count", "sessions", 100_000, example=12)
TIME_SPENT: Final = Field(
    "time_spent_minutes", "time_spent_minutes", "", "Time spent", "amount", "minutes", 43_200, example=340
)
PURCHASES: Final = Field("purchases", "purchases", "", "Purchases", "count", "purchases", 100_000, example=1)
DAYS_INACTIVE: Final = Field(
    "days_inactive", "days_inactive", "", "Days without activity", "amount", "days", 3_650, example=4
)
FORM_FIELDS: Final = {
    "sessions_recent": SESSION_COUNT,
    "time_spent_minutes_recent": TIME_SPENT,
    "purchases_recent": PURCHASES,
    "days_inactive": DAYS_INACTIVE,
}
"""The feature each number stands for."""
_DAY_MINUTES: Final = 24 * 60


def values_row(values: Mapping[str, float], model: EventModel) -> Floats:
    """Lay the four numbers out as the model reads them: shape (k,), days without activity up to its window.

    Raises
    ------
    ValueError
        The model reads a feature that the form does not ask for.
    """
    unknown = [name for name in model.features if name not in FORM_FIELDS]
    if unknown:
        raise ValueError(f"the form does not ask for {unknown}")
    asked = {name: float(values[FORM_FIELDS[name].name]) for name in model.features}
    if "days_inactive" in asked:
        asked["days_inactive"] = min(asked["days_inactive"], float(model.windows.observation_days))
    return np.array([asked[name] for name in model.features], dtype=np.float64)


def contradictions(values: Mapping[str, float], recent_days: int) -> list[tuple[str, str]]:
    """Name what cannot be true together, as field and sentence; the answer is given all the same.

    Examples
    --------
    >>> told = {"session_count": 3, "time_spent_minutes": 20, "purchases": 0, "days_inactive": 2}
    >>> contradictions(told, 30)
    []
    >>> [field for field, _ in contradictions({**told, "session_count": 0}, 30)]
    ['session_count', 'days_inactive']
    """
    found = []
    is_away = values["days_inactive"] >= recent_days
    has_sessions = values["session_count"] > 0
    if not has_sessions and (values["time_spent_minutes"] > 0 or values["purchases"] > 0):
        found.append((SESSION_COUNT.alias, "There is time spent or a purchase, but no session: check the sessions."))
    if not is_away and values["time_spent_minutes"] > _DAY_MINUTES * (recent_days - values["days_inactive"]):
        found.append((TIME_SPENT.alias, "The days with activity do not hold that many minutes: check the minutes"))
    if has_sessions and is_away:
        found.append(
            (
                DAYS_INACTIVE.alias,
                f"There are sessions in the last {recent_days} days: fewer days can be without activity.",
            )
        )
    if not has_sessions and not is_away:
        found.append(
            (
                DAYS_INACTIVE.alias,
                f"There is no session in the last {recent_days} days: more days were without activity.",
            )
        )
    return found
