from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events import histories
from app.events.columns import COLUMNS, DAY_US, KINDS, Events, Micros, concatenate, no_events
from app.events.feature_table import FEATURE_NAMES, FEATURES, Windows
from app.events.features import WHOLE_WITHIN, FeatureFrame, features_as_of
from tests.app.events.feature_reference import events_of, reference_features
from tests.app.events.logs import HOUR_US, MINUTE_US, at, frame, row, simulated, visits

AS_OF = at(100)
SMALL = Windows(observation_days=14, recent_days=7)


def features(rows, as_of=AS_OF, windows=SMALL, user_ids=("ann",)):
    """The first user's features by name."""
    values = features_as_of(frame(rows, user_ids), as_of, windows).values[0]
    return dict(zip(FEATURE_NAMES, values.tolist(), strict=True))


def bits(answer: FeatureFrame):
    """Everything an answer says, so that two can be compared to the last bit."""
    arrays = (answer.values, answer.active, answer.events, answer.first_ts, answer.last_ts)
    return answer.user_ids, [array.tobytes() for array in arrays]


@st.composite
def logs(draw):
    """Small nasty logs: few moments, so that many events tie; ids shared, missing and interleaved; odd amounts."""
    amounts = st.sampled_from([None, 0.0, 0.1, 0.2, 0.3, 1e16, 7.77, -1.0])
    days = st.sampled_from([-90.0, -20.0, -14.0, -8.0, -7.0, -6.0, -2.0, -1.0, -0.25, 0.0, 0.5, 3.0])
    offsets = st.sampled_from([0, -1, 1, 29 * MINUTE_US, 31 * MINUTE_US, 5 * HOUR_US])
    events = st.builds(
        lambda day, offset, user, session, kind, number, amount, seconds, item, level: row(
            AS_OF + round(day * DAY_US) + offset, user, kind, session_id=session, item_in_session=number,
            value=amount, duration_seconds=seconds, item_id=item, level=level,
        ),
        days, offsets, st.sampled_from(["ann", "bob", "cy", None]), st.sampled_from([None, "s", "t"]),
        st.sampled_from(["purchase", "refund", "help", "like", "error", "odd", *(kind.name for kind in KINDS)]),
        st.sampled_from([None, 0, 1]), amounts, amounts, st.sampled_from([None, "i", "j"]),
        st.sampled_from([None, "free", "paid"]),
    )  # fmt: skip
    return frame(draw(st.lists(events, max_size=40)), ("ann", "bob", "cy", "nobody"))


@given(logs(), st.sampled_from([SMALL, Windows(), Windows(2, 1)]), st.sampled_from([AS_OF, AS_OF + 12_345_678_901]))
@settings(max_examples=150, deadline=None)
def test_features_say_what_their_meanings_say(events, windows, as_of):
    found = features_as_of(events, as_of, windows)
    for user in range(len(events.user_ids)):
        expected = reference_features(events_of(events, user, as_of), as_of, windows)
        assert set(expected) == set(FEATURE_NAMES)
        for place, name in enumerate(FEATURE_NAMES):
            # The slow way squares gaps after taking their mean away; near a spread of 0 that costs digits.
            assert found.values[user, place] == pytest.approx(expected[name], rel=1e-9, abs=1e-7), name


def test_features_of_a_simulated_log_say_what_their_meanings_say():
    log = simulated()
    as_of = log.start + 100 * DAY_US
    found = features_as_of(log.events, as_of, Windows())
    for user in range(0, 300, 30):
        expected = reference_features(events_of(log.events, user, as_of), as_of, Windows())
        assert found.values[user].tolist() == pytest.approx([expected[name] for name in FEATURE_NAMES], rel=1e-9)


def sees_the_future(compute: Callable[[Events, Micros], FeatureFrame], events: Events, as_of: Micros) -> bool:
    """Whether events at or after the date change anything: without them, with others, and with more of them."""
    later = events.ts >= as_of
    shown = bits(compute(events, as_of))
    others = replace(events, **{name: np.where(later, getattr(events, name)[::-1], getattr(events, name))
                                for name in COLUMNS if name != "ts"})  # fmt: skip
    more = replace(events.take(np.flatnonzero(~later)), user_ids=events.user_ids)
    copied = replace(more, ts=more.ts + (as_of - more.ts.min() if len(more) else 0))
    variants = (events.take(~later), others, concatenate([events, copied]))
    return any(bits(compute(each, as_of)) != shown for each in variants)


@given(logs(), st.sampled_from([AS_OF, AS_OF - DAY_US // 2, AS_OF - 1, AS_OF + 1]))
@settings(deadline=None)
def test_events_at_or_after_the_date_never_change_a_feature(events, as_of):
    assert not sees_the_future(lambda log, date: features_as_of(log, date, SMALL), events, as_of)


def test_events_at_or_after_the_date_never_change_a_feature_of_a_simulated_log():
    log = simulated()
    for day in (30, 60, 90):
        as_of = log.start + day * DAY_US
        assert not sees_the_future(lambda log, date: features_as_of(log, date, Windows()), log.events, as_of)


def one_moment_too_far(events, as_of):
    """A leak: the event at the very date is read."""
    return features_as_of(events, as_of + 1, SMALL)


def a_column_without_a_date(events, as_of):
    """A leak: one column of the matrix counts events whenever they were."""
    answer = features_as_of(events, as_of, SMALL)
    counts = np.bincount(events.user[events.user >= 0], minlength=len(events.user_ids))
    answer.values[:, FEATURE_NAMES.index("searches")] = counts
    return answer


def recency_from_the_end_of_the_log(events, as_of):
    """A leak: days without activity are counted from the last event anybody had."""
    answer = features_as_of(events, as_of, SMALL)
    answer.values[:, FEATURE_NAMES.index("days_inactive")] += (events.ts.max() - as_of) / DAY_US
    return answer


@pytest.mark.parametrize("leak", [one_moment_too_far, a_column_without_a_date, recency_from_the_end_of_the_log])
def test_a_planted_leak_is_seen(leak):
    rows = [*visits("ann", 90, 95, 99, 100, 101, 105), row(AS_OF, "bob"), row(AS_OF - DAY_US, "bob")]
    assert sees_the_future(leak, frame(rows), AS_OF)
    assert not sees_the_future(lambda log, date: features_as_of(log, date, SMALL), frame(rows), AS_OF)


@given(logs(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_events_never_changes_a_bit(events, random):
    order = list(range(len(events)))
    random.shuffle(order)
    shuffled = events.take(np.array(order, dtype=np.intp))
    assert bits(features_as_of(shuffled, AS_OF, SMALL)) == bits(features_as_of(events, AS_OF, SMALL))


@given(logs())
@settings(deadline=None)
def test_users_apart_and_put_together_again_have_the_same_bits(events):
    assert WHOLE_WITHIN == "user"
    whole = features_as_of(events, AS_OF, SMALL)
    for code, user_id in enumerate(events.user_ids):
        own = np.flatnonzero(events.user == code)
        alone = replace(events.take(own), user=np.zeros(len(own), dtype=np.int32), user_ids=(user_id,))
        part = features_as_of(alone, AS_OF, SMALL)
        assert part.values.tobytes() == whole.values[code].tobytes()
        assert (part.active[0], part.events[0], part.first_ts[0], part.last_ts[0]) == (
            whole.active[code], whole.events[code], whole.first_ts[code], whole.last_ts[code],
        )  # fmt: skip


@pytest.mark.parametrize("size", [1, 50, 5_000])
def test_the_size_of_blocks_never_changes_a_bit(size, monkeypatch):
    log = simulated()
    as_of = log.start + 90 * DAY_US
    whole = features_as_of(log.events, as_of, Windows())
    monkeypatch.setattr(histories, "EVENTS_IN_A_BLOCK", size)
    assert bits(features_as_of(log.events, as_of, Windows())) == bits(whole)


def test_the_order_of_a_simulated_log_never_changes_a_bit():
    log = simulated()
    as_of = log.start + 90 * DAY_US
    shuffled = log.events.take(np.random.default_rng(1).permutation(len(log.events)))
    assert bits(features_as_of(shuffled, as_of, Windows())) == bits(features_as_of(log.events, as_of, Windows()))


@pytest.mark.parametrize(("field", "kind"), [("value", "purchase"), ("value", "refund"), ("duration_seconds", "play")])
def test_amounts_of_one_moment_are_added_in_one_order(field, kind):
    rows = [row(AS_OF - DAY_US, kind=kind, **{field: amount}) for amount in (0.1, 0.2, 0.3)]
    rows.append(row(AS_OF - DAY_US, kind="purchase", value=3.3))
    assert sum((0.1, 0.2, 0.3)) != sum((0.3, 0.2, 0.1))
    assert len({tuple(features(order).values()) for order in permutations(rows)}) == 1


@given(logs(), st.sampled_from([SMALL, Windows(365, 30)]))
@settings(deadline=None)
def test_every_value_is_a_finite_number_within_its_form(events, windows):
    values = features_as_of(events, AS_OF, windows).values
    assert np.isfinite(values).all()
    for feature, column in zip(FEATURES, values.T, strict=True):
        low, high = {"share": (0, 1), "balance": (-1, 1)}.get(feature.form, (0, np.inf))
        assert (low <= column).all() and (column <= high).all(), feature.name
        if feature.name.startswith("days_"):
            assert (column <= windows.observation_days).all()


def test_a_user_without_an_event_before_the_date_has_the_stated_values():
    found = features(visits("ann", 100, 101))
    days = ("days_inactive", "days_since_purchase", "days_since_trouble", "usual_gap_days", "usual_purchase_gap_days")
    ratios = ("inactivity_over_usual_gap", "purchase_silence_over_usual_gap")
    assert found == dict.fromkeys(FEATURE_NAMES, 0) | dict.fromkeys(days, 14) | dict.fromkeys(ratios, 1)
    answer = features_as_of(frame(visits("ann", 100)), AS_OF, SMALL)
    assert (answer.active.tolist(), answer.events.tolist()) == ([False], [0])
    assert answer.first_ts.tolist() == answer.last_ts.tolist() == [AS_OF]


def test_a_frame_without_events_and_one_without_users_are_answered():
    assert features_as_of(no_events(("ann", "bob")), AS_OF, SMALL).values.shape == (2, len(FEATURES))
    assert features_as_of(no_events(), AS_OF, SMALL).values.shape == (0, len(FEATURES))
    assert features_as_of(frame(visits(None, 99)), AS_OF, SMALL).user_ids == ()


def test_rows_come_in_the_order_of_the_users_and_unknown_users_have_none():
    events = frame([*visits("bob", 99), *visits(None, 98, 99), *visits("ann", 90, 91)], ("ann", "nobody", "bob"))
    answer = features_as_of(events, AS_OF, SMALL)
    assert answer.user_ids == ("ann", "nobody", "bob")
    assert answer.events.tolist() == [2, 0, 1]
    assert answer.active.tolist() == [True, False, True]
    assert answer.first_ts.tolist() == [at(90, 12), AS_OF, at(99, 12)]
    assert answer.last_ts.tolist() == [at(91, 12), AS_OF, at(99, 12)]


def test_a_user_silent_for_longer_than_the_observation_window_is_not_active():
    first_in, last_out = at(86), at(86) - 1
    assert features_as_of(frame([row(first_in)]), AS_OF, SMALL).active.tolist() == [True]
    assert features_as_of(frame([row(last_out)]), AS_OF, SMALL).active.tolist() == [False]


def test_silence_is_held_against_the_users_own_usual_gap():
    found = features(visits("ann", 80, 84, 88, 92))
    assert found["usual_gap_days"] == 4
    assert found["days_inactive"] == 7.5
    assert found["inactivity_over_usual_gap"] == 7.5 / 4
    assert (found["gap_spread"], found["longest_gap_days"], found["last_gap_over_usual"]) == (0, 4, 1)


def test_a_log_of_purchases_alone_says_something_in_each_of_its_groups():
    rows = [row(at(day, 12), kind="purchase", value=value, session_id=f"invoice {day}")
            for day, value in [(40, 10.0), (60, 20.0), (90, 30.0), (97, 60.0)]]  # fmt: skip
    found = features(rows, windows=Windows(50, 20))
    assert (found["purchases"], found["purchases_recent"], found["purchase_days_ever"]) == (3, 2, 4)
    assert (found["spent"], found["spent_recent"], found["spent_trend"]) == (110, 90, (90 - 20) / (90 + 20))
    assert found["usual_purchase_gap_days"] == found["usual_gap_days"] == 19
    assert found["purchase_silence_over_usual_gap"] == 2.5 / 19
    assert (found["spent_per_purchase_day_ever"], found["largest_purchase"]) == (30, 60)
    assert (found["sessions"], found["time_spent_minutes"]) == (3, 0)


def test_refunds_are_held_against_spending():
    bought = row(at(99), kind="purchase", value=80.0)
    assert features([bought, row(at(99, 1), kind="refund", value=20.0)])["refunded_share"] == 0.25
    assert features([bought, row(at(99, 1), kind="refund", value=90.0)])["refunded_share"] == 1
    assert features([row(at(99, 1), kind="refund", value=90.0)])["refunded_share"] == 1


def test_an_item_is_new_only_when_it_was_never_met_before():
    rows = [row(at(day), item_id=item) for day, item in [(10, "a"), (95, "a"), (96, "b"), (97, "b"), (98, "c")]]
    found = features(rows)
    assert (found["new_items_recent"], found["items"]) == (2, 3)
    assert found["effective_items"] == 16 / 6


def test_a_change_of_plan_is_found_from_levels_alone():
    rows = [row(at(day), level=level) for day, level in [(80, "free"), (88, "paid"), (89, None), (90, "paid"),
                                                         (91, "free")]]  # fmt: skip
    assert features(rows)["level_changes"] == 2
    assert features(rows, windows=Windows(10, 5))["level_changes"] == 1
