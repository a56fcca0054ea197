"""Sessions of simulated users and the events in them, as arrays."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.events.columns import CODE_OF_KIND, KINDS, UNKNOWN_USER, Floats, Integers, key_of
from training.event_behaviour import KIND_SLOTS, kind_class, kind_table, session_counts
from training.event_process import LEVELS, MOODS, PAID, Process

GENRES: Final = 20
SONGS_OF_A_GENRE: Final = 250
SONGS: Final = tuple(f"song-{number:04d}" for number in range(GENRES * SONGS_OF_A_GENRE))
ADD_ONS: Final = tuple(f"add-on-{number:02d}" for number in range(12))
OWN_GENRE_SHARE: Final = 0.7
SHARED_SESSIONS: Final = 0.04
BLANK_SESSIONS: Final = 0.01
SESSIONS_WITH_A_BLANK_RUN: Final = 0.12
LONGEST_SESSION: Final = 500
HOURS_APART: Final = 3.0
LENGTH_SHAPE: Final = 8.0
_DAY_MS: Final = 86_400_000
_LEVEL_KEYS: Final = np.array([key_of(level) for level in LEVELS], dtype=np.int64)
_SONG_KEYS: Final = np.array([key_of(name) for name in SONGS], dtype=np.int64)
_ADD_ON_KEYS: Final = np.array([key_of(name) for name in ADD_ONS], dtype=np.int64)
_HAS_A_SONG: Final = np.isin([kind.name for kind in KINDS], ("play", "like", "dislike", "save"))


@dataclass(frozen=True, eq=False)
class Sessions:
    """Sessions of some users, one value a session, sorted by user and day.

    Attributes
    ----------
    rng : Generator
        What their events are drawn with.
    person : ndarray of int
        Position among these users.
    day, start_ms : ndarray of int
        Day of the log, and milliseconds since that day's midnight.
    length : ndarray of int
        Number of events.
    cancels : ndarray of bool
        Whether it ends in a cancellation.
    number : ndarray of int
        Number of its id, from 0; two sessions may have the same.
    """

    rng: np.random.Generator
    person: NDArray[np.intp]
    day: NDArray[np.intp]
    start_ms: Integers
    length: Integers
    cancels: NDArray[np.bool_]
    number: Integers


def plan_sessions(
    rng: np.random.Generator, process: Process, people: NDArray[np.intp], per_week: float, events_per_session: float
) -> Sessions:
    """Draw when some users come, and for how many events."""
    counts = session_counts(rng, process, people, per_week)
    person, day = (np.repeat(where, counts[counts > 0]) for where in np.nonzero(counts))
    place = np.arange(len(day)) - np.repeat(_starts(counts[counts > 0]), counts[counts > 0])
    spread = np.where(process.traits.irregular[people[person]], 8.0, 1.0)
    hour = rng.normal(14.0, 2.5, len(people))[person] + rng.normal(0.0, spread) + HOURS_APART * place
    mean = events_per_session * np.exp(0.45 * MOODS)[process.mood[day, people[person]]]
    more = rng.negative_binomial(LENGTH_SHAPE, LENGTH_SHAPE / (LENGTH_SHAPE + np.maximum(mean - 1.0, 0.0)))
    length = np.minimum(1 + more, LONGEST_SESSION)
    cancels = process.cancelled_day[people[person]] == day
    length = np.where(cancels, np.clip(length, 3, 12), length)
    # Not later than ten minutes before midnight: a session stays within its day.
    start_ms = np.rint((hour % 24.0) / 24.0 * (_DAY_MS - 600_000)).astype(np.int64)
    return Sessions(rng, person, day, start_ms, length, cancels, _numbered(rng, person, day))


def write_events(sessions: Sessions, process: Process, people: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """Fill sessions with events.

    Returns
    -------
    dict of str to ndarray
        The columns of ``Events``, with ``ts`` counted from the log's start and ``session`` a number instead of a key,
        and ``true_user``.
    """
    rng, length = sessions.rng, sessions.length
    user = people[sessions.person].astype(np.int32)
    of = np.repeat(np.arange(len(length), dtype=np.int32), length)
    starts = _starts(length)
    number = (np.arange(len(of)) - starts[of]).astype(np.int32)
    kind = _kinds(sessions, process, people, of, starts)
    is_play = kind == CODE_OF_KIND["play"]
    mood = MOODS[process.mood[sessions.day, user]]
    drawn = rng.random(len(of), dtype=np.float32)
    heard = np.clip(1.0 + 0.35 * mood, 0.3, 1.8).astype(np.float32)[of]
    duration = np.where(is_play, np.round((180.0 + 120.0 * drawn) * heard, 2), np.float32(np.nan)).astype(np.float64)
    gap_ms = np.where(is_play, (duration + 1.5) * 1000.0, 5_000.0 + 60_000.0 * drawn)
    level = process.level[sessions.day, user]
    session_ms = sessions.day * np.int64(_DAY_MS) + sessions.start_ms
    true_user = user[of]
    return {
        "user": np.where(_blank(sessions, of, number), np.int32(UNKNOWN_USER), true_user),
        "session": sessions.number[of],
        "item_in_session": number,
        "ts": (session_ms[of] + _offsets_ms(gap_ms, sessions, of, starts)) * 1000,
        "kind": kind,
        "value": _paid(rng, kind, len(people), sessions.person, of),
        "duration_seconds": duration,
        "item": _items(rng, kind, len(people), sessions.person, of),
        "level": _LEVEL_KEYS[level][of],
        "true_user": true_user,
    }


def _starts(length: Integers) -> Integers:
    return np.cumsum(length) - length


def _numbered(rng: np.random.Generator, person: NDArray[np.intp], day: NDArray[np.intp]) -> Integers:
    """Number the sessions; some take the number of another user's session on another day."""
    numbers = np.arange(len(person), dtype=np.int64)
    pairs = int(SHARED_SESSIONS * len(person) / 2)
    chosen = rng.permutation(len(person))[: 2 * pairs].reshape(2, pairs)
    apart = (person[chosen[0]] != person[chosen[1]]) & (day[chosen[0]] != day[chosen[1]])
    numbers[chosen[0, apart]] = numbers[chosen[1, apart]]
    return numbers


def _kinds(
    sessions: Sessions, process: Process, people: NDArray[np.intp], of: NDArray[np.int32], starts: Integers
) -> NDArray[np.int16]:
    rng, length = sessions.rng, sessions.length
    user = people[sessions.person]
    row = (kind_class(process, user, sessions.day) * KIND_SLOTS).astype(np.int32)
    kind: NDArray[np.int16] = _KIND_TABLE[row[of] + rng.integers(0, KIND_SLOTS, len(of), dtype=np.uint16)]
    kind[starts] = np.where(rng.random(len(length)) < 0.5, CODE_OF_KIND["login"], CODE_OF_KIND["visit"])
    last = starts + length - 1
    level = process.level[sessions.day, user]
    changed = np.flatnonzero((np.diff(user) == 0) & (np.diff(level) != 0)) + 1
    to = np.where(level[changed] == PAID, CODE_OF_KIND["upgrade"], CODE_OF_KIND["downgrade"])
    kind[starts[changed] + (length[changed] > 1)] = to
    kind[last[(length >= 4) & (rng.random(len(length)) < 0.35)]] = CODE_OF_KIND["logout"]
    kind[last[sessions.cancels]] = CODE_OF_KIND["cancel"]
    return kind


def _offsets_ms(gap_ms: Floats, sessions: Sessions, of: NDArray[np.int32], starts: Integers) -> Integers:
    """Place events after their session's start; one that would end after midnight is pressed into its day."""
    passed = np.cumsum(gap_ms) - gap_ms
    span = np.add.reduceat(gap_ms, starts) if len(starts) else gap_ms
    room = np.minimum(1.0, (_DAY_MS - 1_000 - sessions.start_ms) / span)
    return np.rint((passed - passed[starts][of]) * room[of]).astype(np.int64)


def _blank(sessions: Sessions, of: NDArray[np.int32], number: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Choose events that are written without their user; a session that ends in a cancellation keeps all of them."""
    rng, length = sessions.rng, sessions.length
    chance = rng.random(len(length))
    has_run = (chance < SESSIONS_WITH_A_BLANK_RUN) & (length >= 3)
    begin = np.floor(rng.random(len(length)) * length).astype(np.int32)
    end = begin + rng.geometric(0.4, len(length)).astype(np.int32)
    begin[~has_run], end[~has_run] = 0, 0
    whole = chance > 1.0 - BLANK_SESSIONS
    end[whole] = length[whole]
    end[sessions.cancels] = 0
    blank: NDArray[np.bool_] = (number >= begin[of]) & (number < end[of])
    return blank


def _paid(
    rng: np.random.Generator, kind: NDArray[np.int16], people: int, person: NDArray[np.intp], of: NDArray[np.int32]
) -> Floats:
    """Give purchases their price, in the log's currency: gamma about the user's own mean, which is inverse gamma."""
    own_mean = 20.0 / rng.gamma(4.0, 1.0, people)
    value = np.full(len(kind), np.nan)
    bought = np.flatnonzero(kind == CODE_OF_KIND["purchase"])
    value[bought] = np.maximum(0.49, np.round(rng.gamma(6.0, 1.0 / 6.0, len(bought)) * own_mean[person[of[bought]]], 2))
    return value


def _items(
    rng: np.random.Generator, kind: NDArray[np.int16], people: int, person: NDArray[np.intp], of: NDArray[np.int32]
) -> Integers:
    """Give plays and ratings a song, mostly of the user's own genre, and purchases an add-on."""
    own = rng.integers(0, GENRES, people, dtype=np.int32)
    item = np.zeros(len(kind), dtype=np.int64)
    heard = np.flatnonzero(_HAS_A_SONG[kind])
    genre = own[person[of[heard]]]
    strays = np.flatnonzero(rng.random(len(heard), dtype=np.float32) >= OWN_GENRE_SHARE)
    genre[strays] = rng.integers(0, GENRES, len(strays), dtype=np.int32)
    rank = (rng.random(len(heard), dtype=np.float32) ** 2 * SONGS_OF_A_GENRE).astype(np.int32)
    item[heard] = _SONG_KEYS[genre * SONGS_OF_A_GENRE + np.minimum(rank, SONGS_OF_A_GENRE - 1)]
    bought = np.flatnonzero(kind == CODE_OF_KIND["purchase"])
    item[bought] = _ADD_ON_KEYS[rng.integers(0, len(ADD_ONS), len(bought))]
    return item


_KIND_TABLE: Final = kind_table().ravel()
