"""Events are stored once, blanks go to their users, and users follow from the events, however these came."""

import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from app.events import ownership
from app.events.clock import begin_of
from app.events.ownership import MESSAGES, standing
from app.events.records import RECORD, digest_of, pack
from app.events.store import append_chunk, stored_rows
from app.events.users import clock_of, find, read_records
from tests.app.events.stored_logs import (
    FIRST_DAY,
    NOON,
    START,
    a_session,
    an_event,
    owners,
    store,
    stored,
    users_from_events,
)


def test_an_event_is_stored_with_every_field_and_its_record(connection: Connection) -> None:
    told: dict[str, Any] = {"session_id": "s1", "item_in_session": 3, "kind": "purchase", "value": 9.5}
    event = an_event("ann", 5, **told, duration_seconds=4.0, item_id="i", level="paid")
    assert store(connection, [event]).accepted == 1
    ((row,), users) = stored(connection)
    wanted = ("ann", event["ts"], digest_of(event), "s1", 3, "purchase", 9.5, 4.0, "i", "paid", 0, pack(event))
    assert row == wanted
    assert users == [("ann", event["ts"], event["ts"], 1)]
    assert read_records(connection, "ann") == pack(event)


def test_an_event_that_comes_again_is_a_duplicate_and_changes_nothing(connection: Connection) -> None:
    rows = a_session(["ann"] * 3)
    assert store(connection, rows + rows[:1]).as_answer() | {"unknown_kinds": []} == {
        "accepted": 3, "duplicates": 1, "identified": 0, "also_identified": 0, "withdrawn": 0, "unidentified": [],
        "unknown_kinds": [], "users": 1,
    }  # fmt: skip
    before = stored(connection)
    again = store(connection, [*rows[::-1], an_event("bob", 9)])
    assert (again.accepted, again.duplicates, again.touched) == (1, 3, {"bob"})
    events, users = stored(connection)
    assert [row for row in events if row[0] == "ann"] == before[0]
    assert [row for row in users if row[0] == "ann"] == before[1]


@pytest.mark.parametrize("field", ["user_id", "session_id", "item_in_session", "kind", "value", "duration_seconds",
                                   "item_id", "level"])  # fmt: skip
def test_events_that_differ_in_one_field_are_two(connection: Connection, field: str) -> None:
    event = an_event(session_id="s", item_in_session=1, value=1.0, duration_seconds=1.0, item_id="i", level="free")
    other = {**event, field: 2 if field == "item_in_session" else 2.0 if isinstance(event[field], float) else "other"}
    assert store(connection, [event, other]).accepted == 2
    assert store(connection, [event, other]).duplicates == 2


def test_a_blank_is_a_duplicate_of_itself_once_its_user_is_known(connection: Connection) -> None:
    rows = a_session(["ann", None, "ann"])
    assert store(connection, rows).identified == 1
    again = store(connection, rows)
    assert (again.accepted, again.duplicates, again.touched) == (0, 3, set())
    assert owners(connection) == ["ann"] * 3


def test_a_blank_is_given_to_its_user_when_the_neighbour_comes_later(connection: Connection) -> None:
    first, blank, last = a_session(["ann", None, "ann"])
    early = store(connection, [blank])
    assert early.unidentified == Counter({"session_without_user": 1})
    assert stored(connection)[1] == []
    late = store(connection, [last, first])
    assert (late.accepted, late.identified, late.also_identified, late.touched) == (2, 0, 1, {"ann"})
    assert owners(connection) == ["ann"] * 3
    assert stored(connection)[1] == users_from_events(connection)


def test_a_blank_is_taken_back_when_a_later_event_brings_doubt(connection: Connection) -> None:
    rows = a_session(["ann", None, None])
    assert store(connection, rows).identified == 2
    doubt = store(connection, [an_event("bob", 1.5, session_id="s1", item_in_session=2)])
    assert doubt.withdrawn == 2
    assert doubt.touched == {"ann", "bob"}
    assert owners(connection).count("") == 2
    assert stored(connection)[1] == users_from_events(connection)


def test_a_user_whose_every_event_was_taken_back_is_gone(connection: Connection) -> None:
    store(connection, a_session(["ann", None, "ann"]))
    # The same stretch, and the only user it could have been is in doubt: nothing is left of her but two events.
    store(connection, [an_event("bob", 0.5, session_id="s1", item_in_session=1)])
    assert stored(connection)[1] == users_from_events(connection)
    assert find(connection, "bob") is not None


def test_events_without_a_session_stay_blank_and_say_why(connection: Connection) -> None:
    outcome = store(connection, [an_event(None, 1), an_event(None, 2), *a_session([None, None], minute=9)])
    assert outcome.unidentified == Counter({"no_session": 2, "session_without_user": 2})
    told = outcome.as_answer()["unidentified"]
    assert sorted((entry["reason"], entry["events"]) for entry in told) == [
        ("no_session", 2),
        ("session_without_user", 2),
    ]
    assert all(entry["message"] == MESSAGES[entry["reason"]] for entry in told)
    assert outcome.touched == set()


def test_kinds_outside_the_vocabulary_are_kept_and_counted(connection: Connection) -> None:
    rows = [an_event(minute=minute, kind=kind) for minute, kind in enumerate(["podcast", "play", "podcast", "radio"])]
    outcome = store(connection, rows)
    assert outcome.as_answer()["unknown_kinds"] == [{"kind": "podcast", "events": 2}, {"kind": "radio", "events": 1}]
    assert store(connection, rows).unknown_kinds == Counter()
    assert [row[5] for row in stored(connection)[0]] == ["podcast", "play", "podcast", "radio"]


def test_a_session_id_used_again_by_somebody_else_is_another_run(connection: Connection) -> None:
    rows = a_session(["ann", None, "ann"]) + a_session(["bob", None, "bob"], minute=5000)
    random.Random(1).shuffle(rows)
    assert store(connection, rows).identified == 2
    assert owners(connection) == ["ann"] * 3 + ["bob"] * 3


def test_a_session_without_end_stays_blank(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "LONGEST_SESSION", 4)
    rows = a_session(["ann", None, "ann", "ann", None, "ann"])
    assert store(connection, rows[:3]).identified == 1
    grown = store(connection, rows[3:])
    assert (grown.withdrawn, grown.unidentified) == (1, Counter({"session_too_long": 1}))
    assert owners(connection) == ["ann", "", "ann", "ann", "", "ann"]
    assert stored(connection)[1] == users_from_events(connection)
    found = standing(connection, [(row["session_id"], row["ts"], digest_of(row)) for row in rows if not row["user_id"]])
    assert found.reasons == Counter({"session_too_long": 2})


def test_what_became_of_blanks_is_counted_from_what_is_stored(connection: Connection) -> None:
    rows = [*a_session(["ann", None, "ann"]), *a_session([None], "s2", 50), an_event(None, 99)]
    store(connection, rows)
    blanks = [(row["session_id"] or "", row["ts"], digest_of(row)) for row in rows if not row["user_id"]]
    found = standing(connection, [*blanks, ("s1", START, 1), ("", START, 2)])
    assert (found.identified, found.users, found.gone) == (1, {"ann"}, 2)
    assert found.reasons == Counter({"session_without_user": 1, "no_session": 1})


def test_late_and_old_events_move_the_first_moment_and_not_the_clock(connection: Connection) -> None:
    store(connection, [an_event(minute=60)])
    five_years_ago = START - 5 * 365 * 86_400_000_000
    assert store(connection, [{**an_event(), "ts": five_years_ago}]).touched == {"ann"}
    user = find(connection, "ann")
    assert user is not None
    assert (user.first_ts, user.last_ts, user.events) == (five_years_ago, START + 3_600_000_000, 2)
    assert clock_of(connection, NOON) == FIRST_DAY + timedelta(days=1)


def test_the_clock_is_the_logs_own_and_never_beyond_tomorrow(connection: Connection) -> None:
    assert clock_of(connection, NOON) is None
    store(connection, [an_event(None, 9_999_999)])
    assert clock_of(connection, NOON) is None, "nobody's events move nobody's clock"
    store(connection, [an_event()])
    assert clock_of(connection, NOON) == FIRST_DAY + timedelta(days=1)
    store(connection, [{**an_event("bob"), "ts": begin_of(date(2026, 6, 2)) + 1}])
    assert clock_of(connection, NOON) == date(2026, 6, 2)


def test_every_number_of_rows_is_stored(engine: Engine) -> None:
    rows = [an_event(f"u{number}", number) for number in range(1_100)]
    with engine.begin() as connection:
        assert append_chunk(connection, stored_rows(rows[:257])).accepted == 257
        assert append_chunk(connection, stored_rows(rows)).accepted == 1_100 - 257
        assert len(read_records(connection, "u9")) == RECORD.itemsize
        assert connection.execute(text("SELECT count(*) FROM users")).scalar() == 1_100


_sessions = st.lists(
    st.tuples(
        st.sampled_from(["s1", "s2", None]), st.sampled_from(["ann", "bob", None]), st.integers(0, 6), st.integers(0, 6)
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=_sessions, data=st.data())
def test_what_is_stored_depends_on_the_set_of_events_alone(
    connection: Connection, told: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    rows = [
        an_event(user, minute, session_id=session, item_in_session=number) for session, user, minute, number in told
    ]
    outcomes = []
    for order in (rows, data.draw(st.permutations(rows + rows[:3]))):
        savepoint = connection.begin_nested()
        cut = data.draw(st.integers(0, len(order)))
        counted = [store(connection, order[:cut]), store(connection, order[cut:])]
        outcomes.append(stored(connection))
        assert outcomes[-1][1] == users_from_events(connection)
        accepted = sum(one.accepted for one in counted)
        assert accepted == len({digest_of(row) for row in rows})
        assert accepted + sum(one.duplicates for one in counted) == len(order)
        found = sum(one.identified + one.also_identified - one.withdrawn for one in counted)
        assert found == sum(bool(row[0]) and bool(row[-2]) for row in outcomes[-1][0])
        savepoint.rollback()
    assert outcomes[0] == outcomes[1]
