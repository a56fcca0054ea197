from dataclasses import replace

import numpy as np
import pytest

from app.events.columns import DAY_US, concatenate
from app.events.feature_table import FEATURE_NAMES, SUMMARY_FEATURES, Windows
from app.events.features import features_as_of
from app.events.labels import LogTooShort, explicit
from app.events.leaks import LeakFound
from tests.app.events.logs import at, frame, simulated, visits
from tests.training.event_rows import rows_of
from training import event_grid
from training.event_grid import FOLDS, Question, check_grid, grid_dates, person_resamples, rows_at

QUESTION = Question(Windows(60, 30), 20, 0, "explicit")


def test_rows_are_the_population_at_each_date_with_its_features_and_labels():
    log = simulated()
    dates = [log.start + day * DAY_US for day in (60, 80)]
    rows = rows_at(log.events, dates, QUESTION)
    assert np.unique(rows.as_of).tolist() == dates
    for as_of in dates:
        part = rows.take(rows.as_of == as_of)
        assert len(set(part.user.tolist())) == len(part)
        whole, labels = features_as_of(log.events, as_of, QUESTION.windows), explicit(log.events, as_of, 20)
        codes = [log.events.user_ids.index(user) for user in part.user.tolist()]
        assert (part.values == whole.values[codes]).all()
        assert (part.left == labels.left[codes]).all()
        assert whole.active[codes].all() and labels.defined[codes].all()
    assert 0 < rows.left.mean() < 0.2


def test_a_date_whose_labels_are_not_known_yet_is_refused():
    log = simulated()
    with pytest.raises(LogTooShort):
        rows_at(log.events, [log.end - 19 * DAY_US], QUESTION)


@pytest.mark.parametrize("label", ["silence", "proxy"])
def test_a_log_without_cancellations_has_the_other_two_labels(label):
    events = frame([*visits("ann", *range(100)), *visits("bob", *range(60))])
    rows = rows_at(events, [at(60)], Question(Windows(60, 30), 20, 0, label))
    assert dict(zip(rows.user.tolist(), rows.left.tolist(), strict=True)) == {"ann": False, "bob": True}


def test_dates_of_a_log_leave_room_for_features_before_and_labels_after():
    events = frame(visits("ann", *range(200)))
    training, test = grid_dates(events, QUESTION, 15)
    assert test == at(200) - 20 * DAY_US
    assert training[-1] == test - 20 * DAY_US
    assert training[0] - 60 * DAY_US >= events.ts.min() and training[0] - 75 * DAY_US < events.ts.min()
    assert set(np.diff(training)) == {15 * DAY_US}


def test_a_log_too_short_for_two_dates_is_refused_with_the_days_it_needs():
    with pytest.raises(ValueError, match="need 100 days"):
        grid_dates(frame(visits("ann", *range(90))), QUESTION, 15)


def test_overlapping_dates_are_refused_before_anything_is_fitted():
    log = simulated()
    first = log.start + 60 * DAY_US
    check_grid(log.events, [first], [first + 20 * DAY_US], QUESTION)
    with pytest.raises(LeakFound, match="before the training labels were complete"):
        check_grid(log.events, [first], [first + 19 * DAY_US], QUESTION)


def test_a_feature_that_looks_past_its_date_is_refused_before_anything_is_fitted(monkeypatch):
    log = simulated()

    def from_behind(events, as_of, windows):
        honest = features_as_of(events, as_of, windows)
        last = np.full(len(events.user_ids), as_of)
        np.maximum.at(last, events.user[events.user >= 0], events.ts[events.user >= 0])
        honest.values[:, FEATURE_NAMES.index("days_inactive")] = (events.ts.max() - last) / DAY_US
        return honest

    monkeypatch.setattr(event_grid, "features_as_of", from_behind)
    with pytest.raises(LeakFound, match="days_inactive read events at or after"):
        check_grid(log.events, [log.start + 60 * DAY_US], [log.start + 80 * DAY_US], QUESTION)


def test_a_user_is_in_one_fold_at_every_date_and_in_every_log():
    rows = rows_of()
    own = {}
    for user, fold in zip(rows.user.tolist(), rows.fold.tolist(), strict=True):
        assert own.setdefault(user, fold) == fold
    assert set(own.values()) == set(range(FOLDS))
    assert (rows.take(np.arange(5)).fold == rows.fold[:5]).all()


def test_resamples_take_users_whole():
    rows = rows_of(users=40)
    weights = person_resamples(rows, 0)
    assert (weights[0] == 1).all()
    for user in np.unique(rows.user)[:10]:
        own = weights[:, rows.user == user]
        assert (own == own[:, :1]).all()
    assert weights[1:].mean() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("left", [True, False])
def test_rows_of_one_outcome_are_refused_and_not_drawn_from_for_ever(left):
    rows = rows_of(users=10)
    with pytest.raises(ValueError, match="left and users who stayed"):
        person_resamples(replace(rows, left=np.full(len(rows), left)), 0)


def test_features_are_chosen_by_name():
    rows = rows_of(users=3)
    few = rows.only(SUMMARY_FEATURES)
    assert few.features == SUMMARY_FEATURES
    assert (few.values[:, 1] == rows.values[:, FEATURE_NAMES.index(SUMMARY_FEATURES[1])]).all()


def test_a_log_in_two_files_gives_the_rows_of_the_whole():
    log = simulated()
    half = log.events.ts < log.start + 50 * DAY_US
    parts = concatenate([log.events.take(half), log.events.take(~half)])
    first, second = (rows_at(events, [log.start + 60 * DAY_US], QUESTION) for events in (log.events, parts))
    assert (first.values == second.values).all() and (first.left == second.left).all()
