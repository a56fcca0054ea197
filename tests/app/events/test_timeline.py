import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events.columns import DAY_US, no_events
from app.events.timeline import MOST_WEEKS, timeline, week_ends
from app.web.charts import Chart
from tests.app.events.logs import at, frame, row, run, visits

CUTS = (0.1, 0.2)
AS_OF = at(70)


def drawn(rows, scores=None, as_of=AS_OF):
    """Draw ann with scores by week, oldest first; one score stands for every week."""
    told = 0.05 if scores is None else scores

    def scores_at(moments):
        return np.array(told) if isinstance(told, list) else np.full(len(moments), told)

    answer = timeline(frame(rows, ["ann"]), as_of, scores_at, CUTS, 30)
    risk, sessions = (Chart.model_validate(chart) for chart in answer["charts"])
    return answer["message"], risk, sessions


def counts(chart):
    assert [place for place, _ in chart.series[0].points] == list(range(len(chart.x.categories)))
    return [count for _, count in chart.series[0].points]


def test_sessions_are_counted_by_week_up_to_the_date_and_silence_is_drawn_as_zero():
    _, risk, sessions = drawn(visits("ann", 43, 56, 62, 63))
    assert sessions.x.categories == risk.x.categories == ["2026-02-18", "2026-02-25", "2026-03-04", "2026-03-11"]
    assert counts(sessions) == [1, 0, 2, 1]
    assert sessions.title == "4 sessions in 4 weeks, none in 1 of them."


def test_a_session_of_many_events_is_one_and_counts_when_it_began():
    log = [*run("s1", ["ann"] * 5, start=at(60)), row(at(63, second=5), session_id="s1"), *visits("ann", 66)]
    assert counts(drawn(log)[2]) == [1, 1]


def test_the_message_says_the_silence_and_the_rise():
    message, risk, sessions = drawn(visits("ann", 43, 50), [0.04, 0.11, 0.15, 0.23])
    assert message == "Silent for 19 days. The risk rose from 4 % (Low) to 23 % (High) in 3 weeks."
    assert risk.title == "The risk rose from 4 % (Low) to 23 % (High) in 3 weeks."
    assert sessions.title == "2 sessions in 4 weeks, none in the last 2 weeks."


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.23, 0.1, 0.1], "The risk fell from 23 % (High) to 10 % (Medium) in 2 weeks."),
        ([0.1, 0.5, 0.102], "The risk is 10 % (Medium), as it was 2 weeks before."),
        ([0.157, 0.5, 0.164], "The risk is 16 % (Medium), as it was 2 weeks before."),
        ([np.nan, np.nan, 0.004], "The risk is < 1 % (Low)."),
        ([np.nan, 0.1, 0.2], "The risk rose from 10 % (Medium) to 20 % (High) in 1 week."),
        ([0.1, 0.2, np.nan], "The risk rose from 10 % (Medium) to 20 % (High) in 1 week, and has no score since."),
        ([0.3, np.nan, np.nan], "The risk is 30 % (High), and has no score since."),
        ([np.nan] * 3, "No week has a score: the user had no activity before it, or had cancelled."),
    ],
)
def test_the_risk_is_told_in_words(scores, expected):
    _, risk, _ = drawn(visits("ann", 50), scores)
    assert risk.title == expected
    known = [[place, score] for place, score in enumerate(scores) if not np.isnan(score)]
    assert risk.series[0].points == known


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((69.9,), ["Active on the last day.", "1 session in 1 week."]),
        ((68,), ["Silent for 1 day.", "1 session in 1 week."]),
        ((60,), ["Silent for 9 days.", "1 session in 2 weeks, none in the last week."]),
        ((60, 61, 69), ["Active on the last day.", "3 sessions in 2 weeks, some in each."]),
        ((-200, -180), ["Silent for 249 days.", "No session in 26 weeks."]),
    ],
)
def test_silence_is_told_in_words(days, expected):
    message, _, sessions = drawn([each for day in days for each in visits("ann", np.floor(day))])
    assert [re.match(r"[^.]*\.", message)[0], sessions.title] == expected


def test_the_tier_lines_are_marked_and_stay_in_sight():
    _, risk, _ = drawn(visits("ann", 60), 0.01)
    assert [(mark.axis, mark.value, mark.label) for mark in risk.marks] == [
        ("y", 0.1, "Medium from 10 %"),
        ("y", 0.2, "High from 20 %"),
    ]
    assert risk.y.max > 0.2 and risk.y.min == 0
    assert drawn(visits("ann", 60), 0.97)[1].y.max == 1
    assert "30 days" in risk.y.label


def test_a_user_without_an_event_has_one_empty_week():
    answer = timeline(no_events(("ann",)), AS_OF, lambda moments: np.full(len(moments), np.nan), CUTS, 30)
    assert answer["message"].startswith("No event yet.")
    assert counts(Chart.model_validate(answer["charts"][1])) == [0]


def test_what_comes_at_or_after_the_date_changes_nothing():
    log = visits("ann", 40, 50)
    assert drawn([*log, row(AS_OF), *visits("ann", 80)]) == drawn(log)


def test_the_weeks_end_on_the_date_and_reach_back_to_the_first_event():
    assert week_ends(frame(visits("ann", 63)), AS_OF) == [AS_OF]
    assert week_ends(frame([row(at(63) - 1)]), AS_OF) == [AS_OF - 7 * DAY_US, AS_OF]
    assert len(week_ends(frame(visits("ann", -900, 60)), AS_OF)) == MOST_WEEKS


def test_scores_are_asked_once_for_the_ends_of_the_weeks():
    asked = []

    def scores_at(moments):
        asked.append(list(moments))
        return np.full(len(moments), 0.1)

    log = frame(visits("ann", 30))
    timeline(log, AS_OF, scores_at, CUTS, 30)
    assert asked == [week_ends(log, AS_OF)]


def test_the_timeline_is_that_of_one_user_with_a_score_for_each_week():
    with pytest.raises(ValueError, match="one user"):
        timeline(frame(visits("ann", 1) + visits("bob", 1)), AS_OF, lambda _: np.zeros(10), CUTS, 30)
    with pytest.raises(ValueError, match="one score"):
        drawn(visits("ann", 60), [0.1])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-300, 90), st.integers(0, 23)), max_size=30))
def test_every_session_of_the_weeks_is_counted_once(moments):
    log = [row(at(day, hour), session_id=f"{day} {hour}") for day, hour in set(moments)]
    _, risk, sessions = drawn(log)
    weeks = counts(sessions)
    inside = [each for each in log if AS_OF - 7 * DAY_US * len(weeks) <= each["ts"] < AS_OF]
    assert sum(weeks) == len(inside)
    assert 1 <= len(weeks) == len(risk.series[0].points) <= MOST_WEEKS
    if len(weeks) < MOST_WEEKS and inside:
        assert weeks[0] > 0
