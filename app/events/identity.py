"""Whose event is it? Missing users are recovered within a session, and only where its numbers are unbroken.

Events of a session id, in the order of time, fall into stretches: each begins with number 0 (or with the first event),
so that a session id that somebody else uses later begins anew. Within a stretch, events whose numbers follow each
other without a hole are a run. A blank is given to the user next to it in its run, under these conditions:

1. the numbers of its whole stretch rise with time, each number once;
2. both neighbours are the same user, or only one side of the run has a user. A blank between two users stays blank;
3. with a user on one side only, that user is the only one in the stretch, and the stretch begins six hours or more
   after the one before it: nobody else's numbers can go on in it;
4. a logout ends what is known of a user: what follows it is theirs again only when they come back in the same run;
5. an event before a login belongs to whoever logged in, an event after a login without a user to nobody.

Whatever is left stays blank and has a reason. Neither the order of the rows nor that of the users plays a part.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.events.columns import CODE_OF_KIND, NO_ITEM_NUMBER, NO_KEY, SECOND_US, UNKNOWN_USER, Events, Micros

Positions = NDArray[np.intp]
Booleans = NDArray[np.bool_]

WHOLE_WITHIN: Final = "session"
"""A session's events must all be there; other sessions do not matter."""
MAX_STEP_US: Final[Micros] = 3_600 * SECOND_US
"""Longest time between two events of a run. In the public music log the longest is 58 minutes."""
APART_US: Final[Micros] = 6 * 3_600 * SECOND_US
"""Time after which nobody goes on with an earlier stretch: well above the longest step, to be on the safe side."""


@dataclass(frozen=True)
class Reason:
    """Why an event has its user, or has none.

    Attributes
    ----------
    name : str
        As the API writes it.
    sentence : str
        The same for a person.
    is_decided : bool
        Whether the event has a user.
    """

    name: str
    sentence: str
    is_decided: bool


REASONS: Final = (
    Reason("known", "The event came with its user.", True),
    Reason("between", "Between two events of the same user in one unbroken sequence.", True),
    Reason("at_start", "Before the first event of the only user of an unbroken sequence.", True),
    Reason("at_end", "After the last event of the only user of an unbroken sequence.", True),
    Reason("logged_out", "After a logout, and the same user came back in the same unbroken sequence.", True),
    Reason("before_login", "Before a login, and one user follows in the same unbroken sequence.", True),
    Reason("no_session", "The event has neither a user nor a session.", False),
    Reason("no_item_number", "The event has no number within its session.", False),
    Reason("session_without_user", "Nobody is known in this part of the session.", False),
    Reason("between_two_users", "One user comes before it in the sequence and another one after it.", False),
    Reason("shared_session", "Others may use the session at the same time, and only one side has a user.", False),
    Reason("after_logout", "A logout or a login lies between the event and the only user known near it.", False),
    Reason("broken_sequence", "Numbers are missing, come twice or do not rise with time.", False),
    Reason("time_gap", "More than an hour lies between it and the nearest event with a user.", False),
)
"""Every reason; its code is its place."""
CODE_OF_REASON: Final = {reason.name: code for code, reason in enumerate(REASONS)}

_LOGIN: Final = CODE_OF_KIND["login"]
_LOGOUT: Final = CODE_OF_KIND["logout"]
_DECIDED: Final = np.array([reason.is_decided for reason in REASONS])


@dataclass(frozen=True, eq=False)
class Recovery:
    """Whose events they are now; one value an event, in the order of the events.

    Attributes
    ----------
    user : ndarray of int32, shape (n,)
        Position in ``Events.user_ids``; known users as they came, ``UNKNOWN_USER`` where nothing decides.
    reason : ndarray of int8, shape (n,)
        Position in ``REASONS``.
    """

    user: NDArray[np.int32]
    reason: NDArray[np.int8]

    @property
    def is_recovered(self) -> Booleans:
        """Events that came without a user and have one now; shape (n,)."""
        found: Booleans = _DECIDED[self.reason] & (self.reason != CODE_OF_REASON["known"])
        return found

    def counts(self) -> Counter[str]:
        """Events by the name of their reason; reasons without an event are left out."""
        numbers = np.bincount(self.reason, minlength=len(REASONS)).tolist()
        return Counter({reason.name: events for reason, events in zip(REASONS, numbers, strict=True) if events})


def recover(events: Events) -> Recovery:
    """Give events without a user to the user who is next to them in their session, where nothing speaks against it.

    Parameters
    ----------
    events : Events
        Whole sessions, in any order. No event, or no blank one, is fine.

    Returns
    -------
    Recovery
        A function of the set of events alone. Two events of the same user with the same number count as one sent
        twice; any other number that comes twice breaks its stretch.

    Examples
    --------
    >>> from app.events.columns import DTYPES
    >>> columns = {name: np.ones(3, dtype) for name, dtype in DTYPES.items()}
    >>> order = {"user": np.array([0, -1, 0], np.int32), "item_in_session": np.arange(3, dtype=np.int32)}
    >>> found = recover(Events(**{**columns, **order, "ts": np.arange(3)}, user_ids=("a", "b")))
    >>> found.user.tolist(), found.counts()
    ([0, 0, 0], Counter({'known': 2, 'between': 1}))
    """
    user, blank = events.user.copy(), events.user == UNKNOWN_USER
    reason = np.where(blank, CODE_OF_REASON["no_item_number"], CODE_OF_REASON["known"]).astype(np.int8)
    reason[blank & (events.session == NO_KEY)] = CODE_OF_REASON["no_session"]
    asked = blank & (events.session != NO_KEY) & (events.item_in_session != NO_ITEM_NUMBER)
    if asked.any():
        rows = np.flatnonzero(np.isin(events.session, np.unique(events.session[asked])))
        columns = (events.kind, events.item_in_session, events.ts, events.session)
        rows = rows[np.lexsort([column[rows] for column in columns])]
        places = np.flatnonzero(asked[rows])
        user[rows[places]], reason[rows[places]] = _decide(events.take(rows), places)
    return Recovery(user, reason)


def _decide(events: Events, places: Positions) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Decide about the blanks at some places of events sorted by session, time, number and kind."""
    stretches = _stretches(events)
    known = events.user != UNKNOWN_USER
    begin, end = _bounds(stretches.run, places)
    left, right = _last_before(known)[places], _first_after(known)[places]
    has_left, has_right = left >= begin, right < end
    before, after = events.user[left], events.user[np.minimum(right, len(events) - 1)]
    logouts, logins = (np.append(0, np.cumsum(events.kind == kind)) for kind in (_LOGOUT, _LOGIN))
    out_since = logouts[places] > logouts[left]
    in_since = logins[places + 1] > logins[left + 1]
    stop = np.minimum(right, len(events) - 1)
    out_until = logouts[stop] > logouts[places]
    in_until = logins[stop + 1] > logins[places]

    conditions = {
        "session_without_user": ~stretches.has_user[places],
        "broken_sequence": ~stretches.is_rising[places],
        "between_two_users": has_left & has_right & (before != after),
        "logged_out": has_left & has_right & out_since,
        "between": has_left & has_right,
        "time_gap": ~has_left & ~has_right & _has_user(stretches.numbered_run, known)[places],
        "shared_session": (has_left | has_right) & ~stretches.sole_user[places],
        "after_logout": (has_left & (out_since | in_since)) | (has_right & out_until),
        "at_end": has_left,
        "before_login": has_right & in_until,
        "at_start": has_right,
    }
    codes = [CODE_OF_REASON[name] for name in conditions]
    reason = np.select(list(conditions.values()), codes, CODE_OF_REASON["broken_sequence"]).astype(np.int8)
    user = np.where(has_left, before, after)
    return np.where(_DECIDED[reason], user, UNKNOWN_USER).astype(np.int32), reason


@dataclass(frozen=True, eq=False)
class _Stretches:
    """What the sorted events' numbers say; one value an event.

    Attributes
    ----------
    run, numbered_run : ndarray of int
        Number of the run, and of the run if time played no part; both never fall.
    is_rising, has_user, sole_user : ndarray of bool
        Whether the numbers of the event's stretch rise with time, whether anybody is known in it, and whether one user
        is and nobody of an earlier stretch can still be there.
    """

    run: Positions
    numbered_run: Positions
    is_rising: Booleans
    has_user: Booleans
    sole_user: Booleans


def _stretches(events: Events) -> _Stretches:
    number, user, known = events.item_in_session, events.user, events.user != UNKNOWN_USER
    opens_session = np.append(True, events.session[1:] != events.session[:-1])
    passed = np.append(0, np.diff(events.ts))
    step = np.append(1, np.diff(number.astype(np.int64)))
    sent_twice = np.append(False, known[1:] & (user[1:] == user[:-1])) & (step == 0)
    opens = opens_session | ((number == 0) & (passed > 0) & ~sent_twice)
    stretch = np.cumsum(opens) - 1
    starts = np.flatnonzero(opens)
    falls = (~opens & (step <= 0) & ~sent_twice) | (number == NO_ITEM_NUMBER)
    follows = ~opens & (step == 1)
    lowest = np.minimum.reduceat(np.where(known, user, np.iinfo(np.int32).max), starts)
    highest = np.maximum.reduceat(user, starts)
    has_user = highest != UNKNOWN_USER
    is_apart = opens_session[starts] | (passed[starts] >= APART_US)
    return _Stretches(
        run=np.cumsum(~(follows & (passed <= MAX_STEP_US))),
        numbered_run=np.cumsum(~follows),
        is_rising=~np.logical_or.reduceat(falls, starts)[stretch],
        has_user=has_user[stretch],
        sole_user=(has_user & (lowest == highest) & is_apart)[stretch],
    )


def _bounds(group: Positions, places: Positions) -> tuple[Positions, Positions]:
    """First place of the groups of some places, and the place after the last; numbers of groups never fall."""
    wanted = group[places]
    return np.searchsorted(group, wanted), np.searchsorted(group, wanted, side="right")


def _has_user(group: Positions, known: Booleans) -> Booleans:
    counts: Booleans = np.bincount(group, weights=known)[group] > 0
    return counts


def _last_before(known: Booleans) -> Positions:
    """Place of the nearest known event at or before each; -1 when there is none."""
    places: Positions = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    return places


def _first_after(known: Booleans) -> Positions:
    """Place of the nearest known event at or after each; n when there is none."""
    places: Positions = np.minimum.accumulate(np.where(known, np.arange(len(known)), len(known))[::-1])[::-1]
    return places
