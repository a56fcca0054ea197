"""Whose the events of a file are, counted from what is stored when the file has been read.

Whether an event without a user can be given to somebody depends on the events around it in its session, and those may
come with a later piece of the file, with another file, or through the API. So sums over pieces would be wrong: while a
file is read only a tally is kept of what to look up, and the count is made at the end.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine

from app.events.ownership import standing
from app.events.store import StoredRow

BLANKS_TOGETHER: Final = 1_000
"""Events that are looked up at once."""
SORTED_TOGETHER: Final = 50_000
"""Events that are sorted by session before they are looked up, so that a session is read once."""


@dataclass
class Owners:
    """Whose the events of a file are, each event counted once.

    Attributes
    ----------
    identified : int
        Events that were sent without a user and have one.
    unidentified : Counter of str
        Events that still have none, by the reason's code.
    users : set of str
        Users that any event of the file belongs to.
    """

    identified: int = 0
    unidentified: Counter[str] = field(default_factory=Counter)
    users: set[str] = field(default_factory=set)


def tally_of(rows: Sequence[StoredRow]) -> bytes:
    """Write down what to look up of a piece of a file: its users, and the keys of its events without one."""
    if not rows:
        return b""
    users = sorted({row.user_id for row in rows if not row.is_blank})
    blanks = [(row.session_id, row.ts, row.digest) for row in rows if row.is_blank]
    return json.dumps({"users": users, "blanks": blanks}, ensure_ascii=False).encode() + b"\n"


def owners_of(engine: Engine, tally: Iterable[bytes], between: Callable[[], None]) -> Owners:
    """Look up whose a file's events are now; calls ``between`` after each look-up."""
    owners = Owners()
    for blanks in _in_order(tally, owners.users):
        for start in range(0, len(blanks), BLANKS_TOGETHER):
            with engine.connect().execution_options(read_only=True) as connection:
                found = standing(connection, blanks[start : start + BLANKS_TOGETHER])
            owners.identified += found.identified
            owners.unidentified.update(found.reasons)
            owners.users.update(found.users)
            between()
    return owners


def _in_order(tally: Iterable[bytes], users: set[str]) -> Iterator[list[tuple[str, int, int]]]:
    """Give the keys of the events without a user, each once and sorted within a part; adds to the users on the way."""
    seen: set[int] = set()
    waiting: list[tuple[str, int, int]] = []
    for line in tally:
        told = json.loads(line)
        users.update(told["users"])
        for session, ts, digest in told["blanks"]:
            if digest not in seen:
                seen.add(digest)
                waiting.append((session, ts, digest))
        if len(waiting) >= SORTED_TOGETHER:
            yield sorted(waiting)
            waiting = []
    yield sorted(waiting)
