"""Erase a user of the log down to the bytes: events, scores, rows of uploaded files, and the traces of all of them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog
from sqlalchemy import Engine

from app.db.engine import reading
from app.db.writer import GroupWriter
from app.errors import DatabaseBusy, UserNotFound
from app.events import users
from app.events.service import known_id
from app.events.store import erase_users

log = structlog.get_logger()

_UNFINISHED: Final = (
    "The user is erased, but somebody is still reading the database, so that traces are left in its files. "
    "Send the request again in a moment to remove them."
)


class StoredFiles(Protocol):
    """What keeps rows of uploaded files and their results."""

    def erase_rows(self, customer_id: str) -> bool:
        """Erase the rows of an id from every file, and say whether there were any."""


RemoveTraces = Callable[[Engine, Sequence[bytes]], bool]
"""Removes what a database file still shows of deleted rows; false when a reader did not let go in time."""


class UserErasure:
    """Erases users; remembers in this process whose traces are still to be removed."""

    def __init__(
        self, engine: Engine, writer: GroupWriter, remove_traces: RemoveTraces, files: StoredFiles | None = None
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._remove_traces = remove_traces
        self._files = files
        self._unfinished: set[str] = set()

    async def erase(self, user_id: str) -> None:
        """Erase a user: events, also those found to be theirs, scores and rows of files.

        Raises
        ------
        UserNotFound, ErasureWaitsForJob
            Nothing was erased.
        Unavailable
            Nothing was erased from the tables, or, as the sentence says then, traces are left in their files.
        """
        is_known = await asyncio.to_thread(self._is_known, known_id(user_id))
        is_in_files = self._files is not None and await asyncio.to_thread(self._files.erase_rows, user_id)
        if not is_known and not is_in_files and user_id not in self._unfinished:
            raise UserNotFound
        if is_known:
            await asyncio.shield(self._writer.submit(erase_users, [{"key": user_id}]))
        self._unfinished.add(user_id)
        if not await asyncio.to_thread(self._remove_traces, self._engine, [user_id.encode()]):
            log.warning("erasure_unfinished")
            raise DatabaseBusy(_UNFINISHED)
        self._unfinished.discard(user_id)

    def _is_known(self, user_id: str) -> bool:
        with reading(self._engine) as connection:
            return users.find(connection, user_id) is not None
