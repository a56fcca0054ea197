"""Pages of users are ranked, filtered and without gaps on both databases, and come from the indexes."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, text

from app.db.engine import reading
from app.db.tables import users
from app.events import ranking
from app.events.ranking import Standings, Wanted, count_users, position, read_events, read_page, read_users
from app.events.refresher import score_due_users
from app.events.users import STANDINGS, WAITING
from app.telecom.policy import TIERS
from tests.app.events.stored_logs import FIRST_DAY, NOON, START, a_model, an_event, many_users, store
from tests.databases import sqlite_only

_scored = st.tuples(st.sampled_from(STANDINGS), st.sampled_from(TIERS), st.sampled_from([0.1, 0.25, 0.25, 0.9]))
_people = st.dictionaries(st.text("aAb1é", min_size=1, max_size=3), st.one_of(st.none(), _scored), max_size=14)


def put(connection: Connection, people: dict[str, Any]) -> None:
    """Store users with the scores told; None for somebody without."""
    for user_id, scored in people.items():
        standing, tier, probability = scored or (WAITING, None, None)
        told = {"standing": standing, "tier": tier, "churn_probability": probability}
        fixed = {"id": user_id, "first_ts": START, "last_ts": START, "events": 1, "changes": 1}
        connection.execute(users.insert().values(**fixed, **told, as_of=None, due="2026-01-02" if scored else ""))


def expected(people: dict[str, Any], wanted: Wanted) -> list[str]:
    """Who is listed, by the rules in words."""
    fits = {user_id: scored for user_id, scored in people.items() if user_id.startswith(wanted.prefix)}
    ranked = [
        (scored[2], user_id.encode(), user_id)
        for user_id, scored in fits.items()
        if scored and scored[0] == wanted.standing and wanted.tier in (None, scored[1])
    ]
    shows_waiting = wanted.standing == "active" and wanted.tier is None
    waiting = [user_id for user_id, scored in fits.items() if scored is None and shows_waiting]
    return [user_id for _, _, user_id in sorted(ranked, reverse=True)] + sorted(waiting, key=str.encode)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=_people,
    tier=st.sampled_from([None, *TIERS]),
    prefix=st.sampled_from(["", "a", "é", "zz"]),
    standing=st.sampled_from(STANDINGS),
    limit=st.integers(1, 5),
    few=st.sampled_from([0, 3, 15_000]),
)
def test_a_list_is_what_its_rules_say_page_by_page(
    connection: Connection, people: dict[str, Any], tier: Any, prefix: str, standing: Any, limit: int, few: int
) -> None:
    savepoint = connection.begin_nested()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ranking, "_FEW_BY_ID", few)
        put(connection, people)
        wanted, found, after = Wanted(tier, prefix, standing), [], None
        while page := read_page(connection, wanted, after, limit):
            assert len(page) <= limit
            found += page
            after = position(page[-1])
        assert [row.id for row in found] == expected(people, wanted)
        counted = count_users(connection, FIRST_DAY + timedelta(days=1))
        active = [scored[1] for scored in people.values() if scored and scored[0] == "active"]
        pending = sum(scored is None for scored in people.values())
        assert counted == Standings(len(people), pending, {tier: active.count(tier) for tier in TIERS})
    savepoint.rollback()


@sqlite_only
def test_a_list_reads_no_row_but_those_it_shows(engine: Engine) -> None:
    many_users(engine, 300, events_each=1)
    score_due_users(engine, a_model(), NOON)
    plans: list[str] = []
    with reading(engine) as connection:
        asked: list[tuple[str, Any]] = []
        event.listen(engine, "before_cursor_execute", lambda _c, _u, sql, values, *_: asked.append((sql, values)))
        after = position(read_page(connection, Wanted(), None, 10)[-1])
        for wanted in (Wanted(), Wanted("High"), Wanted(None, "u", "inactive")):
            read_page(connection, wanted, after, 10)
        count_users(connection, FIRST_DAY)
        for sql, values in asked.copy():
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            plans += [row[-1] for row in plan]
    walks = [plan for plan in plans if "USING PRIMARY KEY" not in plan and "users" in plan]
    assert walks
    assert [plan for plan in walks if "COVERING INDEX" not in plan] == []
    assert not any("events" in plan.split()[1:2] for plan in plans)


def test_many_users_are_found_by_their_ids_and_nobody_is_left_out(engine: Engine) -> None:
    ids = many_users(engine, 1_100, events_each=1)
    with reading(engine) as connection:
        assert read_users(connection, [*ids, "nobody"]).keys() == set(ids)
        assert read_users(connection, []) == {}


def test_events_of_one_moment_are_paged_without_a_gap(connection: Connection) -> None:
    store(connection, [an_event("ann", 1, value=float(number)) for number in range(7)])
    found: list[Any] = []
    before = None
    while page := read_events(connection, "ann", before, 3):
        found += page
        before = (page[-1].ts, page[-1].digest)
    assert sorted(row.value for row in found) == list(range(7))
    assert connection.execute(text("SELECT count(*) FROM events")).scalar() == 7
