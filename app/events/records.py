"""Canonical rows as bytes and as frames: what is stored of an event beside its text, and its identity for duplicates.

A canonical row is a plain dict with the fields of ``FIELDS``: texts or None, ``ts`` in microseconds since 1970 UTC,
numbers finite or None. ``app.events.validation`` makes them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.events.columns import CODE_OF_KIND, NO_ITEM_NUMBER, OTHER, UNKNOWN_USER, Events, key_of

Row: TypeAlias = Mapping[str, Any]

FIELDS: Final = (
    "user_id",
    "session_id",
    "item_in_session",
    "ts",
    "kind",
    "value",
    "duration_seconds",
    "item_id",
    "level",
)
"""Fields of a canonical row, in their order."""
RECORD: Final = np.dtype([
    ("ts", "<i8"),
    ("session", "<i8"),
    ("item", "<i8"),
    ("level", "<i8"),
    ("value", "<f8"),
    ("duration_seconds", "<f8"),
    ("item_in_session", "<i4"),
    ("kind", "<i2"),
    ("padding", "<i2"),
])  # fmt: skip
"""What features read of one event, without its user: 56 bytes, little-endian."""
_NAN: Final = float("nan")
_SEPARATOR: Final = "\0"


def pack(row: Row) -> bytes:
    """Give the record of one canonical row, ``RECORD.itemsize`` bytes."""
    return pack_all([row])


def pack_all(rows: Sequence[Row]) -> bytes:
    """Give the records of canonical rows, one behind the other."""
    return _records(rows).tobytes()


def frame_of(rows: Sequence[Row]) -> Events:
    """Make a frame of canonical rows, in their order; users are numbered as they appear."""
    codes: dict[str, int] = {}
    user = np.array(
        [UNKNOWN_USER if (id_ := row["user_id"]) is None else codes.setdefault(id_, len(codes)) for row in rows],
        dtype=np.int32,
    )
    return _frame(_records(rows), user, tuple(codes))


def frame_of_records(data: bytes, user: NDArray[np.int32], user_ids: tuple[str, ...]) -> Events:
    """Make a frame of n joined records and the n codes of their users.

    Raises
    ------
    ValueError
        The bytes are not whole records, or not as many as there are codes.
    """
    return _frame(np.frombuffer(data, RECORD), user, user_ids)


def events_of(user_id: str, data: bytes) -> Events:
    """Make a frame of one user's joined records."""
    records = np.frombuffer(data, RECORD)
    return _frame(records, np.zeros(len(records), dtype=np.int32), (user_id,))


def digest_of(row: Row) -> int:
    """Give the identity of an event: two are the same when all nine fields are, as they were sent.

    Returns
    -------
    int
        63 bits of BLAKE2b over the fields, the same on every machine.

    Examples
    --------
    >>> row = dict.fromkeys(FIELDS) | {"ts": 0, "kind": "play"}
    >>> digest_of(row) == digest_of(dict(row)), digest_of(row) == digest_of(row | {"value": 0.0})
    (True, False)
    """
    # No text holds the separator, none is empty, and numbers are written so that they read back as they were.
    parts = ["" if (value := row[name]) is None else str(value) for name in FIELDS]
    digest = hashlib.blake2b(_SEPARATOR.join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def digests_of(rows: Sequence[Row]) -> list[int]:
    """Give the identity of each row."""
    return [digest_of(row) for row in rows]


def _records(rows: Sequence[Row]) -> NDArray[np.void]:
    records = np.zeros(len(rows), dtype=RECORD)
    records["ts"] = [row["ts"] for row in rows]
    records["session"] = [key_of(row["session_id"]) for row in rows]
    records["item"] = [key_of(row["item_id"]) for row in rows]
    records["level"] = [key_of(row["level"]) for row in rows]
    records["value"] = [_NAN if (value := row["value"]) is None else value for row in rows]
    records["duration_seconds"] = [_NAN if (value := row["duration_seconds"]) is None else value for row in rows]
    records["item_in_session"] = [
        NO_ITEM_NUMBER if (number := row["item_in_session"]) is None else number for row in rows
    ]
    records["kind"] = [CODE_OF_KIND.get(row["kind"], OTHER) for row in rows]
    return records


def _frame(records: NDArray[np.void], user: NDArray[np.int32], user_ids: tuple[str, ...]) -> Events:
    columns = {name: np.ascontiguousarray(records[name]) for name in RECORD.names or () if name != "padding"}
    return Events(user=user, user_ids=user_ids, **columns)
