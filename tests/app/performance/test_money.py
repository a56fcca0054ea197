"""Profit is what empulse and a loop over customers say, and nobody is chosen by what only the future knows."""

from dataclasses import replace
from math import fsum

import numpy as np
import pytest
from empulse.metrics import expected_cost_loss_churn, mpc_score
from hypothesis import given, settings
from hypothesis import strategies as st

from app.performance import money
from app.performance.held_out import NAMES, TAILS, resamples
from app.performance.money import CUT_POINTS, Inputs, called_sums, evaluate, profit_curve, profit_of_calling
from app.telecom.policy import TIER_CUT_POINTS
from tests.app.performance.conftest import held_out_customers

HELD_OUT = held_out_customers(300, seed=1)
WEIGHTS = resamples(300, 1, HELD_OUT.churned)[:8]
SUMS = called_sums(HELD_OUT, WEIGHTS)
INPUTS = Inputs(contact_cost=1.0, offer_cost=10.0, save_rate=0.3, save_rate_low=0.2, save_rate_high=0.4, value_share=1)
DEAR = replace(INPUTS, contact_cost=40.0, offer_cost=150.0)
"""Costs at which it matters whom to call."""
SHARE = st.floats(0, 1)
COSTS = st.floats(0, 500)


@pytest.fixture(scope="module")
def sums(held_out, weights):
    return called_sums(held_out, weights)


def policies(answer):
    return {policy["name"]: policy for policy in answer.policies}


@settings(deadline=None, max_examples=50)
@given(contact=COSTS, offer=COSTS, rate=SHARE, share=SHARE)
def test_the_curve_is_the_sum_over_customers_called_one_by_one(contact, offer, rate, share):
    inputs = replace(INPUTS, contact_cost=contact, offer_cost=offer, value_share=share)
    curve = profit_curve(SUMS, len(HELD_OUT.churned), inputs, rate)
    for row in (0, 7):
        for place in (0, 15, 30, 62, 100):
            total = 0.0
            for i in np.flatnonzero(HELD_OUT.churn_probability >= CUT_POINTS[place]):
                value = share * HELD_OUT.remaining_value_usd[i]
                one = rate * (value - offer) - contact if HELD_OUT.churned[i] else -(offer + contact)
                total += WEIGHTS[row, i] * one
            assert curve[row, place] == pytest.approx(1000 * total / len(HELD_OUT.churned), rel=1e-9, abs=1e-6)


@settings(deadline=None, max_examples=50)
@given(contact=st.floats(0, 50), offer=st.floats(0, 100), rate=SHARE, value=st.floats(200, 5000))
def test_the_highest_profit_is_empulses_maximum_profit_for_one_value(contact, offer, rate, value):
    inputs = Inputs(contact, offer, rate, rate, rate, 1.0)
    one_value = replace(HELD_OUT, remaining_value_usd=np.full(len(HELD_OUT.churned), value))
    curve = profit_curve(called_sums(one_value, np.ones((1, len(HELD_OUT.churned)))), 1000, inputs, rate)[0]
    theirs = mpc_score(
        HELD_OUT.churned.astype(int), HELD_OUT.churn_probability, accept_rate=rate, clv=value, incentive_cost=offer,
        contact_cost=contact,
    )  # fmt: skip
    # The probabilities lie on hundredths, so the curve's cut-points hold every choice that empulse tries but none.
    assert max(curve.max() / len(HELD_OUT.churned), 0) == pytest.approx(max(theirs, 0), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("cut_point", [0.05, 0.4, 0.9])
def test_values_of_the_customers_own_agree_with_empulses_expected_cost(held_out, weights, cut_point):
    # empulse knows no offer that costs more than the customer is worth.
    held_out = replace(held_out, remaining_value_usd=held_out.remaining_value_usd + DEAR.offer_cost)
    called = (held_out.churn_probability >= cut_point).astype(float)
    cost = expected_cost_loss_churn(
        held_out.churned.astype(int), called, accept_rate=DEAR.save_rate, clv=held_out.remaining_value_usd,
        incentive_fraction=DEAR.offer_cost / held_out.remaining_value_usd, contact_cost=DEAR.contact_cost,
    )  # fmt: skip
    curve = profit_curve(called_sums(held_out, weights), len(held_out.churned), DEAR, DEAR.save_rate)
    assert curve[0, round(100 * cut_point)] == pytest.approx(-1000 * cost, rel=1e-9)
    exact = money.at_cut_point(held_out, weights, cut_point, DEAR)
    assert exact["profit_usd_per_1000"]["value"] == pytest.approx(-1000 * cost, abs=0.006)
    assert exact["called_share"] == pytest.approx(called.mean(), abs=1e-6)


def test_the_best_cut_point_is_the_best_of_all_of_them(held_out, weights, sums):
    answer = evaluate(held_out, weights, sums, DEAR)
    profit = profit_of_calling(held_out.churned, held_out.remaining_value_usd, DEAR)
    totals = [profit[held_out.churn_probability >= cut].sum() for cut in CUT_POINTS]
    counted = answer.best["profit_usd_per_1000"]["value"] + answer.best["optimism_usd_per_1000"]
    assert counted == pytest.approx(1000 * max(totals) / 600, abs=0.011)
    np.testing.assert_allclose(answer.profit, 1000 * np.array(totals) / 600, atol=1e-6)
    assert answer.best["cut_point_low"] <= answer.best["cut_point"] <= answer.best["cut_point_high"]
    assert 0 < answer.best["cut_point"] < 1


def brute_force_best(held_out, weights, inputs, rate):
    """Each resample chooses for itself: what its choice earns in it, and on all customers."""
    in_it, on_all = [], []
    for row in weights[1:]:
        curves = []
        for at in (inputs.save_rate, rate):
            profit = profit_of_calling(held_out.churned, held_out.remaining_value_usd, inputs, at)
            called = [held_out.churn_probability >= cut for cut in CUT_POINTS]
            curves.append([[fsum((count * profit)[who]) for who in called] for count in (row, np.ones(len(row)))])
        (chosen_by, _), (drawn, counted) = curves
        first = last = chosen_by.index(max(chosen_by))
        while chosen_by[last + 1 : last + 2] == [chosen_by[first]]:
            last += 1
        chosen = (first + last) // 2
        in_it.append(1000 * drawn[chosen] / len(row))
        on_all.append(1000 * counted[chosen] / len(row))
    return np.array(in_it), np.array(on_all)


def test_what_choosing_adds_is_taken_off_the_best_profit_as_each_resample_shows_it():
    small = held_out_customers(120, seed=3)
    weights = resamples(120, 3, small.churned)[:60]
    answer = evaluate(small, weights, called_sums(small, weights), DEAR)
    found = {
        rate: brute_force_best(small, weights, DEAR, rate)
        for rate in (DEAR.save_rate, DEAR.save_rate_low, DEAR.save_rate_high)
    }
    optimism = {rate: (in_it - on_all).mean() for rate, (in_it, on_all) in found.items()}
    profit = answer.best["profit_usd_per_1000"]
    assert optimism[DEAR.save_rate] > 0
    assert answer.best["optimism_usd_per_1000"] == pytest.approx(optimism[DEAR.save_rate], abs=0.006)
    assert profit["value"] == pytest.approx(answer.profit.max() - optimism[DEAR.save_rate], abs=0.006)
    bounds = [np.quantile(in_it, TAILS) - max(optimism[rate], 0) for rate, (in_it, _) in found.items()]
    assert profit["low"] == pytest.approx(min(low for low, _ in bounds), abs=0.006)
    assert profit["high"] == pytest.approx(max(high for _, high in bounds), abs=0.006)


def test_the_corrected_profit_is_nearer_to_what_the_choice_earns_on_other_customers():
    inputs = replace(DEAR, contact_cost=60.0, offer_cost=250.0)
    random = np.random.default_rng(5)
    off_raw, off_corrected = [], []
    for seed in range(60):
        everybody = held_out_customers(300, seed=100 + seed)
        mine = np.isin(np.arange(300), random.permutation(300)[:150])
        half, other = (part_of(everybody, rows) for rows in (mine, ~mine))
        weights = resamples(150, seed, half.churned)[:201]
        best = evaluate(half, weights, called_sums(half, weights), inputs).best
        if best["cut_point"] is None:
            continue
        elsewhere = money.at_cut_point(other, np.ones((2, 150)), best["cut_point"], inputs)
        earned, corrected = (found["profit_usd_per_1000"]["value"] for found in (elsewhere, best))
        off_raw.append(corrected + best["optimism_usd_per_1000"] - earned)
        off_corrected.append(corrected - earned)
    assert len(off_raw) > 40
    assert np.mean(off_raw) > 0, "choosing flatters"
    assert abs(np.mean(off_corrected)) < abs(np.mean(off_raw))
    assert np.mean(np.abs(off_corrected)) < np.mean(np.abs(off_raw))


def part_of(held_out, rows):
    return type(held_out)(**{name: getattr(held_out, name)[rows] for name in NAMES})


def test_among_cut_points_that_call_the_same_customers_the_middle_one_is_named(held_out, weights):
    two = np.repeat([0.1, 0.9], 300)
    apart = replace(
        held_out, churn_probability=two, churned=two > 0.5, remaining_value_usd=np.full(600, 1000.0)
    )  # fmt: skip
    answer = evaluate(apart, weights, called_sums(apart, weights), INPUTS)
    assert answer.best["cut_point"] == 0.5


def test_the_band_covers_resamples_and_the_range_of_the_save_rate(held_out, weights, sums):
    answer = evaluate(held_out, weights, sums, DEAR)
    draws = {
        rate: np.array(
            [
                (row * profit_of_calling(held_out.churned, held_out.remaining_value_usd, DEAR, rate))[
                    held_out.churn_probability >= 0.2
                ].sum()
                for row in weights[1:]
            ]
        )
        for rate in (DEAR.save_rate_low, DEAR.save_rate_high)
    }
    low = np.quantile(draws[DEAR.save_rate_low], TAILS[0]) / 0.6
    high = np.quantile(draws[DEAR.save_rate_high], TAILS[1]) / 0.6
    assert (answer.low[20], answer.high[20]) == pytest.approx((low, high), rel=1e-9)
    sure = evaluate(held_out, weights, sums, replace(DEAR, save_rate_low=0.3, save_rate_high=0.3))
    assert (sure.low >= answer.low).all()
    assert (sure.high <= answer.high).all()
    assert (answer.low <= answer.profit).all()
    assert (answer.profit <= answer.high).all()


def test_the_four_policies_are_what_their_names_say(held_out, weights, sums):
    found = policies(evaluate(held_out, weights, sums, DEAR))
    profit = profit_of_calling(held_out.churned, held_out.remaining_value_usd, DEAR)
    chosen = {
        money.NOBODY: np.zeros(600, bool),
        money.EVERYBODY: np.ones(600, bool),
        money.BY_RISK: held_out.churn_probability >= TIER_CUT_POINTS[-1],
        money.BY_VALUE: money.worth_calling(held_out, DEAR),
    }
    assert set(found) == set(chosen)
    for name, called in chosen.items():
        assert found[name]["called_share"] == pytest.approx(called.mean(), abs=1e-6)
        assert found[name]["profit_usd_per_1000"]["value"] == pytest.approx(profit[called].sum() / 0.6, abs=0.006)


def test_expected_value_reads_neither_the_label_nor_the_true_bill(held_out):
    told = replace(
        held_out, churned=~held_out.churned, remaining_value_usd=held_out.remaining_value_usd[::-1].copy()
    )  # fmt: skip
    np.testing.assert_array_equal(money.worth_calling(told, DEAR), money.worth_calling(held_out, DEAR))
    richer = replace(held_out, predicted_remaining_usd=held_out.predicted_remaining_usd * 10)
    assert money.worth_calling(richer, DEAR).sum() > money.worth_calling(held_out, DEAR).sum()


def test_with_true_probabilities_the_expected_profit_is_what_calling_earns_on_average():
    random = np.random.default_rng(0)
    probability, value = random.random(400_000), random.uniform(0, 3000, 400_000)
    expected = money.expected_profit_of_calling(probability, value, DEAR)
    earned = profit_of_calling(random.random(400_000) < probability, value, DEAR)
    assert expected.mean() == pytest.approx(earned.mean(), abs=2)
    unlikely = probability < 0.1
    assert expected[unlikely].mean() == pytest.approx(earned[unlikely].mean(), abs=4)


def test_by_expected_value_earns_more_than_by_risk_when_values_differ(held_out, weights, sums):
    found = policies(evaluate(held_out, weights, sums, DEAR))
    by_value, by_risk = (found[name]["profit_usd_per_1000"]["value"] for name in (money.BY_VALUE, money.BY_RISK))
    assert by_value > by_risk


def test_the_message_says_when_calling_earns_nothing(held_out, weights, sums):
    hopeless = replace(DEAR, save_rate=0.0, save_rate_low=0.0, save_rate_high=0.0)
    answer = evaluate(held_out, weights, sums, hopeless)
    assert "earns nothing" in money.message(answer, hopeless)
    assert (answer.best["cut_point"], answer.best["cut_point_low"], answer.best["cut_point_high"]) == (None,) * 3
    assert answer.best["profit_usd_per_1000"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert (answer.best["called_share"], answer.best["optimism_usd_per_1000"]) == (0.0, None)
    earning = evaluate(held_out, weights, sums, INPUTS)
    assert f"{earning.best['profit_usd_per_1000']['value']:,.0f} USD" in money.message(earning, INPUTS)
    assert money.taken_off(earning.best) in money.message(earning, INPUTS)


def test_a_profit_that_is_no_more_than_what_choosing_adds_is_none():
    """One leaver among those called makes a profit here; most resamples without them show that it was luck."""
    rows = 40
    churned = np.zeros(rows, bool)
    churned[[5, 38]] = True
    lucky = replace(
        held_out_customers(rows),
        churned=churned,
        churn_probability=np.linspace(0.02, 0.8, rows).round(2),
        remaining_value_usd=np.full(rows, 2000.0),
        predicted_remaining_usd=np.zeros(rows),
    )
    inputs = Inputs(50.0, 200.0, 0.3, 0.2, 0.4, 1.0)
    weights = resamples(rows, 0, churned)
    answer = evaluate(lucky, weights, called_sums(lucky, weights), inputs)
    assert answer.profit.max() > 0
    assert answer.best["cut_point"] is None
    assert "no cut-point pays" in money.message(answer, inputs)
