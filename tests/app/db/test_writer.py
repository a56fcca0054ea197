"""The group writer: nothing is answered before it is on the disk, and nobody pays for a neighbour's fault."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from app.db.writer import Row
from tests.app.db.writing import LARGEST_GROUP, Notes, finish, held, names, row, running
from tests.databases import file_of, sqlite_only


@sqlite_only
def test_rows_are_in_the_files_when_the_future_is_done(store: Engine, database_url: str, notes: Notes) -> None:
    async def scenario() -> None:
        async with running(store) as writer:
            await writer.submit(notes, [row("a"), row("b")])
            # A copy taken now is what a power cut would leave: nothing may still be on its way.
            for suffix in ("", "-wal"):
                copied = Path(f"{file_of(database_url)}{suffix}").read_bytes()
                Path(f"{file_of(database_url)}.copy{suffix}").write_bytes(copied)

    finish(scenario())
    assert names(f"{database_url}.copy") == {"a", "b"}


def test_the_future_waits_for_the_commit(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with held(store) as now:
            assert not now.first.done()
            assert names(database_url) == set()
            now.notes.open.set()
            await now.first
            assert names(database_url) == {"first"}

    finish(scenario())


def test_concurrent_submissions_share_a_transaction(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with held(store) as now:
            waiting = [now.writer.submit(now.notes, [row(number), row(-number)]) for number in range(1, 51)]
            now.notes.open.set()
            await asyncio.gather(now.first, *waiting)
        assert now.notes.transactions == [1, 100]

    finish(scenario())
    assert len(names(database_url)) == 101


def test_a_group_is_bounded(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with held(store) as now:
            waiting = [now.writer.submit(now.notes, [row(number)]) for number in range(2 * LARGEST_GROUP + 3)]
            now.notes.open.set()
            await asyncio.gather(*waiting)
        assert now.notes.transactions == [1, LARGEST_GROUP, LARGEST_GROUP, 3]

    finish(scenario())
    assert len(names(database_url)) == 2 * LARGEST_GROUP + 4


def test_different_inserts_share_a_transaction_and_each_gets_its_own_rows(store: Engine, database_url: str) -> None:
    one, other = Notes(), Notes()
    one.open.set()
    other.open.set()

    async def scenario() -> None:
        async with held(store) as now:
            futures = [
                now.writer.submit(insert, [row(name)]) for insert, name in ((one, "a"), (other, "b"), (one, "c"))
            ]
            now.notes.open.set()
            await asyncio.gather(*futures)

    finish(scenario())
    assert (one.transactions, other.transactions) == ([2], [1])
    assert names(database_url) == {"first", "a", "b", "c"}


def test_a_poisoned_submission_harms_no_neighbour(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with held(store) as now:
            before = [now.writer.submit(now.notes, [row(f"before-{number}")]) for number in range(3)]
            poisoned = now.writer.submit(now.notes, [row("good"), row("poison")])
            after = [now.writer.submit(now.notes, [row(f"after-{number}")]) for number in range(3)]
            now.notes.open.set()
            await asyncio.gather(*before, *after)
            with pytest.raises(IntegrityError):
                await poisoned

    finish(scenario())
    good = {"first", *(f"{place}-{number}" for place in ("before", "after") for number in range(3))}
    assert names(database_url) == good


def test_a_submission_is_stored_whole_or_not_at_all(store: Engine, database_url: str, notes: Notes) -> None:
    async def scenario() -> None:
        async with running(store) as writer:
            with pytest.raises(IntegrityError):
                await writer.submit(notes, [*(row(number) for number in range(9)), row("poison")])
            assert names(database_url) == set()
            await writer.submit(notes, [row(number) for number in range(9)])

    finish(scenario())
    assert len(names(database_url)) == 9


def test_the_thread_survives_whatever_an_insert_raises(store: Engine, database_url: str, notes: Notes) -> None:
    def broken(_connection: Connection, _rows: Sequence[Row]) -> None:
        raise ZeroDivisionError

    async def scenario() -> None:
        async with running(store) as writer:
            with pytest.raises(ZeroDivisionError):
                await writer.submit(broken, [row("lost")])
            assert writer.last_error is None, "the database is not at fault"
            await writer.submit(notes, [row("kept")])
            assert writer.last_error is None

    finish(scenario())
    assert names(database_url) == {"kept"}


def test_a_client_that_leaves_does_not_lose_the_group(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with held(store) as now:
            before, leaver, after = (
                now.writer.submit(now.notes, [row(name)]) for name in ("before", "leaver", "after")
            )
            leaver.cancel()
            now.notes.open.set()
            await asyncio.gather(now.first, before, after)

    finish(scenario())
    assert {"first", "before", "after"} <= names(database_url)
