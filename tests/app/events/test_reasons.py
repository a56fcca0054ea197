import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events.feature_table import FEATURE_BY_NAME, FEATURES, Windows
from app.events.reasons import explain_user, reason_text, recommendation_for, shown
from app.events.scoring import design_of
from tests.app.events.event_models import FOREST, MODEL

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def test_reasons_name_what_raises_and_what_lowers_with_the_typical_value_beside():
    found = explain_user(MODEL, FOREST, np.array([60.0, 12.0, 0.0]))
    assert [(reason.direction, reason.feature) for reason in found] == [
        ("up", "days_inactive"),
        ("down", "sessions_recent"),
        ("down", "help_requests"),
    ]
    assert [reason.text for reason in found] == [
        "Days without activity: 60; typical 2.5",
        "Sessions, last 30 days: 12; typical 9",
        "Help requests, last 90 days: 0; typical 0",
    ]
    # A tree alone moves the mean of three trees by a third of its own distance from its root.
    assert [reason.contribution for reason in found] == pytest.approx([0.4 / 3, -0.2 / 3, -0.1 / 3])


def test_contributions_add_up_to_the_score():
    values = np.array([[60.0, 12.0, 0.0]])
    total = FOREST.base + sum(reason.contribution for reason in explain_user(MODEL, FOREST, values[0]))
    assert total == pytest.approx(FOREST.score(design_of(values))[0])


@given(st.sampled_from(FEATURES), st.floats(-1, 1e6), st.floats(-1, 1e6))
def test_every_number_in_a_text_is_the_value_the_typical_one_or_a_window(feature, value, typical):
    windows = Windows(180, 45)
    value, typical = shown(feature, value), shown(feature, typical)
    text = reason_text(feature, windows, value, typical)
    label = feature.label_in(windows)
    assert text.startswith(f"{label}: ")
    numbers = [float(number.replace(",", "")) for number in NUMBER.findall(text.removeprefix(label))]
    per_cent = 100 if feature.form == "share" else 1
    assert numbers == pytest.approx([value * per_cent, typical * per_cent])


@pytest.mark.parametrize(("trend", "words"), [(-0.1, "falling (-0.1)"), (0.09, "steady (0.09)"), (0.4, "rising (0.4)")])
def test_a_trend_is_said_in_words(trend, words):
    assert reason_text(FEATURE_BY_NAME["sessions_trend"], Windows(), trend, 0) == (
        f"Trend of sessions: {words}; typical steady (0)"
    )


def test_a_whole_number_is_written_without_a_point_and_zero_without_a_sign():
    assert (shown(FEATURE_BY_NAME["sessions"], 3.04), shown(FEATURE_BY_NAME["spent_trend"], -0.001)) == (3, 0)
    assert isinstance(shown(FEATURE_BY_NAME["sessions"], 3.04), int)


def test_what_to_do_follows_the_tier_and_the_leading_reason():
    trouble = explain_user(MODEL, FOREST, np.array([0.0, 12.0, 5.0]))
    assert recommendation_for("High", trouble).code == "high_bad_experience"
    assert recommendation_for("Low", trouble).code == "leave_alone"
    assert recommendation_for("Medium", []).code == "medium_uses_less"


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_shipped_user_gets_at_most_three_reasons_up_and_two_down_one_a_group(shipped_events, shipped_forest, seed):
    model = shipped_events.churn
    smallest, largest = model.training_bounds
    values = np.random.default_rng(seed).beta(0.3, 0.9, len(smallest)) * (largest - smallest) + smallest
    found = explain_user(model, shipped_forest, values)
    for direction, most in (("up", 3), ("down", 2)):
        own = [reason for reason in found if reason.direction == direction]
        assert len(own) <= most and len({reason.group for reason in own}) == len(own)
        sizes = [abs(reason.contribution) for reason in own]
        assert sizes == sorted(sizes, reverse=True) and min(sizes, default=1) >= 0.01
        assert all((reason.contribution > 0) == (direction == "up") for reason in own)
    for reason in found:
        place = model.features.index(reason.feature)
        assert reason.value == shown(FEATURE_BY_NAME[reason.feature], values[place])
        assert reason.typical == shown(FEATURE_BY_NAME[reason.feature], model.typical[reason.feature])
