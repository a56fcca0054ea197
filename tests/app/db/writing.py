"""A writer at work, an insert that can be held up, and what somebody else can read of it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, text

from app.db.writer import GroupWriter, Row
from tests.databases import somebody_else

LARGEST_GROUP = 512


@dataclass
class Notes:
    """An insert that can be held up, and that remembers how many rows each transaction brought."""

    transactions: list[int] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)

    def __hash__(self) -> int:
        return id(self)

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> None:
        self.transactions.append(len(rows))
        self.entered.set()
        assert self.open.wait(10)
        connection.execute(text("INSERT INTO notes (name) VALUES (:name)"), list(rows))


@dataclass
class Held:
    """A writer whose first transaction is under way, so that whatever is submitted now waits together."""

    writer: GroupWriter
    notes: Notes
    first: "asyncio.Future[None]"


def row(name: object) -> Row:
    return {"name": str(name)}


def names(url: str) -> set[str]:
    """What somebody else can read."""
    with somebody_else(url) as other:
        return {name for (name,) in other.execute("SELECT name FROM notes").fetchall()}


@asynccontextmanager
async def running(
    engine: Engine, *, timeout_seconds: float = 5.0, max_waiting: int = 2_000
) -> AsyncIterator[GroupWriter]:
    writer = GroupWriter(engine, timeout_seconds=timeout_seconds, max_waiting=max_waiting)
    writer.start(asyncio.get_running_loop())
    try:
        yield writer
    finally:
        await asyncio.to_thread(writer.stop)


@asynccontextmanager
async def held(engine: Engine, **options: Any) -> AsyncIterator[Held]:
    async with running(engine, **options) as writer:
        notes = Notes()
        first = writer.submit(notes, [row("first")])
        assert await asyncio.to_thread(notes.entered.wait, 10)
        try:
            yield Held(writer, notes, first)
        finally:
            notes.open.set()


def finish(scenario: Coroutine[Any, Any, None], within_seconds: float = 20.0) -> None:
    """Run a scenario to its end; a future that is never answered fails the test and does not hang it."""
    asyncio.run(asyncio.wait_for(scenario, within_seconds))
