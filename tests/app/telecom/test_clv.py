import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telecom.clv import ClvAssumptions, ClvInterval, expected_remaining_months, target_clv_usd
from app.telecom.features import MINUTE_NAMES


def test_remaining_months_equal_the_sum_written_out():
    assumptions = ClvAssumptions(annual_churn=0.2, annual_discount=0.1, horizon_months=24)
    retention, discount = 0.8 ** (1 / 12), 1.1 ** (1 / 12)
    by_hand = sum((retention / discount) ** month for month in range(1, 25))
    assert expected_remaining_months(assumptions) == pytest.approx(by_hand)


@given(st.floats(0, 0.99), st.floats(0, 0.5), st.integers(1, 120))
def test_remaining_months_lie_between_nothing_and_the_horizon(churn, discount, horizon):
    months = expected_remaining_months(ClvAssumptions(churn, discount, horizon))
    assert 0 < months <= horizon
    assert months <= expected_remaining_months(ClvAssumptions(churn, 0.0, horizon)) + 1e-9
    assert expected_remaining_months(ClvAssumptions(churn, discount, horizon + 12)) >= months


def test_target_is_charge_times_past_and_expected_months():
    columns = {name: np.array([100.0, 0.0]) for name in MINUTE_NAMES} | {"account_length": np.array([24.0, 24.0])}
    assumptions = ClvAssumptions(annual_churn=0.15)
    expected = 57.0 * (24 + expected_remaining_months(assumptions))
    np.testing.assert_allclose(target_clv_usd(columns, assumptions), [expected, 0.0])


@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 600)), min_size=1, max_size=20),
    st.floats(-50, 0),
    st.floats(0, 50),
)
def test_interval_encloses_the_estimate_and_is_never_negative(customers, low_usd, high_usd):
    clv, tenure = (np.array(values) for values in zip(*customers, strict=True))
    low, high = ClvInterval(low_usd, high_usd, remaining_months=33.0).around(clv, tenure)
    assert (low >= 0).all()
    assert (low <= clv).all()
    assert (clv <= high).all()


def test_a_longer_tenure_widens_the_interval():
    low, high = ClvInterval(-5.0, 5.0, 33.0).around(np.array([9000.0, 9000.0]), np.array([10.0, 200.0]))
    assert (high - low)[1] > (high - low)[0]
