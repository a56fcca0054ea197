import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events.columns import DAY_US
from app.events.feature_table import FEATURE_NAMES, SUMMARY_FEATURES, Windows
from app.events.scoring import EventModel, outside_training_range, score_features
from tests.app.events.event_models import FEATURES, MODEL, card, graph
from tests.sealed import MODELS

users = st.lists(st.tuples(*[st.floats(0, 100)] * 3), max_size=12).map(
    lambda rows: np.array(rows, dtype=np.float64).reshape(-1, 3)
)


def test_a_score_is_calibrated_and_cut_into_tiers():
    found = score_features(np.array([[0.0, 9.0, 0.0], [60.0, 0.0, 5.0]]), MODEL)
    # Trees say 0.1, 0.2, 0.3 and 0.9, 0.6, 0.5: scores 0.2 and 2/3.
    assert found.probability == pytest.approx([0.11, 0.4], abs=2e-6)
    assert found.low == pytest.approx([0.04, 0.3], abs=2e-6)
    assert found.high == pytest.approx([0.18, 0.5], abs=2e-6)
    assert MODEL.cut_points == (0.2, 0.4)
    assert found.tier.tolist() == [0, 2]


def test_the_time_of_the_year_moves_the_probability_and_its_interval_alike():
    row = np.array([[0.0, 9.0, 0.0]])
    usual, winter, summer = (score_features(row, MODEL, as_of) for as_of in (None, 0, 180 * DAY_US))
    for name in ("probability", "low", "high"):
        before, after = getattr(usual, name)[0], getattr(winter, name)[0]
        assert np.log(after / (1 - after)) == pytest.approx(np.log(before / (1 - before)) + 0.7, abs=1e-4)
        assert getattr(summer, name)[0] == before


@given(users, st.sampled_from([None, 0]))
def test_every_row_is_answered_alone_and_inside_its_interval(values, as_of):
    whole = score_features(values, MODEL, as_of)
    for place in range(len(values)):
        alone = score_features(values[place : place + 1], MODEL, as_of)
        for name in ("probability", "low", "high", "tier"):
            assert getattr(alone, name)[0] == getattr(whole, name)[place]
    assert ((whole.low <= whole.probability) & (whole.probability <= whole.high)).all()


def test_a_frame_of_another_width_or_with_a_hole_is_refused():
    with pytest.raises(ValueError, match="reads 3 features"):
        score_features(np.zeros((1, 4)), MODEL)
    with pytest.raises(ValueError, match="not a finite number"):
        score_features(np.array([[0.0, np.nan, 0.0]]), MODEL)


def test_columns_are_chosen_by_name():
    values = np.arange(len(FEATURE_NAMES), dtype=float)[None, :]
    assert MODEL.columns_of(values, FEATURE_NAMES)[0].tolist() == [FEATURE_NAMES.index(name) for name in FEATURES]
    with pytest.raises(ValueError, match="days_inactive"):
        MODEL.columns_of(values[:, :1], ["sessions"])


def test_values_beyond_the_training_rows_are_marked():
    assert outside_training_range(np.array([[90.0, 61.0, -1.0]]), MODEL).tolist() == [[False, True, True]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema": 99}, "schema"),
        ({"kind": "segments"}, "kind"),
        ({"label": {"kind": "guess", "horizon_days": 30, "lead_days": 0}}, "label"),
        ({"features": [{"name": "shoe_size", "typical": 1.0, "training_range": [0, 1]}]}, "shoe_size"),
        ({"features": []}, "features"),
        ({"policy": {"typical_rate": 0.2, "tier_cut_points": [0.15, 0.3]}}, "tier_cut_points"),
        ({"windows": {"observation_days": 10, "recent_days": 30}}, "window"),
    ],
)
def test_a_card_that_this_release_cannot_use_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        EventModel.from_card(card(**changes), graph)


def test_a_card_that_lacks_an_entry_is_refused():
    broken = card()
    del broken["calibration"]
    with pytest.raises(KeyError):
        EventModel.from_card(broken, graph)


summaries = st.tuples(st.integers(0, 200), st.floats(0, 5_000), st.integers(0, 50), st.floats(0, 90))


@given(
    st.lists(summaries, min_size=1, max_size=8),
    st.sampled_from([name for name in SUMMARY_FEATURES if name != "sessions_recent"]),
    st.floats(0, 100),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_the_shipped_summary_is_held_to_silence_minutes_and_purchases(shipped_events, rows, name, more):
    summary = shipped_events.summary
    assert summary.features == SUMMARY_FEATURES
    values = np.array(rows, dtype=np.float64)
    moved = values.copy()
    moved[:, SUMMARY_FEATURES.index(name)] += more
    before, after = (score_features(frame, summary).probability for frame in (values, moved))
    assert ((after >= before) if name == "days_inactive" else (after <= before)).all()


def test_each_of_the_four_numbers_moves_the_shipped_answer(shipped_events):
    people = [(9.0, 200.0, 1.0, 2.0), (3.0, 30.0, 0.0, 2.0), (12.0, 226.0, 1.0, 3.0)]
    ends = {"sessions_recent": (1.0, 40.0), "time_spent_minutes_recent": (5.0, 2_000.0)}
    ends |= {"purchases_recent": (0.0, 8.0), "days_inactive": (0.1, 29.0)}
    for name, (few, many) in ends.items():
        frames = [np.array(people), np.array(people)]
        for frame, value in zip(frames, (few, many), strict=True):
            frame[:, SUMMARY_FEATURES.index(name)] = value
        before, after = (score_features(frame, shipped_events.summary).probability for frame in frames)
        assert (np.abs(after - before) > 0.005).any(), name


def test_the_shipped_models_read_the_features_that_the_service_computes(shipped_events):
    assert shipped_events.churn.features == FEATURE_NAMES
    assert shipped_events.churn.windows == shipped_events.summary.windows == Windows()
    for folder in ("events-churn", "events-summary"):
        assert (MODELS / folder).is_dir()
