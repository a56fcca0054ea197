"""One user week by week: the risk against the tier lines, the sessions and the silence below it, and what they say."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from app.events.columns import DAY_US, UNKNOWN_USER, Events, Floats, Integers, Micros
from app.events.histories import histories
from app.events.policy import tier_index
from app.events.sessions import sessions_of
from app.telecom.policy import TIERS

Chart = dict[str, Any]
ScoresAt = Callable[[Sequence[Micros]], Floats]
"""Dates to the user's churn probability as of each, shape (n,); NaN where the model may not be asked."""

MOST_WEEKS: Final = 26
WEEK_DAYS: Final = 7
SAME_RISK: Final = 0.005
"""Difference of two probabilities up to which the risk has stayed the same, as it has where both read the same."""


def week_ends(user_events: Events, as_of: Micros) -> list[Micros]:
    """Give the dates that a user's timeline has a point for, oldest first: ``as_of`` and the same day of weeks before.

    The first week holds the user's first event, unless that lies more than ``MOST_WEEKS`` weeks back. There is always
    one week, also for a user without an event.

    Examples
    --------
    >>> from app.events.columns import no_events
    >>> week_ends(no_events(("a",)), 70 * DAY_US) == [70 * DAY_US]
    True
    """
    ages = (as_of - 1 - _own(user_events, as_of)) // DAY_US
    weeks = min(int(ages.max()) // WEEK_DAYS + 1, MOST_WEEKS) if len(ages) else 1
    return [as_of - WEEK_DAYS * DAY_US * back for back in range(weeks - 1, -1, -1)]


def timeline(
    user_events: Events, as_of: Micros, scores_at: ScoresAt, cut_points: tuple[float, float], horizon_days: int
) -> dict[str, Any]:
    """Draw up to 26 weeks of a user.

    Parameters
    ----------
    user_events : Events
        All events of one user, who is the only one in ``user_ids``.
    as_of : int, microseconds since 1970-01-01 UTC
        Where the last week ends; nothing at or after it is read.
    scores_at : callable
        Asked once, with ``week_ends``. A score sees what happened before its own date, no more.
    cut_points : (float, float)
        Probability from which a user is Medium, and High.
    horizon_days : int
        Days ahead that the probability speaks of.

    Returns
    -------
    dict
        ``message``, one sentence of each chart and of the silence, and ``charts``: the probability at the end of each
        week as a line with the cut-points as marks, and the sessions that began in each week as columns, where silence
        is 0. A week without a score has no point.

    Raises
    ------
    ValueError
        The frame does not name exactly one user, or there is not one score for each week.
    """
    if len(user_events.user_ids) != 1:
        raise ValueError("the timeline is that of one user")
    ends = week_ends(user_events, as_of)
    scores = np.asarray(scores_at(ends), dtype=np.float64)
    if scores.shape != (len(ends),):
        raise ValueError("there must be one score for each week")
    sessions = _sessions_by_week(user_events, as_of, len(ends))
    days = [str(np.datetime64(end - 1, "us").astype("datetime64[D]")) for end in ends]
    risk = _risk_chart(days, scores, cut_points, horizon_days)
    visits = _sessions_chart(days, sessions)
    silence = _silence(_own(user_events, as_of), as_of)
    return {"message": f"{silence} {risk['title']}", "charts": [risk, visits]}


def _own(user_events: Events, as_of: Micros) -> Integers:
    own: Integers = user_events.ts[(user_events.ts < as_of) & (user_events.user != UNKNOWN_USER)]
    return own


def _sessions_by_week(user_events: Events, as_of: Micros, weeks: int) -> list[int]:
    """Count the sessions that began in each week, oldest week first."""
    counts = np.zeros(weeks, dtype=np.int64)
    for _, history in histories(user_events, as_of):
        back = sessions_of(history).age // WEEK_DAYS
        counts += np.bincount(back[back < weeks], minlength=weeks)
    return [int(count) for count in counts[::-1]]


def _risk_chart(days: list[str], scores: Floats, cut_points: tuple[float, float], horizon_days: int) -> Chart:
    points = [[float(place), round(float(score), 6)] for place, score in enumerate(scores) if not np.isnan(score)]
    return {
        **_named("risk", "line", "Churn probability by week"),
        "title": _risk_sentence(scores, cut_points),
        "x": {"label": "Week that ends on", "unit": "words", "categories": days},
        "y": {
            "label": f"Probability of leaving within {horizon_days} days",
            "unit": "probability",
            "min": 0.0,
            # The tier lines stay in sight also when the risk lies below them.
            "max": float(np.ceil(10 * max([1.2 * cut_points[1], *(score for _, score in points)])) / 10),
        },
        "series": [{"name": "Churn probability", "role": "main", "points": points, "band": None}],
        "marks": [
            {"axis": "y", "value": cut, "label": f"{tier} from {percent(cut)}"}
            for tier, cut in zip(TIERS[1:], cut_points, strict=True)
        ],
        "notes": ["Each point sees only what happened before the end of its week."],
    }


def _sessions_chart(days: list[str], sessions: list[int]) -> Chart:
    return {
        **_named("sessions", "bars", "Sessions by week"),
        "title": _sessions_sentence(sessions),
        "x": {"label": "Week that ends on", "unit": "count", "categories": days},
        "y": {"label": "Sessions", "unit": "count", "min": 0.0},
        "series": [
            {
                "name": "Sessions",
                "role": "main",
                "points": [[float(place), float(count)] for place, count in enumerate(sessions)],
                "band": None,
            }
        ],
    }


def _silence(moments: Integers, as_of: Micros) -> str:
    if not len(moments):
        return "No event yet."
    days = int((as_of - 1 - moments.max()) // DAY_US)
    return f"Silent for {_counted(days, 'day')}." if days else "Active on the last day."


def _risk_sentence(scores: Floats, cut_points: tuple[float, float]) -> str:
    known = np.flatnonzero(~np.isnan(scores))
    if not len(known):
        return "No week has a score: the user had no activity before it, or had cancelled."
    first, last = (float(scores[place]) for place in known[[0, -1]])
    before, now = (f"{percent(score)} ({_tier(score, cut_points)})" for score in (first, last))
    weeks = int(known[-1] - known[0])
    if not weeks:
        sentence = f"The risk is {now}."
    elif before == now or abs(last - first) <= SAME_RISK:
        sentence = f"The risk is {now}, as it was {_counted(weeks, 'week')} before."
    else:
        moved = "rose" if last > first else "fell"
        sentence = f"The risk {moved} from {before} to {now} in {_counted(weeks, 'week')}."
    missing = len(scores) - 1 - int(known[-1])
    return f"{sentence[:-1]}, and has no score since." if missing else sentence


def _sessions_sentence(sessions: list[int]) -> str:
    weeks, total = len(sessions), sum(sessions)
    among = f"{_counted(total, 'session')} in {_counted(weeks, 'week')}"
    if not total:
        return f"No session in {_counted(weeks, 'week')}."
    silent = next(back for back, count in enumerate(sessions[::-1]) if count)
    if silent:
        return f"{among}, none in the last {_counted(silent, 'week') if silent > 1 else 'week'}."
    if weeks == 1:
        return f"{among}."
    empty = sessions.count(0)
    return f"{among}, none in {empty} of them." if empty else f"{among}, some in each."


def percent(probability: float) -> str:
    """Write a probability as a whole percentage whose ends stay honest.

    Examples
    --------
    >>> percent(0.225), percent(0.004), percent(0.999)
    ('23 %', '< 1 %', '> 99 %')
    """
    if probability < 1 / 100:
        return "< 1 %"
    return "> 99 %" if probability > 1 - 1 / 100 else f"{int(100 * probability + 0.5)} %"


def _tier(score: float, cut_points: tuple[float, float]) -> str:
    return TIERS[int(tier_index(np.array([score]), cut_points)[0])]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _named(chart_id: str, kind: str, name: str) -> Chart:
    return {"id": chart_id, "kind": kind, "name": name, "marks": [], "links": None, "notes": []}
