"""The simulated log: reproducible, shaped like a real one, honest about the probability behind a cancellation."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events.columns import CODE_OF_KIND, COLUMNS, DAY_US, NO_KEY, SECOND_US, UNKNOWN_USER, key_of
from app.events.records import frame_of
from training import event_process
from training.event_process import MOODS, NEVER, PAID, Process
from training.event_simulator import START, SimulatedLog, canonical_rows, churn_probability, simulate_log

CANCEL = CODE_OF_KIND["cancel"]


@pytest.fixture(scope="module")
def log() -> SimulatedLog:
    return simulate_log(4_500, seed=2)


@pytest.fixture(scope="module")
def long_process() -> Process:
    rng = np.random.default_rng(8)
    return event_process.run(rng, event_process.draw_traits(rng, 40_000), 120)


def leaves_within(process: Process, day: int, horizon_days: int) -> np.ndarray:
    return (process.cancelled_day >= day) & (process.cancelled_day < day + horizon_days)


def test_a_seed_means_one_log() -> None:
    one, same, other = (simulate_log(200, 40, seed) for seed in (1, 1, 2))
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one.events, name), getattr(same.events, name))
    np.testing.assert_array_equal(one.true_user, same.true_user)
    assert len(one.events) != len(other.events)


@pytest.mark.parametrize(("users", "days"), [(0, 0), (0, 30), (3, 0), (1, 1), (5, 200)])
def test_any_size_gives_a_log(users: int, days: int) -> None:
    small = simulate_log(users, days, seed=1)
    assert len(small.events.user_ids) == users
    assert len(small.true_user) == len(small.events)
    assert len(churn_probability(small, small.end, 30)) == users


@pytest.mark.parametrize("wrong", [{"users": -1}, {"days": -1}, {"events_per_session": 0.5}, {"start": START + 1}])
def test_arguments_that_mean_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        simulate_log(**({"users": 3} | wrong))


def test_the_log_is_in_the_order_of_time_and_within_its_days(log: SimulatedLog) -> None:
    assert (np.diff(log.events.ts) >= 0).all()
    assert log.start <= log.events.ts[0]
    assert log.events.ts[-1] < log.end


def test_about_23_in_100_cancel_in_120_days(log: SimulatedLog, long_process: Process) -> None:
    assert 0.20 <= np.mean(log.process.cancelled_day != NEVER) <= 0.26
    assert 0.22 <= np.mean(long_process.cancelled_day != NEVER) <= 0.24


def test_nothing_comes_after_a_cancellation(log: SimulatedLog) -> None:
    is_cancel = log.events.kind == CANCEL
    who = log.true_user[is_cancel]
    assert len(who) == len(set(who.tolist())) == (log.process.cancelled_day != NEVER).sum()
    np.testing.assert_array_equal((log.events.ts[is_cancel] - log.start) // DAY_US, log.process.cancelled_day[who])
    last = np.zeros(len(log.events.user_ids), dtype=np.int64)
    np.maximum.at(last, log.true_user, log.events.ts)
    np.testing.assert_array_equal(last[who], log.events.ts[is_cancel])
    assert (log.events.user[is_cancel] == who).all(), "a cancellation is never blank"


def test_nobody_is_seen_before_joining(log: SimulatedLog) -> None:
    day = (log.events.ts - log.start) // DAY_US
    assert (day >= log.process.joined_day[log.true_user]).all()


def test_three_in_100_events_are_blank_and_the_truth_knows_them(log: SimulatedLog) -> None:
    blank = log.events.user == UNKNOWN_USER
    assert 0.025 < blank.mean() < 0.045
    np.testing.assert_array_equal(log.events.user[~blank], log.true_user[~blank])
    assert (log.identified().user >= 0).all()


def test_some_session_ids_belong_to_several_users_on_different_days(log: SimulatedLog) -> None:
    first = log.events.item_in_session == 0
    day = (log.events.ts - log.start) // DAY_US
    pairs = np.stack([log.events.session, log.true_user, day])[:, first]
    pairs = pairs[:, np.argsort(pairs[0], kind="stable")]
    sessions, times = np.unique(pairs[0], return_counts=True)
    assert 0.01 < (times == 2).mean() < 0.04
    assert times.max() == 2
    reused = pairs[:, np.isin(pairs[0], sessions[times == 2])].reshape(3, -1, 2)
    assert (reused[1, :, 0] != reused[1, :, 1]).all()
    assert (reused[2, :, 0] != reused[2, :, 1]).all()


def test_events_of_a_session_are_numbered_in_the_order_of_time(log: SimulatedLog) -> None:
    day = (log.events.ts - log.start) // DAY_US
    order = np.lexsort((log.events.item_in_session, day, log.true_user, log.events.session))
    parts = [column[order] for column in (log.events.session, log.true_user, day)]
    same = np.logical_and.reduce([column[1:] == column[:-1] for column in parts])
    number, ts = log.events.item_in_session[order], log.events.ts[order]
    assert (np.diff(number)[same] == 1).all()
    assert (np.diff(ts)[same] >= 0).all()
    assert (number[1:][~same] == 0).all()


def test_values_stand_where_they_belong(log: SimulatedLog) -> None:
    events = log.events
    bought = events.kind == CODE_OF_KIND["purchase"]
    np.testing.assert_array_equal(np.isnan(events.value), ~bought)
    assert events.value[bought].min() >= 0.49
    np.testing.assert_array_equal(np.isnan(events.duration_seconds), events.kind != CODE_OF_KIND["play"])
    has_item = np.isin(events.kind, [CODE_OF_KIND[name] for name in ("play", "like", "dislike", "save", "purchase")])
    np.testing.assert_array_equal(events.item != NO_KEY, has_item)
    assert set(np.unique(events.level)) == {key_of("free"), key_of("paid")}
    adverts = events.kind == CODE_OF_KIND["advert"]
    assert (events.level[adverts] == key_of("free")).all()


def test_plans_change_where_the_log_says_so(log: SimulatedLog) -> None:
    up = log.events.kind == CODE_OF_KIND["upgrade"]
    down = log.events.kind == CODE_OF_KIND["downgrade"]
    assert up.sum() > 100
    assert (log.events.level[up] == key_of("paid")).all()
    assert (log.events.level[down] == key_of("free")).all()


def test_users_have_tastes_and_rhythms_of_their_own(log: SimulatedLog) -> None:
    plays = log.identified().take(log.events.kind == CODE_OF_KIND["play"])
    few = plays.take(plays.user < 200)
    different = [len(np.unique(few.item[few.user == user])) / max(1, (few.user == user).sum()) for user in range(200)]
    shuffled = np.random.default_rng(1).permutation(few.item)
    mixed = [len(np.unique(shuffled[few.user == user])) / max(1, (few.user == user).sum()) for user in range(200)]
    assert np.mean(different) < 0.85 * np.mean(mixed)
    hour = few.ts % DAY_US / (3600 * SECOND_US)
    regular = log.process.traits.irregular[few.user] == 0
    spread = [hour[(few.user == user) & regular].std() for user in np.unique(few.user[regular])]
    assert np.median(spread) < 3 < hour[~regular].std()


def test_the_oracle_is_calibrated_at_every_level(long_process: Process) -> None:
    for day in (30, 60, 90):
        probability = event_process.churn_probability(long_process, day, 30)
        member = ~np.isnan(probability)
        leaves = leaves_within(long_process, day, 30)[member]
        probability = probability[member]
        for part in np.array_split(np.argsort(probability), 5):
            error = np.sqrt((probability[part] * (1 - probability[part])).sum()) / len(part)
            assert abs(leaves[part].mean() - probability[part].mean()) < 4 * error, day
    assert 0.04 < leaves.mean() < 0.10


def test_the_oracle_tells_leavers_from_others_but_not_perfectly(long_process: Process) -> None:
    probability = event_process.churn_probability(long_process, 60, 30)
    member = ~np.isnan(probability)
    order = np.argsort(probability[member])
    leaves = leaves_within(long_process, 60, 30)[member][order]
    n_leave, n_stay = leaves.sum(), (~leaves).sum()
    auc = (np.flatnonzero(leaves) + 1).sum() / n_leave / n_stay - (n_leave + 1) / 2 / n_stay
    assert 0.77 < auc < 0.83


def test_the_oracle_is_defined_for_members_only(log: SimulatedLog) -> None:
    as_of = log.start + 60 * DAY_US
    probability = churn_probability(log, as_of, 30)
    process = log.process
    gone = (process.cancelled_day != NEVER) & (process.cancelled_day < 60)
    np.testing.assert_array_equal(np.isnan(probability), gone | (process.joined_day >= 60))
    assert np.isnan(churn_probability(log, log.start, 30)).all(), "on the first morning nobody has been seen"


def test_a_longer_horizon_is_more_likely_to_see_a_cancellation(log: SimulatedLog) -> None:
    as_of = log.start + 60 * DAY_US
    some = [churn_probability(log, as_of, days) for days in (0, 1, 30, 365)]
    member = ~np.isnan(some[0])
    assert (some[0][member] == 0).all()
    for shorter, longer in pairwise(some):
        assert (longer[member] > shorter[member]).all()
    assert (some[-1][member] < 1).all()


def test_two_steps_of_the_oracle_are_one(long_process: Process) -> None:
    """The probability for a day is the plain chance of that day; every horizon is made of such days."""
    probability = event_process.churn_probability(long_process, 119, 1)
    member = ~np.isnan(probability)
    leaves = leaves_within(long_process, 119, 1)[member]
    assert abs(leaves.sum() - probability[member].sum()) < 4 * np.sqrt(probability[member].sum())


@pytest.mark.parametrize("moment", [START - DAY_US, START + 1, START + 121 * DAY_US])
def test_the_state_is_known_at_the_midnights_of_the_log_only(log: SimulatedLog, moment: int) -> None:
    with pytest.raises(ValueError, match="state"):
        churn_probability(log, moment, 30)


def test_each_cause_shows_in_behaviour(log: SimulatedLog) -> None:
    process, events = log.process, log.identified()
    kind = {name: np.bincount(events.user[events.kind == CODE_OF_KIND[name]], minlength=4_500) for name in CODE_OF_KIND}
    n_events = np.maximum(np.bincount(events.user, minlength=4_500), 1)
    mood = MOODS[process.mood[60]]
    assert np.corrcoef(mood, kind["like"] / n_events)[0, 1] > 0.4
    assert np.corrcoef(mood, kind["dislike"] / n_events)[0, 1] < -0.4
    assert np.corrcoef(process.traits.trouble, (kind["help"] + kind["error"]) / n_events)[0, 1] > 0.6
    free = process.level[60] != PAID
    many = process.traits.many_adverts == 1
    shown = kind["advert"] / n_events
    assert shown[free & many].mean() > 2 * shown[free & ~many].mean() > 4 * shown[~free].mean()


def test_moods_keep_their_law_and_move_slowly(long_process: Process) -> None:
    mood = MOODS[long_process.mood]
    assert abs(mood[120].mean()) < 0.02
    assert mood[120].std() == pytest.approx(1.0, abs=0.02)
    memory = (1 - 2 * event_process.MOOD_STEP / event_process.BALLS) ** 90
    assert np.corrcoef(mood[0], mood[90])[0, 1] == pytest.approx(memory, abs=0.02)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_rows_written_out_make_the_same_frame(seed: int, users: int) -> None:
    small = simulate_log(users, 20, seed)
    again = frame_of(list(canonical_rows(small)))
    for name in COLUMNS[1:]:
        np.testing.assert_array_equal(getattr(again, name), getattr(small.events, name), err_msg=name)
    named = np.array([*again.user_ids, "-"])[again.user]
    np.testing.assert_array_equal(named, np.array([*small.events.user_ids, "-"])[small.events.user])
