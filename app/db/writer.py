"""Group commit: concurrent requests share one transaction, and each is answered only after it is durable."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, update

from app.db.engine import as_unavailable, is_connection_lost, is_own_fault
from app.db.tables import portfolio
from app.errors import DatabaseBusy, DatabaseUnavailable, ShuttingDown, Unavailable

log = structlog.get_logger()

Row = dict[str, Any]
Insert = Callable[[Connection, Sequence[Row]], object]
"""Stores rows inside an open transaction; called once per transaction with the rows of many requests."""

_LARGEST_GROUP = 512
_GRACE_SECONDS = 1.0
"""How long after its deadline a request may still hear what became of it, rather than that nobody knows."""
_UNCERTAIN = (
    "The database was lost or hung while it stored this, so it may be stored or not. "
    "Try again with the same Idempotency-Key: nothing is stored twice."
)


def probe_write(connection: Connection, _rows: Sequence[Row]) -> None:
    """Write without a change, to learn whether the disk takes a commit."""
    # There and back: SQLite writes no page when a row is given the values that it has.
    for step in (1, -1):
        connection.execute(update(portfolio).values(customers=portfolio.c.customers + step))


@dataclass
class _Pending:
    insert: Insert
    rows: Sequence[Row]
    done: "asyncio.Future[None]"
    deadline: float


class GroupWriter:
    """One thread that owns the writing connection.

    Requests that arrive while a commit is on its way to the disk wait together and share the next one. A request
    whose deadline passes before its group begins is refused and leaves no row; a failed group leaves no row at all.
    When the server of the database is gone, everyone who waits hears it at once: trying for each in turn would hang.
    When it hangs, or the disk does, each request is told at its deadline that nobody knows.
    """

    def __init__(self, engine: Engine, *, timeout_seconds: float, max_waiting: int) -> None:
        self.engine = engine
        self._timeout_seconds = timeout_seconds
        self.most_waiting = max_waiting
        self._queue: queue.SimpleQueue[list[_Pending] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="group-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._lost: tuple[list[_Pending], Unavailable] | None = None
        self._unanswered: dict[asyncio.Future[None], float] = {}
        self.last_error: Unavailable | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to work for requests of ``loop``."""
        self._loop = loop
        self._thread.start()
        loop.call_later(_GRACE_SECONDS, self._give_up_on_overdue)

    def stop(self) -> None:
        """Finish what is waiting, then end the thread. Later writes are refused."""
        self._stopping = True
        self._queue.put(None)
        self._thread.join(self._timeout_seconds + _GRACE_SECONDS)
        late: list[_Pending] = []
        self._collect(late, block=False)
        self._answer(late, ShuttingDown())

    def deadline(self) -> float:
        """Say until when (on the monotonic clock) rows that are wanted from now on may wait for the disk."""
        return time.monotonic() + self._timeout_seconds

    def submit(self, insert: Insert, rows: Sequence[Row], deadline: float | None = None) -> "asyncio.Future[None]":
        """Queue the rows of one request; see ``submit_all``."""
        return self.submit_all(insert, [(rows, deadline or self.deadline())])[0]

    def submit_all(self, insert: Insert, parts: Sequence[tuple[Sequence[Row], float]]) -> list["asyncio.Future[None]"]:
        """Queue the rows of one or more requests, each stored whole or not at all by its own deadline.

        Parameters
        ----------
        insert : callable
            Stores rows inside a transaction that the writer opens.
        parts : sequence of (rows, deadline)
            One entry a request; the deadline is on the clock of ``deadline()``.

        Returns
        -------
        list of Future
            One a request, done when its rows are on the disk. It fails when nothing of it was stored: with an
            Unavailable, or with the error itself when the rows or the code are at fault.

        Raises
        ------
        Unavailable
            At once, when too many requests are waiting or the writer is stopping.
        """
        if self._stopping or self._loop is None:
            raise ShuttingDown
        if len(self._unanswered) >= self.most_waiting:
            raise DatabaseBusy
        pending = [_Pending(insert, rows, self._loop.create_future(), deadline) for rows, deadline in parts]
        for one in pending:
            self._unanswered[one.done] = one.deadline
            one.done.add_done_callback(self._settled)
        self._queue.put(pending)
        return [one.done for one in pending]

    def _settled(self, done: "asyncio.Future[None]") -> None:
        del self._unanswered[done]

    def _give_up_on_overdue(self) -> None:
        """Answer, on the event loop, whoever the thread can no longer answer because it is stuck in the database."""
        overdue = time.monotonic() - _GRACE_SECONDS
        stuck = [done for done, deadline in self._unanswered.items() if deadline < overdue and not done.done()]
        for done in stuck:
            self.last_error = DatabaseUnavailable()
            done.set_exception(DatabaseUnavailable(_UNCERTAIN))
        if self._loop is not None and not (self._stopping and not self._unanswered):
            self._loop.call_later(_GRACE_SECONDS / 2, self._give_up_on_overdue)

    def _run(self) -> None:
        waiting: list[_Pending] = []
        stopping = False
        while not (stopping and not waiting):
            stopping = self._collect(waiting, block=not waiting) or stopping
            self._refuse_expired(waiting)
            if waiting:
                waiting = self._commit(waiting[:_LARGEST_GROUP]) + waiting[_LARGEST_GROUP:]
            if self._lost is not None:
                # Whoever asks again once the first has heard of it is tried anew: so the first hears of it last.
                stopping = self._collect(waiting, block=False) or stopping
                self._answer(waiting, DatabaseUnavailable())
                self._answer(*self._lost)
                self._lost, waiting = None, []

    def _collect(self, waiting: list[_Pending], *, block: bool) -> bool:
        """Move what has arrived into ``waiting``; true when the writer was asked to stop."""
        try:
            while True:
                item = self._queue.get(block=block)
                if item is None:
                    return True
                waiting += item
                block = False
        except queue.Empty:
            return False

    def _refuse_expired(self, waiting: list[_Pending]) -> None:
        now = time.monotonic()
        expired = [pending for pending in waiting if pending.deadline <= now]
        if expired:
            waiting[:] = [pending for pending in waiting if pending.deadline > now]
            self._answer(expired, DatabaseBusy())

    def _commit(self, group: list[_Pending]) -> list[_Pending]:
        """Commit a group; returns those to try again because the database was locked."""
        if self._lost is not None:
            return group
        committing = False
        try:
            with self.engine.begin() as connection:
                for insert in dict.fromkeys(pending.insert for pending in group):
                    insert(connection, [row for pending in group if pending.insert is insert for row in pending.rows])
                committing = True
        except Exception as error:  # whatever the driver raises, the requests must hear of it and the thread must live
            if is_connection_lost(error):
                self._lost = (group, DatabaseUnavailable(_UNCERTAIN if committing else None))
                self._note_refusal(error, self._lost[1])
                return []
            return self._failed(group, error)
        self.last_error = None
        self._answer(group, None)
        return []

    def _failed(self, group: list[_Pending], error: Exception) -> list[_Pending]:
        refusal = as_unavailable(error)
        if isinstance(refusal, DatabaseBusy) and not is_own_fault(error):
            return group
        if len(group) > 1:
            # One request's rows may be at fault: alone, each gets its own verdict.
            return [again for pending in group for again in self._commit([pending])]
        if is_own_fault(error):
            self._answer(group, error)
            return []
        self._note_refusal(error, refusal)
        self._answer(group, refusal)
        return []

    def _note_refusal(self, error: Exception, refusal: Unavailable) -> None:
        log.error("write_failed", error=type(error).__name__, code=refusal.code)
        self.last_error = type(refusal)()

    def _answer(self, group: list[_Pending], error: Exception | None) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_settle, group, error)


def _settle(group: list[_Pending], error: Exception | None) -> None:
    for pending in group:
        if pending.done.done():
            continue
        if error is None:
            pending.done.set_result(None)
        else:
            pending.done.set_exception(error)
