import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from app.events.purchases import PurchaseSummary
from app.events.value import (
    ValueModel,
    chances_of_at_most,
    expected_purchases,
    median_purchases,
    probability_alive,
    spend_per_purchase,
)

# Fader, Hardie and Lee (2005): estimated from 2,357 customers of CDNOW; their unit is the week.
CDNOW = {"r": 0.243, "alpha_days": 4.414, "a": 0.793, "b": 2.426}
# Fader and Hardie (2013): estimated from the 946 of them who bought again.
CDNOW_SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
RETAIL = {"r": 0.733, "alpha_days": 69.1, "a": 0.128, "b": 5.79}
STRANGE = {"r": 2.0, "alpha_days": 10.0, "a": 1.5, "b": 0.3}


def a_model(**changes):
    told = {"version": "1", "currency": "USD", "trained_on": "Fitted for a test."}
    return ValueModel(**{**CDNOW, **CDNOW_SPEND, **told, **changes})


def summaries(*rows):
    """Rows of (x, t_x, T), each with its repeat days spent on 30 a day."""
    x, recency, age = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return PurchaseSummary(np.ones(len(x), dtype=np.bool_), x, recency, age, x, np.where(x > 0, 30.0, 0.0))


def histories(count=400, seed=3):
    random = np.random.default_rng(seed)
    x = random.integers(0, 60, count).astype(np.float64)
    age = random.uniform(1, 730, count)
    return summaries(*zip(x, np.where(x > 0, random.uniform(0, 1, count) * age, 0.0), age, strict=True))


def test_the_published_customer_of_cdnow_is_answered_as_published():
    customer = summaries((2, 30.43, 38.86))
    assert expected_purchases(a_model(), customer, 39)[0] == pytest.approx(1.226, abs=5e-4)


def test_expected_purchases_of_a_new_customer_are_the_published_ones():
    # Equation 9 for t = 39 weeks, written with scipy's hypergeometric function.
    r, alpha, a, b = CDNOW.values()
    published = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + 39)) ** r * hyp2f1(r, b, a + b - 1, 39 / (alpha + 39)))
    assert expected_purchases(a_model(), summaries((0, 0, 0)), 39)[0] == pytest.approx(published, rel=1e-12)


@pytest.mark.parametrize("parameters", [CDNOW, RETAIL, STRANGE])
@pytest.mark.parametrize("days", [1, 90, 365, 3650])
def test_the_series_is_the_hypergeometric_function_of_scipy(parameters, days):
    r, alpha, a, b = parameters.values()
    given_ = histories()
    x, age = given_.frequency, given_.age_days
    gauss = hyp2f1(r + x, b + x, a + b + x - 1, days / (alpha + age + days))
    of_the_alive = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + days)) ** (r + x) * gauss)
    model = a_model(**parameters)
    np.testing.assert_allclose(
        expected_purchases(model, given_, days), of_the_alive * probability_alive(model, given_), rtol=1e-10, atol=1e-12
    )


def integrated(parameters, customer, days, points=160):
    """Average over the rate and the probability of stopping on a grid of Gauss points: Bayes' rule and nothing else."""
    r, alpha, a, b = parameters.values()
    x, recency, age = customer
    nodes, weights = np.polynomial.legendre.leggauss(points)
    # p = u ** 4 and rate = (v / (1 - v)) ** 2 take the corners of both densities off.
    u, v = (nodes + 1) / 2, (nodes + 1) / 2
    p, rate = u[:, None] ** 4, (v / (1 - v))[None, :] ** 2
    measure = np.outer(weights * 4 * u**3, weights * 2 * v / (1 - v) ** 3)
    prior = p ** (a - 1) * (1 - p) ** (b - 1) * rate ** (r - 1) * np.exp(-alpha * rate)
    here = (1 - p) ** x * rate**x * np.exp(-rate * age)
    gone = p * (1 - p) ** (x - 1) * rate**x * np.exp(-rate * recency) if x else 0.0 * p
    ahead = -np.expm1(-rate * p * days) / p
    total = (measure * prior * (here + gone)).sum()
    return (measure * prior * here).sum() / total, (measure * prior * here * ahead).sum() / total


@pytest.mark.parametrize("customer", [(0, 0, 40), (1, 3, 40), (2, 30.43, 38.86), (9, 20, 40)])
@pytest.mark.parametrize("a", [0.793, 1.0, 1.7])
def test_both_answers_are_the_integrals_over_every_rate_and_every_chance_of_stopping(customer, a):
    parameters = {**CDNOW, "a": a, "r": 0.9}
    alive, expected = integrated(parameters, customer, 39)
    model = a_model(**parameters)
    assert probability_alive(model, summaries(customer))[0] == pytest.approx(alive, rel=1e-5)
    assert expected_purchases(model, summaries(customer), 39)[0] == pytest.approx(expected, rel=1e-5)


def test_nothing_happens_near_the_removable_point():
    given_ = histories()
    at_one, beside = (expected_purchases(a_model(a=a), given_, 90) for a in (1.0, 1 + 1e-9))
    np.testing.assert_allclose(at_one, beside, rtol=1e-7)


@pytest.mark.parametrize("parameters", [CDNOW, RETAIL, STRANGE])
def test_a_customer_is_answered_alike_alone_and_in_a_frame(parameters):
    model, given_ = a_model(**parameters), histories(100)
    together = expected_purchases(model, given_, 365)
    alone = [expected_purchases(model, given_.take(np.array([place])), 365)[0] for place in range(len(given_))]
    assert together.tolist() == alone


@settings(deadline=None)
@given(
    st.integers(0, 400), st.floats(0, 1), st.floats(0, 3000), st.floats(0.02, 6), st.floats(1, 400),
    st.floats(0.02, 6), st.floats(0.02, 60), st.floats(0, 4000),
)  # fmt: skip
def test_answers_stay_within_what_can_be(x, part, age, r, alpha, a, b, days):
    model = a_model(r=r, alpha_days=alpha, a=a, b=b)
    customer = summaries((x, part * age if x else 0.0, age))
    alive = probability_alive(model, customer)[0]
    soon, later = (expected_purchases(model, customer, span)[0] for span in (days / 2, days))
    assert 0 <= alive <= 1 and (x or alive == 1)
    # Who never stopped would buy (r + x) / (alpha + T) a day.
    most = alive * days * (r + x) / (alpha + age)
    assert 0 <= soon <= later + 1e-9 and later <= most * (1 + 1e-9) + 1e-9


@settings(deadline=None)
@given(st.integers(1, 60), st.floats(0.01, 1), st.floats(1, 700))
def test_silence_lowers_the_probability_of_still_buying(x, part, age):
    model = a_model()
    now, later = (probability_alive(model, summaries((x, part * age, span)))[0] for span in (age, age + 30))
    assert later <= now


def simulated_purchases(parameters, customer, days, draws, seed):
    """Purchases ahead of one customer, by drawing customers like it from the posterior of those still active."""
    r, alpha, a, b = parameters.values()
    x, _, age = customer
    random = np.random.default_rng(seed)
    rate, stops = random.gamma(r + x, 1 / (alpha + age), draws), random.beta(a, b + x, draws)
    active = random.random(draws) < probability_alive(a_model(**parameters), summaries(customer))[0]
    count, moment = np.zeros(draws), np.zeros(draws)
    while active.any():
        moment[active] += random.exponential(1, active.sum()) / rate[active]
        active &= moment <= days
        count[active] += 1
        active &= random.random(draws) >= stops
    return count


@pytest.mark.parametrize("parameters", [RETAIL, {"r": 3.0, "alpha_days": 25.0, "a": 2.0, "b": 3.0}])
@pytest.mark.parametrize("customer", [(0, 0, 40), (3, 100, 200), (12, 300, 310)])
def test_drawn_customers_buy_as_expected_and_half_of_them_no_more_than_the_median(parameters, customer):
    model, given_ = a_model(**parameters), summaries(customer)
    for days in (20, 40, 80, 160, 365):
        drawn = simulated_purchases(parameters, customer, days, 20_000, seed=1)
        error = drawn.std() / math.sqrt(len(drawn))
        assert expected_purchases(model, given_, days)[0] == pytest.approx(drawn.mean(), abs=5 * error)
        median = median_purchases(model, given_, days)[0]
        assert (drawn <= median).mean() >= 0.49 and (drawn < median).mean() <= 0.51


@pytest.mark.parametrize("parameters", [CDNOW, RETAIL, STRANGE, {"r": 3.0, "alpha_days": 25.0, "a": 2.0, "b": 3.0}])
@pytest.mark.parametrize("days", [5, 90])
def test_chances_of_every_number_add_up_to_what_is_expected(parameters, days):
    model, given_ = a_model(**parameters), histories(50)
    chances = list(itertools.islice(chances_of_at_most(model, given_, days), 600))
    assert all((after >= before - 1e-12).all() for before, after in itertools.pairwise(chances))
    np.testing.assert_allclose(chances[-1], 1, atol=1e-9)
    # The mean of a count is the sum of the chances of more than 0, more than 1, ...
    more = sum(1 - at_most for at_most in chances)
    np.testing.assert_allclose(more, expected_purchases(model, given_, days), rtol=1e-6, atol=1e-9)


def test_the_median_follows_a_customer_who_buys_every_day():
    daily = summaries((1500, 1500, 1500.5), (0, 0, 3000))
    often, never = median_purchases(a_model(a=0.01, b=50.0), daily, 365)
    assert 300 < often < 400 and never == 0
    assert median_purchases(a_model(), daily, 0).tolist() == [0, 0]


@pytest.mark.parametrize("answer", [expected_purchases, median_purchases])
def test_days_ahead_are_not_behind(answer):
    with pytest.raises(ValueError, match="ahead"):
        answer(a_model(), summaries((0, 0, 1)), -1)


def test_the_spend_lies_between_the_own_mean_and_the_typical_one():
    model, given_ = a_model(), summaries((0, 0, 9), (1, 5, 9), (40, 9, 9))
    none, one, many = spend_per_purchase(model, given_)
    assert none == pytest.approx(model.typical_spend) == pytest.approx(6.25 * 15.44 / 2.74)
    assert 30 < many < one < none


def test_the_spend_is_the_mean_over_every_scale_a_user_may_have():
    model, (x, mean) = a_model(), (3.0, 50.0)
    random = np.random.default_rng(0)
    # Given the scale nu, a purchase is Gamma(p, nu); nu is Gamma(q, v) before and Gamma(q + p x, v + x m) after.
    nu = random.gamma(model.q + model.p * x, 1 / (model.v + x * mean), 200_000)
    given_ = PurchaseSummary(*(np.array([value]) for value in (True, x, 5.0, 9.0, x, mean)))
    assert spend_per_purchase(model, given_)[0] == pytest.approx((model.p / nu).mean(), rel=5e-3)
