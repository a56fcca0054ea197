import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.columns import DAY_US
from app.events.feature_table import FEATURE_NAMES, Windows
from app.events.features import features_as_of
from app.events.leaks import (
    LeakFound,
    check_forward,
    check_no_leak,
    check_sees_no_future,
    check_split,
    ranking_strength,
)
from tests.app.events.logs import at, frame, row

ROWS = 2_000
NAMES = ("minutes", "data", "calls", "age")


def table(seed=0):
    return np.random.default_rng(seed).lognormal(size=(ROWS, len(NAMES)))


def noisy_label(design, seed=0):
    """Leavers that the columns foresee well and not perfectly, as in life."""
    log_odds = -2 * np.log(design[:, 0]) - 2 * np.log(design[:, 1])
    return np.random.default_rng(seed).random(len(design)) < 1 / (1 + np.exp(-log_odds))


def test_a_label_that_the_columns_foresee_honestly_passes():
    for seed in range(5):
        design = table(seed)
        check_no_leak(design, NAMES, noisy_label(design, seed))


@pytest.mark.parametrize("disguise", [lambda left: left * 1.0, lambda left: 5.0 - 3.0 * left])
def test_a_label_copied_in_is_caught_by_name(disguise):
    design = table()
    left = noisy_label(design)
    with pytest.raises(LeakFound, match="future_flag alone tells who left"):
        check_no_leak(np.column_stack([design, disguise(left)]), (*NAMES, "future_flag"), left)


@pytest.mark.parametrize("together", [np.logical_and, np.logical_or])
@pytest.mark.parametrize("share", [0.2, 0.37])
def test_a_label_that_is_a_rule_on_two_columns_is_caught_with_both_names(together, share):
    for seed in range(3):
        design = table(seed)
        low = [design[:, place] < np.quantile(design[:, place], share) for place in (0, 2)]
        with pytest.raises(LeakFound, match="minutes and calls together tell who left"):
            check_no_leak(design, NAMES, together(*low))


def test_a_column_without_a_second_value_and_few_leavers_are_no_leak():
    design = table()
    design[:, 3] = 1.0
    left = np.zeros(ROWS, dtype=bool)
    check_no_leak(design, NAMES, left)
    left[::100] = True
    check_no_leak(design, NAMES, left)


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=30))
def test_ranking_strength_is_the_share_of_pairs_in_the_better_order(rows):
    column, left = np.array([float(value) for value, _ in rows]), np.array([flag for _, flag in rows])
    pairs = [(a > b) + (a == b) / 2 for a in column[left] for b in column[~left]]
    expected = max(np.mean(pairs), 1 - np.mean(pairs)) if pairs else 0.5
    assert ranking_strength(column, left) == pytest.approx(expected)


def test_the_features_of_this_service_see_no_future():
    events = frame([row(at(day), user) for day in range(95, 110) for user in ("ann", "bob")], ("ann", "bob"))
    check_sees_no_future(lambda log: features_as_of(log, at(100), Windows()).values, FEATURE_NAMES, events, at(100))


def test_a_feature_that_reads_past_the_date_is_caught_by_name():
    events = frame([row(at(day), "ann") for day in (98, 99, 103)], ("ann",))

    def planted(log):
        values = features_as_of(log, at(100), Windows()).values
        days_to_the_last_event = (at(100) - log.ts.max()) / DAY_US
        return np.column_stack([values, np.full(len(values), days_to_the_last_event)])

    with pytest.raises(LeakFound, match=r"^recency_from_behind read events at or after the date"):
        check_sees_no_future(planted, (*FEATURE_NAMES, "recency_from_behind"), events, at(100))


def test_a_user_on_both_sides_of_a_split_is_caught():
    check_split(["ann", "bob"], ["cy"])
    with pytest.raises(LeakFound, match="1 users are both"):
        check_split(["ann", "bob", "bob"], ["cy", "bob"])


def test_a_test_date_before_the_training_labels_are_complete_is_caught():
    check_forward([at(10), at(40)], [at(70)], 30)
    with pytest.raises(LeakFound, match="before the training labels were complete"):
        check_forward([at(10), at(40)], [at(69), at(100)], 30)
