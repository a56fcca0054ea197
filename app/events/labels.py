"""Who left after a date: by a cancellation, by silence, or by using far less than usual. Nothing here reads the past.

Features read what happened before ``as_of``, labels what happened at it or later, so a label can never be one of the
columns it is predicted from. The one function that reads the past is ``usual_level``, and it reads nothing else.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from app.events.columns import CODE_OF_KIND, DAY_US, UNKNOWN_USER, Events, Micros

Booleans: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

WHOLE_WITHIN: Final = "user"
LabelKind = Literal["explicit", "silence", "proxy"]
LABEL_KINDS: Final[tuple[LabelKind, ...]] = get_args(LabelKind)
USUAL_SHARE: Final = 0.5
"""A user who is active at less than this share of the usual level counts as having left, by the proxy label."""
_CANCEL: Final = CODE_OF_KIND["cancel"]


class LogTooShort(ValueError):
    """The log ends before the label's window does, so nobody knows who left."""


@dataclass(frozen=True)
class Labels:
    """The outcome of every user of a frame, in the order of its ``user_ids``.

    Attributes
    ----------
    left : ndarray of bool, shape (n_users,)
        Whether the user left; False where that is not defined.
    defined : ndarray of bool, shape (n_users,)
        Whether the question makes sense for the user: False for who cancelled before the window began, or never had a
        level to fall from.
    """

    left: Booleans
    defined: Booleans


def log_end(events: Events) -> Micros:
    """Give the midnight (UTC) after the newest event: up to there the log is taken to be whole; 0 without events."""
    return (int(events.ts.max()) // DAY_US + 1) * DAY_US if len(events) else 0


def in_population(events: Events, as_of: Micros, observation_days: int) -> Booleans:
    """Mark the users a model may be asked about: active in the observation window and not cancelled before ``as_of``.

    Parameters
    ----------
    events : Events
        Events at or after ``as_of`` are not read.
    as_of : int, microseconds since 1970 UTC
    observation_days : int

    Returns
    -------
    ndarray of bool, shape (n_users,)
        A user who cancelled and came back stays out: a cancellation ends what the explicit label describes.
    """
    active = _with_event(events, as_of - observation_days * DAY_US, as_of)
    return active & ~_with_event(events, None, as_of, _CANCEL)


def explicit(events: Events, as_of: Micros, horizon_days: int, lead_days: int = 0) -> Labels:
    """Say who cancelled in [as_of + lead, as_of + lead + horizon).

    Not defined for who cancelled before the window began, in the lead too: there was no time to act.

    Raises
    ------
    LogTooShort
        The log ends before the window does.
    """
    start, end = _window(events, as_of, horizon_days, lead_days)
    return _labels(_with_event(events, start, end, _CANCEL), ~_with_event(events, None, start, _CANCEL))


def silence(events: Events, as_of: Micros, horizon_days: int, lead_days: int = 0) -> Labels:
    """Say who had no event in [as_of + lead, as_of + lead + horizon): for logs in which nobody cancels.

    Defined for every user. What happened in the lead does not count.

    Raises
    ------
    LogTooShort
        The log ends before the window does.
    """
    start, end = _window(events, as_of, horizon_days, lead_days)
    active = _with_event(events, start, end)
    return _labels(~active, np.ones(len(active), dtype=np.bool_))


def usual_level(events: Events, as_of: Micros, days: int) -> Floats:
    """Count each user's active days per day over the ``days`` before ``as_of``: shape (n_users,), 0-1.

    The features read the same days. So part of what a model of the proxy label finds is that who was unusually active
    comes back to normal; the card shows the best single feature beside the model for that reason.
    """
    return _active_days(events, as_of - days * DAY_US, as_of) / days


def proxy(
    events: Events, as_of: Micros, horizon_days: int, usual: Floats, share: float = USUAL_SHARE, lead_days: int = 0
) -> Labels:
    """Say whose active days in [as_of + lead, as_of + lead + horizon) fell under a share of the usual number.

    Parameters
    ----------
    events : Events
        Events before ``as_of + lead`` are not read.
    as_of : int, microseconds since 1970 UTC
    horizon_days : int
    usual : ndarray, shape (n_users,)
        Active days per day that are usual for each user, as ``usual_level`` gives them. Who has none (0) is undefined.
    share : float, 0-1
        Share of the usual number below which a user counts as having left.
    lead_days : int

    Raises
    ------
    LogTooShort
        The log ends before the window does.
    """
    start, end = _window(events, as_of, horizon_days, lead_days)
    defined = usual > 0
    return _labels(_active_days(events, start, end) < share * usual * horizon_days, defined)


def _labels(left: Booleans, defined: Booleans) -> Labels:
    return Labels(left & defined, defined)


def _window(events: Events, as_of: Micros, horizon_days: int, lead_days: int) -> tuple[Micros, Micros]:
    if horizon_days < 1 or lead_days < 0:
        raise ValueError("a label looks at least one day far, and never before its date")
    start = as_of + lead_days * DAY_US
    end = start + horizon_days * DAY_US
    if log_end(events) < end:
        short = (end - log_end(events)) / DAY_US
        raise LogTooShort(f"the log ends {short:,.0f} days before the label's window does: who left is not known yet")
    return start, end


def _with_event(events: Events, start: Micros | None, end: Micros, kind: int | None = None) -> Booleans:
    """Mark the users with an event in [start, end): shape (n_users,)."""
    inside = (events.ts < end) & (events.user != UNKNOWN_USER)
    if start is not None:
        inside &= events.ts >= start
    if kind is not None:
        inside &= events.kind == kind
    found = np.zeros(len(events.user_ids), dtype=np.bool_)
    found[events.user[inside]] = True
    return found


def _active_days(events: Events, start: Micros, end: Micros) -> Floats:
    """Count the days, each 24 hours from ``start``, on which each user has an event in [start, end)."""
    inside = (events.ts >= start) & (events.ts < end) & (events.user != UNKNOWN_USER)
    days = -(-(end - start) // DAY_US)
    seen = np.unique(events.user[inside].astype(np.int64) * days + (events.ts[inside] - start) // DAY_US)
    return np.bincount(seen // days, minlength=len(events.user_ids)).astype(np.float64)
