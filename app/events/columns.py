"""The canonical event, written once: its columns, the vocabulary of kinds, and a frame of events as arrays."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Micros: TypeAlias = int
"""A moment: whole microseconds since 1970-01-01 UTC."""

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
UNKNOWN_USER: Final = -1
"""Code of an event whose user is not known."""
NO_ITEM_NUMBER: Final = -1
"""Position in its session of an event that has none."""
NO_KEY: Final = 0
"""Key of an event that has no session, no item or no level."""
OTHER: Final = -1
"""Code of a kind that is not in the vocabulary: kept and counted, and no signal of its own."""


@dataclass(frozen=True)
class Kind:
    """A kind of event: its name as the API writes it, and what it means."""

    name: str
    meaning: str


KINDS: Final = (
    Kind("visit", "Opened a page or screen that is none of the others"),
    Kind("play", "Played, read or watched an item"),
    Kind("purchase", "Bought something; the value is the money paid"),
    Kind("refund", "Gave something back; the value is the money returned, positive"),
    Kind("search", "Searched"),
    Kind("social", "Added a friend, followed or shared"),
    Kind("like", "Rated something up"),
    Kind("dislike", "Rated something down"),
    Kind("save", "Put something on a list or in the basket"),
    Kind("advert", "Was shown an advert"),
    Kind("help", "Asked for help or made a complaint"),
    Kind("error", "Met an error"),
    Kind("settings", "Looked at or changed the settings"),
    Kind("plan", "Looked at a page that changes the plan"),
    Kind("upgrade", "Moved to a larger plan"),
    Kind("downgrade", "Moved to a smaller plan"),
    Kind("cancel", "Cancelled the subscription"),
    Kind("login", "Logged in"),
    Kind("logout", "Logged out"),
)
"""The vocabulary. A kind's code is its place here, and stored codes stay: new kinds go to the end."""
CODE_OF_KIND: Final = {kind.name: code for code, kind in enumerate(KINDS)}


@dataclass(frozen=True, eq=False)
class Events:
    """A frame of n events in any order; every column is an array of n values.

    Attributes
    ----------
    user : ndarray of int32
        Position in ``user_ids``; ``UNKNOWN_USER`` when nobody knows whose event it is.
    session : ndarray of int64
        Key of the session (``key_of`` of its id); ``NO_KEY`` for none. Several users may share a session id.
    item_in_session : ndarray of int32
        Running number within the session, from 0; ``NO_ITEM_NUMBER`` for none.
    ts : ndarray of int64, microseconds since 1970-01-01 UTC
        When it happened.
    kind : ndarray of int16
        Position in ``KINDS``; ``OTHER`` for a kind outside the vocabulary.
    value : ndarray of float64
        Money in the log's currency, or a count; NaN for none.
    duration_seconds : ndarray of float64
        How long it lasted; NaN for none.
    item, level : ndarray of int64
        Keys of what was played or bought, and of the user's plan; ``NO_KEY`` for none.
    user_ids : tuple of str
        The users, each once.

    Raises
    ------
    ValueError
        Columns differ in length, a user is named twice, or a code points at nobody.
    """

    user: NDArray[np.int32]
    session: Integers
    item_in_session: NDArray[np.int32]
    ts: Integers
    kind: NDArray[np.int16]
    value: Floats
    duration_seconds: Floats
    item: Integers
    level: Integers
    user_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        if len({len(getattr(self, name)) for name in COLUMNS}) != 1:
            raise ValueError("the columns of a frame of events differ in length")
        if len(set(self.user_ids)) != len(self.user_ids):
            raise ValueError("a user is named twice")
        if len(self.user) and not UNKNOWN_USER <= self.user.min() <= self.user.max() < len(self.user_ids):
            raise ValueError("an event's user is not among the users")

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, rows: NDArray[Any]) -> "Events":
        """Choose events by position or by a mask; the users stay, also those who are left without an event."""
        return _frame({name: getattr(self, name)[rows] for name in COLUMNS}, self.user_ids)

    def with_users(self, user: NDArray[np.int32]) -> "Events":
        """Give the same events with other user codes; ``user_ids`` stays."""
        return replace(self, user=user)


COLUMNS: Final = tuple(field.name for field in fields(Events))[:-1]
"""Columns of a frame, in their order."""
DTYPES: Final[dict[str, type]] = {
    "user": np.int32,
    "session": np.int64,
    "item_in_session": np.int32,
    "ts": np.int64,
    "kind": np.int16,
    "value": np.float64,
    "duration_seconds": np.float64,
    "item": np.int64,
    "level": np.int64,
}


@lru_cache(maxsize=1 << 17)
def key_of(text: str | None) -> int:
    """Turn the id of a session, an item or a level into its key: 63 bits of BLAKE2b, the same on every machine.

    Examples
    --------
    >>> key_of(None), key_of(""), key_of("a") == key_of("a"), key_of("a") == key_of("b")
    (0, 0, True, False)
    """
    if not text:
        return NO_KEY
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1) or 1


def no_events(user_ids: tuple[str, ...] = ()) -> Events:
    """Give a frame without events."""
    return _frame({name: np.empty(0, DTYPES[name]) for name in COLUMNS}, user_ids)


def concatenate(frames: Sequence[Events]) -> Events:
    """Put frames one after the other; users of the same id become one.

    Examples
    --------
    >>> len(concatenate([no_events(("a",)), no_events(("b", "a"))])), concatenate([]).user_ids
    (0, ())
    """
    codes: dict[str, int] = {}
    users = []
    for frame in frames:
        own = np.array([codes.setdefault(user_id, len(codes)) for user_id in frame.user_ids], dtype=np.int32)
        users.append(np.append(own, np.int32(UNKNOWN_USER))[frame.user])
    if not frames:
        return no_events()
    columns = {name: np.concatenate([getattr(frame, name) for frame in frames]) for name in COLUMNS}
    return _frame({**columns, "user": np.concatenate(users)}, tuple(codes))


def _frame(columns: Mapping[str, NDArray[Any]], user_ids: tuple[str, ...]) -> Events:
    return Events(**columns, user_ids=user_ids)
