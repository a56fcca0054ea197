import numpy as np
import pytest

from app.events.columns import DAY_US
from app.events.seasons import Seasons, shifted
from tests.training.event_rows import FIRST, rows_of
from training.event_calibration import binned, calibration_of, cross_calibrated_later, seasons_of
from training.event_grid import Rows

MONTHS = tuple(range(0, 330, 30))


def world(strength, users=800, seed=0):
    """A year of monthly dates in which the log-odds swing with the time of the year; and the chance without it."""
    random = np.random.default_rng(seed)
    rows = rows_of(users=users, dates=MONTHS, seed=seed)
    chance = random.uniform(0.1, 0.5, len(rows))
    swing = strength * np.cos(2 * np.pi * (rows.as_of - FIRST) / DAY_US / 365)
    true = np.array([shifted(chance[place : place + 1], swing[place])[0] for place in range(len(rows))])
    return Rows(rows.values, random.random(len(rows)) < true, rows.user, rows.as_of), chance, swing


def test_a_season_is_found_to_within_what_chance_allows():
    rows, chance, swing = world(1.0)
    found = seasons_of(chance, rows)
    assert len(found.log_odds) == len(MONTHS)
    for as_of in np.unique(rows.as_of):
        assert found.shift_at(int(as_of) + 365 * DAY_US) == pytest.approx(swing[rows.as_of == as_of][0], abs=0.3)


def test_where_there_is_no_season_almost_nothing_is_added():
    for seed in range(3):
        rows, chance, _ = world(0.0, seed=seed)
        assert np.abs([0.0, *seasons_of(chance, rows).log_odds]).max() < 0.1


def test_dates_within_a_part_of_the_year_give_no_season():
    rows, chance, _ = world(1.0)
    early = rows.as_of < FIRST + 200 * DAY_US
    assert seasons_of(chance[early], rows.take(early)) == Seasons()


def test_bins_keep_order_mass_and_ties():
    scores = np.round(np.random.default_rng(0).random(5_000), 2)
    found = binned(scores, 50)
    assert len(np.unique(found)) <= 50
    order = np.argsort(scores, kind="stable")
    assert (np.diff(found[order]) >= -1e-12).all()
    assert found.sum() == pytest.approx(scores.sum())
    assert all(len(set(found[scores == value].tolist())) == 1 for value in np.unique(scores))


def test_the_table_says_what_happened_and_its_interval_knows_that_rows_of_a_user_go_together():
    rows = rows_of(users=300, dates=(0, 30, 60, 90))
    alone = Rows(rows.values, rows.left, np.array([str(number) for number in range(len(rows))]), rows.as_of)
    scores = np.random.default_rng(0).permutation(len(rows)) / len(rows)
    together, apart = (calibration_of(scores, each, 0) for each in (rows, alone))
    at = np.linspace(0.05, 0.95, 10)
    probability, low, high = together.apply(at)
    assert probability == pytest.approx(rows.left.mean(), abs=0.12)
    _, narrow_low, narrow_high = apart.apply(at)
    assert (high - low).mean() > 1.2 * (narrow_high - narrow_low).mean()


def test_later_rows_are_calibrated_by_curves_that_have_not_seen_their_users():
    training, later = rows_of(users=200), rows_of(users=200, dates=(365,))
    scores = np.linspace(0, 1, len(training))
    whole = cross_calibrated_later(scores, training, np.full(200, 0.5), later, Seasons())
    for number in range(5):
        own = later.fold == number
        flipped = Rows(
            training.values,
            np.where(training.fold == number, ~training.left, training.left),
            training.user,
            training.as_of,
        )
        again = cross_calibrated_later(scores, flipped, np.full(200, 0.5), later, Seasons())
        assert (again[own] == whole[own]).all()
        assert (again[~own] != whole[~own]).any()
    moved = cross_calibrated_later(scores, training, np.full(200, 0.5), later, Seasons((0.0,), (0.5,)))
    assert moved.shape == whole.shape
