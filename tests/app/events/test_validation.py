"""What an event may be: every field's rule, the moments that are refused, and that nothing is changed on the way."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.columns import DAY_US, SECOND_US
from app.events.records import FIELDS
from app.events.validation import (
    EARLIEST,
    FUTURE_ALLOWANCE_US,
    MOMENT_MESSAGES,
    check_moment,
    fold_kind,
    read_event,
    read_moment,
)
from tests.app.events import logs

EVENT = {"ts": "2026-01-01T00:00:00Z", "kind": "play"}


def codes(**changes: Any) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in read_event(EVENT | changes)[1]]


def test_time_and_kind_are_enough() -> None:
    values, problems = read_event(EVENT)
    assert problems == []
    assert values == dict.fromkeys(FIELDS) | {"ts": logs.JANUARY, "kind": "play"}


def test_a_whole_event_is_kept_as_it_was_sent() -> None:
    sent = logs.row(
        logs.at(3), "ann", "purchase", value=2.5, duration_seconds=0.25, item_id="Ça va\u0019?", level="paid"
    )
    values, problems = read_event(sent | {"ts": sent["ts"] // 1000})
    assert (values, problems) == (sent, [])


@pytest.mark.parametrize(
    ("field", "written", "read"),
    [
        ("user_id", 101, "101"),
        ("user_id", 101.0, "101"),
        ("user_id", "101", "101"),
        ("user_id", "", None),
        ("user_id", "  ", None),
        ("session_id", 0, "0"),
        ("session_id", "", None),
        ("item_id", -5, "-5"),
        ("item_in_session", 7.0, 7),
        ("item_in_session", "7", 7),
        ("item_in_session", 0, 0),
        ("kind", " PLAY ", "play"),
        ("kind", "my own kind-2", "my own kind-2"),
        ("value", "-1.5e3", -1500.0),
        ("value", 3, 3.0),
        ("duration_seconds", 0, 0.0),
        ("level", None, None),
    ],
)
def test_a_value_is_read(field: str, written: Any, read: Any) -> None:
    values, problems = read_event(EVENT | {field: written})
    assert problems == []
    assert values[field] == read
    assert type(values[field]) is type(read)


def test_minus_zero_is_zero() -> None:
    assert str(read_event(EVENT | {"value": -0.0})[0]["value"]) == "0.0"


@pytest.mark.parametrize(
    ("field", "written", "code"),
    [
        ("user_id", "two words", "not_an_id"),
        ("user_id", "x" * 65, "not_an_id"),
        ("user_id", 1.5, "not_an_id"),
        ("user_id", True, "not_an_id"),
        ("user_id", ["a"], "not_an_id"),
        ("session_id", "x" * 129, "too_long"),
        ("session_id", "a\0b", "not_text"),
        ("item_id", "\ud800", "not_text"),
        ("item_id", {}, "not_an_id"),
        ("level", "x" * 33, "too_long"),
        ("item_in_session", -1, "not_whole"),
        ("item_in_session", 2**31, "not_whole"),
        ("item_in_session", 1.5, "not_whole"),
        ("item_in_session", "one", "not_whole"),
        ("ts", None, "missing"),
        ("ts", "", "missing"),
        ("ts", "2026-01-01", "not_a_time"),
        ("ts", "2026-01-01T00:00:00", "not_a_time"),
        ("ts", "2026-13-01T00:00:00Z", "not_a_time"),
        ("ts", "2026-W01-1T00:00:00Z", "not_a_time"),
        ("ts", 1.5, "not_a_time"),
        ("ts", 10**30, "not_a_time"),
        ("ts", [], "not_a_time"),
        ("kind", None, "missing"),
        ("kind", " ", "missing"),
        ("kind", "x" * 33, "not_a_kind"),
        ("kind", "naïve", "not_a_kind"),
        ("kind", 7, "not_a_kind"),
        ("value", "1,5", "not_a_number"),
        ("value", "NaN", "not_a_number"),
        ("value", float("inf"), "not_a_number"),
        ("value", float("nan"), "not_a_number"),
        ("value", 1e16, "not_a_number"),
        ("value", True, "not_a_number"),
        ("value", "9" * 50, "not_a_number"),
        ("duration_seconds", -0.5, "out_of_range"),
        ("duration_seconds", "long", "not_a_number"),
        ("colour", 1, "unknown_field"),
    ],
)
def test_a_value_is_refused_under_its_own_field(field: str, written: Any, code: str) -> None:
    assert codes(**{field: written}) == [(field, code)]


def test_everything_wrong_is_said_at_once_with_the_row() -> None:
    values, problems = read_event({"kind": "", "value": "x", "colour": 1}, row=7)
    assert values == {}
    assert {problem.field for problem in problems} == {"ts", "kind", "value", "colour"}
    assert {problem.row for problem in problems} == {7}


@pytest.mark.parametrize("raw", [None, [], "play", 3])
def test_what_is_no_object_is_no_event(raw: Any) -> None:
    assert [problem.code for problem in read_event(raw)[1]] == ["not_an_object"]


@pytest.mark.parametrize(
    ("written", "second"),
    [
        ("2026-01-01T00:00:01Z", 1),
        ("2026-01-01T01:00:01+01:00", 1),
        ("2026-01-01T01:00:01+0100", 1),
        ("2026-01-01 00:00:01z", 1),
        ("2026-01-01T00:00Z", 0),
        ("2026-01-01T00:00:00.25Z", 0.25),
        ("2026-01-01T00:00:00.123456789Z", 0.123456),
        (1767225600250, 0.25),
    ],
)
def test_times_are_iso_or_milliseconds(written: Any, second: float) -> None:
    assert read_moment(written) == logs.at(0, second=second)


NOW = logs.at(30)


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (NOW, None),
        (NOW + FUTURE_ALLOWANCE_US, None),
        (NOW + FUTURE_ALLOWANCE_US + 1, "in_the_future"),
        (NOW + 400 * DAY_US, "in_the_future"),
        (NOW - 5 * 365 * DAY_US, None),
        (EARLIEST, None),
        (EARLIEST - 1, "before_2000"),
        (NOW // 1000, "before_2000"),
    ],
)
def test_only_the_future_and_the_last_century_are_refused(moment: int, code: str | None) -> None:
    assert check_moment(moment, NOW) == code
    assert code is None or MOMENT_MESSAGES[code]


def test_clocks_may_differ_by_five_minutes() -> None:
    assert FUTURE_ALLOWANCE_US == 5 * 60 * SECOND_US


@pytest.mark.parametrize(
    ("foreign", "kept"), [("Thumbs Up", "thumbs up"), ("A/B", "a_b"), ("  x  ", "x"), ("Ü" * 40, "_" * 32)]
)
def test_foreign_names_of_kinds_are_kept_as_kinds(foreign: str, kept: str) -> None:
    assert fold_kind(foreign) == kept


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_whatever_is_sent_is_accepted_or_refused_and_an_accepted_event_is_accepted_again(raw: dict[str, Any]) -> None:
    values, problems = read_event(raw)
    assert bool(values) != bool(problems)
    if values:
        again, none = read_event(json.loads(json.dumps(values | {"ts": read_back(values["ts"])})))
        assert none == []
        assert again | {"ts": 0} == values | {"ts": 0}


def read_back(ts: int) -> int:
    return ts // 1000
