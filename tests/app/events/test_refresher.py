"""Scores follow the events: all of them, as of the log's own day, and one that was overtaken does not count."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.db.engine import reading
from app.db.writer import GroupWriter
from app.events import refresher as refreshing
from app.events.clock import begin_of
from app.events.intake import EventIntake
from app.events.ranking import count_users
from app.events.refresher import Refresher, score_due_users, score_users
from app.events.scoring import EventModel
from app.events.users import clock_of, find, read_due, store_scores
from tests.app.events.stored_logs import FIRST_DAY, NOON, a_model, a_session, an_event, many_users, store

Scenario = Callable[[GroupWriter, Refresher], Awaitable[Any]]


def run(engine: Engine, scenario: Scenario, model: EventModel | None, *, background: bool = False) -> Any:
    """Run a scenario with a writer and a refresher at work."""

    async def whole() -> Any:
        writer = GroupWriter(engine, timeout_seconds=5, max_waiting=100)
        writer.start(asyncio.get_running_loop())
        refresher = Refresher(engine, writer, model)
        if background:
            refresher.start()
        try:
            return await scenario(writer, refresher)
        finally:
            await refresher.stop()
            await asyncio.to_thread(writer.stop)

    return asyncio.run(whole())


def scores(engine: Engine) -> dict[str, tuple[Any, ...]]:
    with reading(engine) as connection:
        query = "SELECT id, churn_probability, tier, as_of, due, standing, model_version FROM users"
        return {row[0]: tuple(row[1:]) for row in connection.execute(text(query))}


def test_everybody_who_is_due_is_scored_once_as_of_the_logs_day(engine: Engine) -> None:
    ids = many_users(engine, 150)
    heard: list[int] = []
    assert score_due_users(engine, a_model(), NOON, heard.append) == 150
    assert heard == [150]
    assert score_due_users(engine, a_model(), NOON) == 0
    day = (FIRST_DAY + timedelta(days=150)).isoformat()
    found = scores(engine)
    assert found.keys() == set(ids)
    assert {(row[2], row[3], row[5]) for row in found.values()} == {(day, day, "1")}
    assert found["u149"][0] < found["u100"][0] < found["u70"][0]
    standings = [found[user][4] for user in ids]
    assert standings == ["inactive"] * 60 + ["active"] * 90
    with reading(engine) as connection:
        counted = count_users(connection, date.fromisoformat(day))
    assert (counted.users, counted.pending, sum(counted.tiers.values())) == (150, 0, 90)


def test_a_new_day_makes_everybody_due_and_the_same_day_nobody(engine: Engine) -> None:
    many_users(engine, 5)
    score_due_users(engine, a_model(), NOON)
    with engine.begin() as connection:
        store(connection, [an_event("u0", 4 * 1440 + 30)])
        assert [row.id for row in read_due(connection, clock_of(connection, NOON) or FIRST_DAY, 9)] == ["u0"]
        store(connection, [an_event("u0", 5 * 1440)])
        due = read_due(connection, clock_of(connection, NOON) or FIRST_DAY, 9)
    assert [row.id for row in due] == ["u0", "u1", "u2", "u3", "u4"]


def test_a_feed_that_stops_does_not_make_anybody_a_leaver(engine: Engine) -> None:
    many_users(engine, 3)
    score_due_users(engine, a_model(), NOON)
    before = scores(engine)
    assert score_due_users(engine, a_model(), NOON + timedelta(days=2_000)) == 0
    assert scores(engine) == before


def test_somebody_who_cancelled_is_told_from_somebody_to_keep(engine: Engine) -> None:
    with engine.begin() as connection:
        store(connection, [an_event("ann"), an_event("ann", 5, kind="cancel"), an_event("bob", 1440)])
    score_due_users(engine, a_model(), NOON)
    assert {user: row[4] for user, row in scores(engine).items()} == {"ann": "cancelled", "bob": "active"}


def test_a_score_that_was_overtaken_by_new_events_does_not_count(engine: Engine) -> None:
    many_users(engine, 2)
    with reading(engine) as connection:
        clock = clock_of(connection, NOON)
        assert clock is not None
        due = read_due(connection, clock, 9)
    (rows,) = score_users(engine, a_model(), due, clock)
    with engine.begin() as connection:
        store(connection, [an_event("u0", 7)])
        assert store_scores(connection, rows) == 1
        assert [row.id for row in read_due(connection, clock, 9)] == ["u0"]


def test_a_late_event_changes_the_score_and_a_future_one_only_later(engine: Engine) -> None:
    many_users(engine, 2)
    score_due_users(engine, a_model(), NOON)
    before = scores(engine)["u0"][0]
    with engine.begin() as connection:
        # It came in a day late: what it says of that day counts as soon as it is here.
        store(connection, a_session(["u0"] * 3, "late", 700))
    score_due_users(engine, a_model(), NOON)
    after = scores(engine)["u0"][0]
    assert after < before
    tomorrow = begin_of(NOON.date() + timedelta(days=1))
    with engine.begin() as connection:
        store(connection, [{**an_event("u1"), "ts": tomorrow + 1}])
        clock = clock_of(connection, NOON)
    assert clock == NOON.date() + timedelta(days=1)
    score_due_users(engine, a_model(), NOON)
    assert scores(engine)["u1"][4] == "inactive", "what is not yet is not seen"


def test_a_request_refreshes_whom_it_touched_before_it_answers(engine: Engine) -> None:
    async def scenario(writer: GroupWriter, refresher: Refresher) -> Any:
        return await EventIntake(writer, refresher).take([an_event("ann"), an_event("bob", 1)])

    answer = run(engine, scenario, a_model())
    assert (answer["users"], answer["refreshed"], answer["pending"], answer["as_of"]) == (2, 2, 0, "2026-01-02")
    assert {row[3] for row in scores(engine).values()} == {"2026-01-02"}


def test_a_request_that_touches_too_many_leaves_the_others_to_the_background(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "MOST_AT_ONCE", 3)
    rows = [an_event(f"u{number}", number) for number in range(9)]

    async def scenario(writer: GroupWriter, refresher: Refresher) -> Any:
        answer = await EventIntake(writer, refresher).take(rows)
        for _ in range(500):
            if all(row[0] is not None for row in await asyncio.to_thread(lambda: list(scores(engine).values()))):
                return answer
            await asyncio.sleep(0.02)
        raise AssertionError("the background never scored them")

    answer = run(engine, scenario, a_model(), background=True)
    assert answer["refreshed"] + answer["pending"] == 9
    assert answer["refreshed"] >= 3


def test_a_request_stops_refreshing_when_its_time_is_up(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(refreshing, "_FRAME_USERS", 2)

    async def scenario(writer: GroupWriter, refresher: Refresher) -> Any:
        return await EventIntake(writer, refresher).take([an_event(f"u{number}", number) for number in range(7)])

    answer = run(engine, scenario, a_model())
    assert (answer["refreshed"], answer["pending"]) == (2, 5)


def test_without_a_model_events_are_stored_and_everybody_stays_due(engine: Engine) -> None:
    async def scenario(writer: GroupWriter, refresher: Refresher) -> Any:
        return await EventIntake(writer, refresher).take([an_event("ann")])

    answer = run(engine, scenario, None, background=True)
    assert (answer["accepted"], answer["refreshed"], answer["pending"]) == (1, 0, 1)
    with engine.begin() as connection:
        user = find(connection, "ann")
    assert user is not None
    assert (user.due, user.standing, user.churn_probability) == ("", "waiting", None)


def test_another_version_scores_everybody_anew(engine: Engine) -> None:
    many_users(engine, 3)
    score_due_users(engine, a_model(), NOON)

    async def scenario(_writer: GroupWriter, _refresher: Refresher) -> None:
        for _ in range(500):
            if {row[5] for row in await asyncio.to_thread(lambda: list(scores(engine).values()))} == {"2"}:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the old scores stand")

    run(engine, scenario, a_model(version="2"), background=True)


def test_a_frame_and_one_user_give_the_same_bits(engine: Engine) -> None:
    many_users(engine, 70)
    with reading(engine) as connection:
        clock = clock_of(connection, NOON)
        assert clock is not None
        due = read_due(connection, clock, 100)
    together = [row for frame in score_users(engine, a_model(), due, clock) for row in frame]
    for row, user in list(zip(together, due, strict=True))[::9]:
        ((alone,),) = score_users(engine, a_model(), [user], clock)
        assert alone["churn_probability"] == row["churn_probability"]
        assert alone["key"] == row["key"] == user.id
