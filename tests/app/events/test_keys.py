"""A request of events that is sent again with its key stores nothing again and hears the same answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Engine, update

from app.db.tables import idempotency_keys
from app.db.writer import GroupWriter
from app.errors import DatabaseBusy, IdempotencyKeyReused
from app.events import intake as taking
from app.events import store as storing
from app.events.intake import EventIntake
from app.events.refresher import Refresher
from tests.app.events.stored_logs import a_model, a_session, an_event, users_from_events
from tests.databases import locked

KEY, WANTED = "k-1", "f" * 64


def run(engine: Engine, scenario: Callable[[EventIntake], Awaitable[Any]], *, patience: float = 5) -> Any:
    async def whole() -> Any:
        writer = GroupWriter(engine, timeout_seconds=patience, max_waiting=100)
        writer.start(asyncio.get_running_loop())
        try:
            return await scenario(EventIntake(writer, Refresher(engine, writer, a_model())))
        finally:
            await asyncio.to_thread(writer.stop)

    return asyncio.run(whole())


def stored_users(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect().execution_options(read_only=True) as connection:
        return users_from_events(connection)


def test_twins_store_once_and_hear_the_same(engine: Engine) -> None:
    rows = a_session(["ann", None, "ann"])

    async def scenario(intake: EventIntake) -> Any:
        return await asyncio.gather(*(intake.take_once(rows, KEY, WANTED) for _ in range(4)))

    answers = run(engine, scenario)
    assert answers[0]["accepted"] == 3
    assert answers[0]["refreshed"] == 1
    assert all(answer == answers[0] for answer in answers)
    assert [row[-1] for row in stored_users(engine)] == [3]


def test_a_retry_after_other_events_hears_what_the_first_heard(engine: Engine) -> None:
    rows = a_session(["ann", None])

    async def scenario(intake: EventIntake) -> Any:
        first = await intake.take_once(rows, KEY, WANTED)
        await intake.take([an_event("bob", 9_000), an_event("ann", 5)])
        with pytest.raises(IdempotencyKeyReused):
            await intake.take_once(rows, KEY, "0" * 64)
        return first, await intake.take_once(rows, KEY, WANTED)

    first, again = run(engine, scenario)
    assert first == again


def test_a_retry_of_a_request_that_was_cut_short_before_the_scores_is_answered(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "_SCORED_SECONDS", 0.1)

    async def scenario(intake: EventIntake) -> Any:
        first = await intake.take_once([an_event("ann")], KEY, WANTED)
        cut_short = {name: first[name] for name in first if name not in ("pending", "as_of")} | storing.UNFINISHED
        with engine.begin() as connection:
            connection.execute(update(idempotency_keys).values(reference=json.dumps(cut_short)))
        return first, await intake.take_once([an_event("ann")], KEY, WANTED)

    first, again = run(engine, scenario)
    assert again == {**first, "refreshed": 0, "pending": 1}


def test_large_requests_take_turns_and_one_that_waits_too_long_is_refused(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "_LARGE", 1)

    async def scenario(intake: EventIntake) -> Any:
        with locked(database_url):
            tasks = [asyncio.create_task(intake.take([an_event(f"u{number}")])) for number in range(3)]
            refused = await asyncio.gather(*tasks, return_exceptions=True)
        return refused, await intake.take([an_event("late")])

    refused, late = run(engine, scenario, patience=0.4)
    assert [type(error) for error in refused] == [DatabaseBusy] * 3
    assert late["accepted"] == 1
    assert [row[0] for row in stored_users(engine)] == ["late"]


def test_events_that_are_stored_are_answered_even_if_their_scores_are_not(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise DatabaseBusy

    monkeypatch.setattr(Refresher, "_refresh", refuse)
    answer = run(engine, lambda intake: intake.take([an_event("ann")]))
    assert (answer["accepted"], answer["refreshed"], answer["pending"]) == (1, 0, 1)
