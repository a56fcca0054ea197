"""Take events in: validate all, store all or none, durable before the answer, and score whom they touch."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from app.db.engine import reading
from app.db.moments import now
from app.db.writer import GroupWriter
from app.errors import DatabaseBusy, Unavailable
from app.events import store, users
from app.events.refresher import Refresher
from app.predictions import idempotency

_LARGE: Final = 500
"""From so many events on, requests take turns: together they would keep everybody else from the database."""
_SCORED_SECONDS: Final = 1.0
"""How long a retry waits for the first request to finish its answer."""
_POLL_SECONDS: Final = 0.05

log = structlog.get_logger()

Row = dict[str, Any]


class EventIntake:
    """Stores the events of requests; a request with a key is stored once, however often it is sent."""

    def __init__(self, writer: GroupWriter, refresher: Refresher) -> None:
        self._writer = writer
        self._refresher = refresher
        self._one_large = asyncio.Lock()

    async def take(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Store events and score whom they touch, as far as there is time.

        Raises
        ------
        Unavailable
            Nothing was stored.
        """
        outcome = await self._store(rows, None)
        if outcome is None:  # only a key can be taken
            raise RuntimeError("events without a key were not stored")
        return await self._scored(outcome, None)

    async def take_once(self, rows: Sequence[Row], key: str, wanted: str) -> dict[str, Any]:
        """Do as ``take`` does, or give the stored answer when the key was used for the same request before.

        Raises
        ------
        IdempotencyKeyReused
            The key belongs to another request.
        Unavailable
            Nothing was stored.
        """
        made = await asyncio.to_thread(self._made_before, key, wanted)
        if made is None:
            key_row = {"key": key, "created_at": now(), "fingerprint": wanted, "reference": ""}
            outcome = await self._store(rows, key_row)
            if outcome is not None:
                return await self._scored(outcome, key)
        return await self._finished(key, wanted)

    async def _store(self, rows: Sequence[Row], key_row: Mapping[str, str] | None) -> store.Outcome | None:
        entry: Row = {"rows": await asyncio.to_thread(store.stored_rows, rows), "key_row": key_row}
        deadline = self._writer.deadline()
        if len(rows) < _LARGE:
            # Shielded: a client that goes away does not take its events out of a group that is being committed.
            await asyncio.shield(self._writer.submit(store.append, [entry], deadline))
        else:
            await self._store_large(entry, deadline)
        outcome: store.Outcome | None = entry["outcome"]
        return outcome

    async def _store_large(self, entry: Row, deadline: float) -> None:
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                await self._one_large.acquire()
        except TimeoutError:
            raise DatabaseBusy from None
        try:
            stored = self._writer.submit(store.append, [entry], deadline)
        except Unavailable:
            self._one_large.release()
            raise
        stored.add_done_callback(lambda _: self._one_large.release())
        await asyncio.shield(stored)

    async def _scored(self, outcome: store.Outcome, key: str | None) -> dict[str, Any]:
        """Complete the answer; the events are stored, so that nothing that fails from here on is the caller's."""
        answer = outcome.as_answer()
        as_of, refreshed = None, 0
        try:
            scores, as_of = await self._refresher.refresh(sorted(outcome.touched))
            entry: Row = {"scores": scores, "key": key, "answer": answer, "as_of": as_of, "refreshed": 0}
            if scores or key is not None:
                await asyncio.shield(self._writer.submit(store.finish, [entry]))
            refreshed = entry["refreshed"]
        except Unavailable:
            log.warning("refresh_postponed")
        if len(outcome.touched) > refreshed:
            self._refresher.wake()
        return store.with_scores(answer, refreshed, as_of)

    async def _finished(self, key: str, wanted: str) -> dict[str, Any]:
        """Wait until whoever used the key first has finished the answer; one that was cut short stands as it is."""
        deadline = time.monotonic() + _SCORED_SECONDS
        while True:
            made = await asyncio.to_thread(self._made_before, key, wanted)
            if made is not None and (made["refreshed"] is not None or time.monotonic() > deadline):
                return made if made["refreshed"] is not None else store.with_scores(made, 0, await self._as_of())
            await asyncio.sleep(_POLL_SECONDS)

    async def _as_of(self) -> str | None:
        def read() -> str | None:
            with reading(self._writer.engine) as connection:
                clock = users.clock_of(connection, datetime.now(UTC))
            return clock.isoformat() if clock else None

        return await asyncio.to_thread(read)

    def _made_before(self, key: str, wanted: str) -> dict[str, Any] | None:
        with reading(self._writer.engine) as connection:
            reference = idempotency.find(connection, key, wanted)
        return None if reference is None else json.loads(reference)
