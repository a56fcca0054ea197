import numpy as np
import pytest

from app.events.histories import histories
from app.events.sessions import sessions_of
from tests.app.events.logs import MINUTE_US, at, frame, row

AS_OF = at(100)


def sessions(rows, user_ids=()):
    """User, begin in minutes after day 99, and minutes of each session."""
    ((_, history),) = histories(frame(rows, user_ids), AS_OF)
    found = sessions_of(history)
    begins = (found.begin - at(99)) / MINUTE_US
    return list(zip(found.user.tolist(), begins.tolist(), found.minutes.round(6).tolist(), strict=True))


def event(minute, user_id="ann", session_id: str | None = "s", seconds=None):
    return row(at(99) + round(minute * MINUTE_US), user_id, session_id=session_id, duration_seconds=seconds)


def test_users_who_share_a_session_id_have_sessions_of_their_own():
    rows = [event(0, "ann"), event(5, "bob"), event(7, "ann"), event(20, "bob")]
    assert sessions(rows) == [(0, 0.0, 7.0), (1, 5.0, 15.0)]


def test_sessions_that_run_side_by_side_are_told_apart_by_their_ids():
    rows = [event(minute, session_id="s" if minute % 2 else "t") for minute in range(10)]
    assert sessions(rows) == [(0, 0.0, 8.0), (0, 1.0, 8.0)]


def test_without_an_id_a_pause_of_more_than_half_an_hour_ends_a_session():
    rows = [event(minute, session_id=None) for minute in (0, 30, 60, 90.5, 91)]
    assert sessions(rows) == [(0, 0.0, 60.0), (0, 90.5, 0.5)]


def test_the_pause_is_looked_for_among_one_users_events_without_an_id():
    rows = [event(0, session_id=None), event(20, "bob", None), event(29, session_id="s"), event(40, session_id=None)]
    assert sessions(rows) == [(0, 0.0, 0.0), (0, 29.0, 0.0), (0, 40.0, 0.0), (1, 20.0, 0.0)]


def test_a_long_pause_within_an_id_counts_as_half_an_hour():
    assert sessions([event(0), event(300), event(301)]) == [(0, 0.0, 31.0)]


@pytest.mark.parametrize(("seconds", "minutes"), [(600.0, 20.0), (30.0, 5.0), (None, 5.0)])
def test_a_session_lasts_as_long_as_its_events_or_as_the_time_between_them(seconds, minutes):
    assert sessions([event(0, seconds=seconds), event(5, seconds=seconds)]) == [(0, 0.0, minutes)]


def test_no_events_make_no_sessions():
    assert sessions([], ("ann",)) == []
    assert np.array(sessions([event(0)])).shape == (1, 3)
