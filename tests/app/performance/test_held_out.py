import io

import numpy as np
import pytest
from scipy.stats import binomtest

from app.performance.held_out import NAMES, ROUNDS, HeldOut, figure, in_order, resamples, wilson


def arrays_of(held_out):
    return {name: getattr(held_out, name) for name in NAMES}


def test_what_is_written_is_what_is_read(held_out):
    again = HeldOut.from_npz(held_out.to_npz())
    for name in NAMES:
        np.testing.assert_array_equal(getattr(again, name), getattr(held_out, name))


def test_writing_twice_gives_the_same_bytes(held_out):
    assert held_out.to_npz() == held_out.to_npz()


def test_an_array_that_would_have_to_be_unpickled_is_refused(held_out):
    buffer = io.BytesIO()
    np.savez(buffer, **{**arrays_of(held_out), "clv_usd": np.array([{}] * len(held_out.churned))})
    with pytest.raises(ValueError, match="allow_pickle"):
        HeldOut.from_npz(buffer.getvalue())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: {"clv_usd": a["clv_usd"][:-1]}, "one value a customer"),
        (lambda a: {"clv_usd": a["clv_usd"] * np.nan}, "finite"),
        (lambda a: {"churn_probability": a["churn_probability"][::-1]}, "sorted"),
        (lambda a: {"churned": np.ones_like(a["churned"])}, "some who stayed"),
    ],
)
def test_customers_that_cannot_be_measured_are_refused(held_out, change, message):
    arrays = arrays_of(held_out)
    with pytest.raises(ValueError, match=message):
        HeldOut(**{**arrays, **change(arrays)})


def test_the_order_does_not_tell_the_label():
    probability, value = np.array([0.5, 0.2, 0.5]), np.array([9.0, 1.0, 3.0])
    assert in_order(probability, value).tolist() == [1, 2, 0]


def test_resamples_are_draws_with_replacement_that_can_be_repeated():
    weights = resamples(50, seed=3)
    assert weights.shape == (1 + ROUNDS, 50)
    assert (weights[0] == 1).all()
    assert (weights.sum(axis=1) == 50).all()
    assert weights[1:].max() > 1
    np.testing.assert_array_equal(weights, resamples(50, seed=3))
    assert (weights[1:] != resamples(50, seed=4)[1:]).any()


def test_a_resample_without_one_of_the_classes_is_drawn_again():
    rare = np.zeros(30, dtype=bool)
    rare[0] = True
    assert (resamples(30, 0)[1:, 0] == 0).any()
    assert (resamples(30, 0, rare)[1:, 0] > 0).all()


def test_a_figure_is_its_value_and_the_quantiles_of_the_others():
    values = np.concatenate([[5.0], np.linspace(0, 1, ROUNDS)])
    assert figure(values) == {"value": 5.0, "low": 0.025, "high": 0.975}


@pytest.mark.parametrize(("successes", "trials"), [(0, 7), (7, 7), (3, 40), (1, 1), (250, 1000)])
def test_wilsons_interval_is_scipys(successes, trials):
    expected = binomtest(successes, trials).proportion_ci(0.95, "wilson")
    found = wilson(successes, trials)
    assert found["value"] == pytest.approx(successes / trials, abs=1e-6)
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_customers_who_change_places_keep_their_weights(held_out):
    """Another processor may round two probabilities the other way round; no interval may move by it."""
    order = np.arange(len(held_out.churned))
    order[[100, 101]] = order[[101, 100]]
    swapped = HeldOut(
        **{name: array[order] if name != "churn_probability" else array for name, array in arrays_of(held_out).items()}
    )
    weights = held_out.resamples(0)
    assert (weights[:, 100] != weights[:, 101]).any()
    np.testing.assert_array_equal(swapped.resamples(0), weights[:, order])


def test_a_share_has_wilsons_interval():
    none, all_of_them = wilson(0, 50), wilson(50, 50)
    assert none["low"] == 0.0 < none["high"] < 0.1
    assert all_of_them["high"] == 1.0 > all_of_them["low"] > 0.9
    # The example of Wilson's interval in Newcombe (1998), table I: 81 of 263.
    assert wilson(81, 263) == pytest.approx({"value": 0.308, "low": 0.2553, "high": 0.3662}, abs=5e-5)
