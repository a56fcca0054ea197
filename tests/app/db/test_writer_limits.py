"""The group writer at its limits: locked, full, crowded, stopping. Nothing waits for ever, nothing is half done."""

import asyncio
import sqlite3
import time

import pytest
from sqlalchemy import Engine, event

from app.db.writer import GroupWriter
from app.errors import DatabaseBusy, ShuttingDown, StorageFull
from tests.app.db.writing import LARGEST_GROUP, Notes, finish, held, names, row, running
from tests.databases import locked, sqlite_only


def test_a_short_lock_is_waited_for(store: Engine, database_url: str, notes: Notes) -> None:
    async def scenario() -> None:
        async with running(store, timeout_seconds=10) as writer:
            with locked(database_url):
                future = writer.submit(notes, [row("late")])
                await asyncio.sleep(0.4)
                assert not future.done()
            await future

    finish(scenario())
    assert names(database_url) == {"late"}


def test_past_its_deadline_a_submission_is_refused_and_never_stored(
    store: Engine, database_url: str, notes: Notes
) -> None:
    async def scenario() -> None:
        async with running(store, timeout_seconds=0.3) as writer:
            with locked(database_url):
                begin = time.monotonic()
                refused = await asyncio.gather(
                    *(writer.submit(notes, [row(number)]) for number in range(3)), return_exceptions=True
                )
                assert time.monotonic() - begin < 2
            assert {type(error) for error in refused} == {DatabaseBusy}
            assert writer.last_error is None, "a lock is not a broken database"
            await writer.submit(notes, [row("after the lock")])

    finish(scenario())
    assert names(database_url) == {"after the lock"}


def test_a_deadline_that_passes_in_the_queue_is_refused_too(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with held(store, timeout_seconds=0.2) as now:
            late = now.writer.submit(now.notes, [row("late")])
            await asyncio.sleep(0.3)
            now.notes.open.set()
            await now.first
            with pytest.raises(DatabaseBusy):
                await late

    finish(scenario())
    assert names(database_url) == {"first"}


def test_a_submission_may_bring_the_deadline_of_who_came_first(store: Engine, database_url: str, notes: Notes) -> None:
    async def scenario() -> None:
        async with running(store, timeout_seconds=2) as writer:
            assert 1 < writer.deadline() - time.monotonic() <= 2
            with pytest.raises(DatabaseBusy):
                await writer.submit(notes, [row("late")], deadline=time.monotonic() - 0.001)
            await writer.submit(notes, [row("in time")], deadline=time.monotonic() + 1)

    finish(scenario())
    assert names(database_url) == {"in time"}


def test_only_so_many_may_wait(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with held(store, max_waiting=3) as now:
            waiting = [now.writer.submit(now.notes, [row(number)]) for number in range(2)]
            with pytest.raises(DatabaseBusy):
                now.writer.submit(now.notes, [row("too many")])
            now.notes.open.set()
            await asyncio.gather(now.first, *waiting)
            await now.writer.submit(now.notes, [row("room again")])

    finish(scenario())
    assert names(database_url) == {"first", "0", "1", "room again"}


def test_refusals_and_cancellations_make_room_again(store: Engine, notes: Notes, database_url: str) -> None:
    async def scenario() -> None:
        async with running(store, timeout_seconds=0.2, max_waiting=2) as writer:
            for _ in range(3):
                with locked(database_url):
                    refused, cancelled = (writer.submit(notes, [row("never")]) for _ in range(2))
                    cancelled.cancel()
                    with pytest.raises(DatabaseBusy):
                        await refused
            await asyncio.gather(*(writer.submit(notes, [row(number)]) for number in range(2)))

    finish(scenario())
    assert names(database_url) == {"0", "1"}


def test_stopping_finishes_what_waits(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with held(store) as now:
            waiting = [now.writer.submit(now.notes, [row(number)]) for number in range(LARGEST_GROUP + 1)]
            stopped = asyncio.create_task(asyncio.to_thread(now.writer.stop))
            await asyncio.sleep(0.05)
            assert not stopped.done()
            with pytest.raises(ShuttingDown):
                now.writer.submit(now.notes, [row("too late")])
            now.notes.open.set()
            await asyncio.wait_for(asyncio.gather(now.first, *waiting, stopped), 10)

    finish(scenario())
    assert len(names(database_url)) == LARGEST_GROUP + 2


def test_stopping_while_locked_refuses_what_waits_and_ends(store: Engine, database_url: str, notes: Notes) -> None:
    async def scenario() -> None:
        async with running(store, timeout_seconds=0.3) as writer:
            with locked(database_url):
                future = writer.submit(notes, [row("locked out")])
                await asyncio.wait_for(asyncio.to_thread(writer.stop), 5)
                with pytest.raises(DatabaseBusy):
                    await future

    finish(scenario())
    assert names(database_url) == set()


def test_before_its_start_a_writer_takes_nothing(store: Engine, notes: Notes) -> None:
    with pytest.raises(ShuttingDown):
        GroupWriter(store, timeout_seconds=1, max_waiting=1).submit(notes, [row("too soon")])


@sqlite_only
def test_a_full_disk_is_told_and_writing_resumes_by_itself(store: Engine, database_url: str, notes: Notes) -> None:
    pages = {"most": 0}

    @event.listens_for(store, "checkout")
    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages['most'] or 1_000_000}")

    async def scenario() -> None:
        async with running(store) as writer:
            await writer.submit(notes, [row("before")])
            pages["most"] = 1
            with pytest.raises(StorageFull):
                await writer.submit(notes, [row("x" * 100_000)])
            assert isinstance(writer.last_error, StorageFull)
            assert names(database_url) == {"before"}
            pages["most"] = 0
            await writer.submit(notes, [row("after")])
            assert writer.last_error is None

    finish(scenario())
    assert names(database_url) == {"before", "after"}
