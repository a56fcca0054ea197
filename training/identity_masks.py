"""Hide users who are known, ask for them again, and count: what identity within a session is worth."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.events.columns import UNKNOWN_USER, Events
from app.events.identity import recover
from app.performance.held_out import Figure, wilson

Positions = NDArray[np.intp]
Users = NDArray[np.int32]

GAPS: Final = ("start", "middle", "end", "up to anywhere", "from anywhere on", "whole run")
"""Which part of a user's run is hidden. The last three are of any length."""
LENGTHS: Final = ((1, 1), (2, 5), (6, 10), (11, 20))
"""Bands of lengths of the first three kinds of gap."""
ANY_LENGTH: Final = (1, np.iinfo(np.int32).max)
ROUNDS: Final = 5
"""A run is hidden in one of so many rounds, so that most of the log is there to be compared with."""


@dataclass(frozen=True)
class Tally:
    """What became of the hidden users of one kind of gap.

    Attributes
    ----------
    gap : str
        One of ``GAPS``.
    lengths : tuple of int
        Fewest and most events of a gap.
    hidden, decided, right : int
        Events that were hidden, that ``recover`` decided, and those of them with their own user.
    nearest_right : int
        Events whose user the nearest known event in time has; that rule answers every event.
    session_decided, session_right : int
        The same for the nearest known event of the same session id, which answers where there is one.
    """

    gap: str
    lengths: tuple[int, int]
    hidden: int
    decided: int
    right: int
    nearest_right: int
    session_decided: int
    session_right: int

    @property
    def precision(self) -> Figure:
        """Share of the decided events that are right, with Wilson's 95 % interval."""
        return wilson(self.right, self.decided)

    @property
    def coverage(self) -> Figure:
        """Share of the hidden events that were decided, with Wilson's 95 % interval."""
        return wilson(self.decided, self.hidden)

    @property
    def nearest_precision(self) -> Figure:
        """Share of all hidden events that the nearest in time gets right."""
        return wilson(self.nearest_right, self.hidden)

    @property
    def session_precision(self) -> Figure:
        """Share right among those that the nearest of the same session id answers."""
        return wilson(self.session_right, self.session_decided)

    @property
    def session_coverage(self) -> Figure:
        """Share that the nearest of the same session id answers."""
        return wilson(self.session_decided, self.hidden)


@dataclass(frozen=True, eq=False)
class Runs:
    """Known events of one user in one session whose numbers follow each other, with nothing between them.

    Attributes
    ----------
    order : ndarray of int, shape (n events,)
        Events by session, time and number.
    first, length : ndarray of int, shape (runs,)
        Place in ``order`` of a run's first event, and how many events it has.
    """

    order: Positions
    first: Positions
    length: Positions


def runs_of(events: Events) -> Runs:
    """Find the runs of known users."""
    order = np.lexsort((events.item_in_session, events.ts, events.session))
    user, session, number = (column[order] for column in (events.user, events.session, events.item_in_session))
    same = (user[1:] == user[:-1]) & (session[1:] == session[:-1]) & (number[1:] == number[:-1] + 1)
    first = np.flatnonzero(np.append(True, ~same)) if len(order) else np.empty(0, np.intp)
    length = np.diff(np.append(first, len(order)))
    known = user[first] != UNKNOWN_USER
    return Runs(order, first[known], length[known])


def measure(events: Events, seed: int = 0) -> list[Tally]:
    """Hide each run once for every kind of gap and band of lengths it has room for, and count what comes back.

    Parameters
    ----------
    events : Events
        A log with its users; events without one stay as they are and are not counted.
    seed : int
        Which runs are hidden together, how long the gaps are and where those in the middle begin.

    Returns
    -------
    list of Tally
        For each of ``GAPS`` and its bands, in that order.
    """
    runs, rng = runs_of(events), np.random.default_rng(seed)
    bands = [(gap, band) for gap in GAPS for band in (LENGTHS if gap in GAPS[:3] else (ANY_LENGTH,))]
    return [
        Tally(gap, band, *np.sum([count(events, rows) for rows in _hidden(runs, gap, band, rng)], axis=0).tolist())
        for gap, band in bands
    ]


def count(events: Events, rows: Positions, truth: Users | None = None) -> tuple[int, int, int, int, int, int]:
    """Hide the users of some events, and count as ``Tally`` does; ``truth`` is the events' own user when not given."""
    truth = events.user if truth is None else truth
    user = events.user.copy()
    user[rows] = UNKNOWN_USER
    shown = events.with_users(user)
    found, nearest = recover(shown).user[rows], nearest_in_time(shown, rows)
    within = nearest_in_session(shown, rows)
    return (
        len(rows),
        int((found != UNKNOWN_USER).sum()),
        int((found == truth[rows]).sum()),
        int((nearest == truth[rows]).sum()),
        int((within != UNKNOWN_USER).sum()),
        int((within == truth[rows]).sum()),
    )


def _hidden(runs: Runs, gap: str, band: tuple[int, int], rng: np.random.Generator) -> Iterator[Positions]:
    """Rows that are hidden in each round."""
    kept = {"middle": 2, "whole run": 0}.get(gap, 1)
    room = np.minimum(runs.length - kept, band[1])
    able = np.flatnonzero(room >= band[0])
    first, length = runs.first[able], runs.length[able]
    size = length if gap == "whole run" else rng.integers(band[0], room[able] + 1)
    begin = first + {
        "start": 0 * length,
        "up to anywhere": 0 * length,
        "whole run": 0 * length,
        "middle": 1 + (rng.random(len(able)) * np.maximum(length - 1 - size, 1)).astype(np.intp),
    }.get(gap, length - size)
    turn = rng.integers(0, ROUNDS, len(able))
    for number in range(ROUNDS):
        chosen = turn == number
        sizes = size[chosen]
        places = np.repeat(begin[chosen] - np.append(0, np.cumsum(sizes)[:-1])[: len(sizes)], sizes)
        yield runs.order[places + np.arange(len(places))]


def nearest_in_time(events: Events, rows: Positions) -> Users:
    """Give some events the user of the known event nearest in time, the earlier of two; a baseline."""
    known = np.flatnonzero(events.user != UNKNOWN_USER)
    known = known[np.argsort(events.ts[known], kind="stable")]
    return _nearer(events, rows, known, np.searchsorted(events.ts[known], events.ts[rows]), np.zeros(len(rows), bool))


def nearest_in_session(events: Events, rows: Positions) -> Users:
    """Give some events the user of the known event of their session id that is nearest in time; a baseline."""
    order = np.lexsort((events.ts, events.session))
    known = order[events.user[order] != UNKNOWN_USER]
    place = np.empty(len(events), np.intp)
    place[order] = np.cumsum(events.user[order] != UNKNOWN_USER)
    return _nearer(events, rows, known, place[rows], np.ones(len(rows), bool))


def _nearer(events: Events, rows: Positions, known: Positions, after: Positions, within: NDArray[Any]) -> Users:
    """Choose between the known event before place ``after`` and the one at it."""
    if not len(known):
        return np.full(len(rows), UNKNOWN_USER, np.int32)
    gaps = []
    for place in (after - 1, after):
        other = known[np.clip(place, 0, len(known) - 1)]
        far = np.abs(events.ts[other] - events.ts[rows]).astype(np.float64)
        out = (place < 0) | (place >= len(known)) | (within & (events.session[other] != events.session[rows]))
        gaps.append((np.where(out, np.inf, far), events.user[other]))
    (far_before, before), (far_after, later) = gaps
    user = np.where(far_before <= far_after, before, later)
    return np.where(np.isinf(np.minimum(far_before, far_after)), UNKNOWN_USER, user).astype(np.int32)


def fold_sessions(events: Events, ids: int) -> Events:
    """Give the same events with so few session ids that several users share each, some of them at one time.

    Numbers within a session stay. It is a harder test than a log whose ids nobody shares.
    """
    columns = {name: getattr(events, name) for name in events.__dataclass_fields__}
    return Events(**{**columns, "session": np.where(events.session == 0, 0, events.session % ids + 1)})
