"""The group writer when the database's server goes away: everyone hears it in time, and the next one is served."""

import asyncio
import socket
import time
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, Engine, text

from app.db.engine import open_engine
from app.db.writer import Row
from app.errors import DatabaseBusy, DatabaseUnavailable
from tests.app.db.writing import Notes, finish, held, names, row, running
from tests.databases import postgresql_only, somebody_else
from tests.server_process import LOOPBACK


class CutOff:
    """Inserts, and loses its connection before the statement that comes next."""

    def __init__(self, url: str, *, then: bool) -> None:
        self._url = url
        self._then = then

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> None:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar()
        connection.execute(text("INSERT INTO notes (name) VALUES (:name)"), list(rows))
        with somebody_else(self._url) as other:
            other.execute("SELECT pg_terminate_backend(%s, 1000)", (own,))
        if self._then:
            connection.execute(text("SELECT 1"))


@postgresql_only
def test_a_lost_connection_refuses_its_group_and_serves_the_next(
    store: Engine, database_url: str, notes: Notes
) -> None:
    async def scenario() -> None:
        async with running(store) as writer:
            with pytest.raises(DatabaseUnavailable, match="nothing was stored"):
                await writer.submit(CutOff(database_url, then=True), [row("lost")])
            assert isinstance(writer.last_error, DatabaseUnavailable)
            await writer.submit(notes, [row("kept")])
            assert writer.last_error is None

    finish(scenario())
    assert names(database_url) == {"kept"}


@postgresql_only
def test_a_connection_that_is_lost_in_the_commit_is_told_as_uncertain(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with running(store) as writer:
            with pytest.raises(DatabaseUnavailable, match="may be stored or not"):
                await writer.submit(CutOff(database_url, then=False), [row("who knows")])
            assert writer.last_error is not None
            assert "nothing was stored" in writer.last_error.detail, "what /readyz says is about the database"

    finish(scenario())


@postgresql_only
def test_whoever_waits_for_a_server_that_is_gone_hears_it_with_the_first(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with held(store) as now:
            waiting = [now.writer.submit(now.notes, [row(number)]) for number in range(600)]
            with somebody_else(database_url) as other:
                mine = "application_name = 'telelink' AND datname = current_database()"
                other.execute(f"SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE {mine}")
            now.notes.open.set()
            answers = await asyncio.gather(now.first, *waiting, return_exceptions=True)
            assert {type(answer) for answer in answers} == {DatabaseUnavailable}
            await now.writer.submit(now.notes, [row("after")])

    finish(scenario())
    assert names(database_url) == {"after"}


def test_a_server_that_accepts_and_never_answers_keeps_nobody_for_longer_than_promised(notes: Notes) -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        engine = open_engine(f"postgresql://anna:pa55word@{LOOPBACK}:{silent.getsockname()[1]}/telelink")

        async def scenario() -> None:
            async with running(engine) as writer:
                begin = time.monotonic()
                waiting = [writer.submit(notes, [row(number)]) for number in range(300)]
                answers = await asyncio.gather(*waiting, return_exceptions=True)
                assert {type(answer) for answer in answers} == {DatabaseUnavailable}
                assert time.monotonic() - begin < 5

        finish(scenario())
        engine.dispose()


def test_a_database_that_hangs_keeps_nobody_past_the_deadline(store: Engine, database_url: str) -> None:
    async def scenario() -> None:
        async with held(store, timeout_seconds=0.5) as now:
            waiting = [now.writer.submit(now.notes, [row(number)]) for number in range(3)]
            begin = time.monotonic()
            answers = await asyncio.gather(now.first, *waiting, return_exceptions=True)
            assert time.monotonic() - begin < 3
            assert [str(answer) for answer in answers if "may be stored or not" in str(answer)] != []
            assert {type(answer) for answer in answers} <= {DatabaseUnavailable, DatabaseBusy}
            assert isinstance(now.writer.last_error, DatabaseUnavailable)
            now.notes.open.set()
            await now.writer.submit(now.notes, [row("after")])
            assert now.writer.last_error is None

    finish(scenario())
    assert names(database_url) == {"first", "after"}


def test_stopping_does_not_wait_for_a_database_that_hangs(store: Engine) -> None:
    async def scenario() -> None:
        async with held(store, timeout_seconds=0.3) as now:
            begin = time.monotonic()
            await asyncio.to_thread(now.writer.stop)
            assert time.monotonic() - begin < 3
            with pytest.raises(DatabaseUnavailable):
                await now.first

    finish(scenario())
