import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.columns import DAY_US
from app.events.seasons import YEAR_DAYS, Seasons, day_of_year, shifted


def moment(day):
    return int(np.datetime64(day, "us").astype(np.int64))


MONTHLY = ("2010-11-01", "2010-12-01", "2011-01-01")
SEASONS = Seasons(tuple(day_of_year(moment(day)) for day in MONTHLY), (-0.4, 0.8, 0.2))


@pytest.mark.parametrize(("day", "shift"), list(zip(MONTHLY, SEASONS.log_odds, strict=True)))
def test_a_date_gets_the_shift_of_the_same_time_of_another_year(day, shift):
    for years in (1, 2, 5):
        later = f"{int(day[:4]) + years}{day[4:]}"
        assert SEASONS.shift_at(moment(later)) == pytest.approx(shift, abs=0.06)


def test_between_two_dates_the_shift_lies_between_theirs_also_over_new_year():
    assert SEASONS.shift_at(moment("2011-11-16")) == pytest.approx(0.2, abs=0.06)
    assert 0.2 < SEASONS.shift_at(moment("2011-12-20")) < 0.8


def test_far_from_every_date_and_without_any_there_is_no_shift():
    assert SEASONS.shift_at(moment("2011-06-01")) == 0
    assert Seasons().shift_at(moment("2011-06-01")) == 0


@given(st.integers(0, 40_000))
def test_the_shift_never_leaves_the_range_of_the_shifts_and_zero(day):
    assert -0.4 <= SEASONS.shift_at(day * DAY_US) <= 0.8
    assert 0 <= day_of_year(day * DAY_US) < YEAR_DAYS


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(-3, 3))
def test_a_shift_keeps_order_and_the_ends_and_is_undone_by_its_opposite(values, shift):
    probability = np.sort(values)
    moved = shifted(probability, shift)
    assert (np.diff(moved) >= -1e-15).all() and moved[0] >= 0 and moved[-1] <= 1 + 1e-15
    assert ((moved >= probability - 1e-12) if shift >= 0 else (moved <= probability + 1e-12)).all()
    assert shifted(moved, -shift) == pytest.approx(probability, abs=1e-9)


def test_the_card_keeps_the_shifts_and_broken_ones_are_refused():
    assert Seasons.from_card(SEASONS.to_card()) == SEASONS
    for days, shifts in (((1.0,), ()), ((float("nan"),), (0.0,))):
        with pytest.raises(ValueError, match="season"):
            Seasons(days, shifts)
