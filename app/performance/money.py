"""What calling customers earns: profit over cut-points, the best one, and four policies side by side.

Who would leave and accepts is worth the value saved less the offer; who would stay accepts the offer anyway
(Verbraken, Verbeke and Baesens 2013, "A Novel Profit Maximizing Metric for Measuring Classification Performance of
Customer Churn Prediction Models", with a value of each customer's own instead of one for all). The best cut-point is
chosen on the customers its profit is counted on, so what such a choice seems to add is estimated and taken off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.performance.held_out import TAILS, Booleans, Floats, HeldOut, decimal, weighted_sum
from app.telecom.policy import TIER_CUT_POINTS, TIERS

CUT_POINTS: Final = np.arange(101) / 100
PER: Final = 1000
"""Profit is stated for this many customers."""
NOBODY: Final = "Call nobody"
EVERYBODY: Final = "Call everybody"
BY_RISK: Final = f"Call by risk only ({TIERS[-1]} tier)"
BY_VALUE: Final = "Call by expected value"
NO_CUT_POINT: Final = {
    "cut_point": None,
    "cut_point_low": None,
    "cut_point_high": None,
    "optimism_usd_per_1000": None,
    "called_share": 0.0,
}
"""What is best when no cut-point pays for its calls."""


@dataclass(frozen=True)
class Inputs:
    """What a person says about a campaign.

    Attributes
    ----------
    contact_cost, offer_cost : float
        USD for each customer called, and for each offer accepted.
    save_rate, save_rate_low, save_rate_high : float
        Share of leavers who stay for the offer, 0-1: as assumed, and the range it is believed to lie in.
    value_share : float
        Share of a customer's expected remaining charges that is kept when they are saved, 0-1.
    """

    contact_cost: float
    offer_cost: float
    save_rate: float
    save_rate_low: float
    save_rate_high: float
    value_share: float


@dataclass(frozen=True)
class CalledSums:
    """Weighted sums over those called at each of ``CUT_POINTS``, in every resample: shape (b, 101) each.

    Profit is a sum of these with the inputs as factors, so changing an input costs no pass over the customers.
    """

    leavers: Floats
    stayers: Floats
    leavers_value_usd: Floats


def called_sums(held_out: HeldOut, weights: Floats) -> CalledSums:
    """Add up leavers, stayers and the leavers' value from each cut-point upwards."""
    # The last cut-point that still calls each customer; all cut-points below it call them too.
    place = np.searchsorted(CUT_POINTS, held_out.churn_probability, side="right") - 1
    starts = np.searchsorted(place, np.arange(len(CUT_POINTS)))
    parts = (held_out.churned * 1.0, ~held_out.churned * 1.0, held_out.churned * held_out.remaining_value_usd)
    running = (np.pad(np.cumsum((weights * part)[:, ::-1], axis=1)[:, ::-1], ((0, 0), (0, 1))) for part in parts)
    return CalledSums(*(total[:, starts] for total in running))


def profit_of_calling(churned: Booleans, value_usd: Floats, inputs: Inputs, save_rate: float | None = None) -> Floats:
    """Profit of calling each customer, once it is known who leaves: shape (n,), USD.

    A leaver: save rate x (value - offer) - contact. A stayer: -(offer + contact).
    """
    rate = inputs.save_rate if save_rate is None else save_rate
    saved = rate * (inputs.value_share * value_usd - inputs.offer_cost)
    return np.where(churned, saved, -inputs.offer_cost) - inputs.contact_cost


def expected_profit_of_calling(churn_probability: Floats, value_usd: Floats, inputs: Inputs) -> Floats:
    """Profit expected of calling each customer before it is known who leaves: shape (n,), USD."""
    leaving = inputs.save_rate * (inputs.value_share * value_usd - inputs.offer_cost)
    return churn_probability * leaving - (1 - churn_probability) * inputs.offer_cost - inputs.contact_cost


def worth_calling(held_out: HeldOut, inputs: Inputs) -> Booleans:
    """Choose customers by expected profit, from what is known at the time of the call; the label is not read."""
    expected = expected_profit_of_calling(held_out.churn_probability, held_out.predicted_remaining_usd, inputs)
    chosen: Booleans = expected > 0
    return chosen


def profit_curve(sums: CalledSums, customers: int, inputs: Inputs, save_rate: float) -> Floats:
    """Profit at each of ``CUT_POINTS`` in every resample: shape (b, 101), USD per 1,000 customers."""
    saved = save_rate * (inputs.value_share * sums.leavers_value_usd - inputs.offer_cost * sums.leavers)
    spent = inputs.contact_cost * (sums.leavers + sums.stayers) + inputs.offer_cost * sums.stayers
    per: Floats = (saved - spent) * (PER / customers)
    return per


@dataclass(frozen=True)
class Answer:
    """Profit over cut-points with its band, the best cut-point, and the policies.

    Attributes
    ----------
    profit, low, high : ndarray, shape (101,)
        USD per 1,000 customers at each of ``CUT_POINTS``. The band runs from the 2.5 % quantile over resamples at the
        save rate that gives less to the 97.5 % quantile at the one that gives more.
    best : dict
        The best cut-point, its range, its profit less the optimism of having chosen it, that optimism, and the share
        called. No cut-point, and the profit of calling nobody, when none is left with a profit.
    policies : list of dict
        Name, profit and share called of each policy.
    """

    profit: Floats
    low: Floats
    high: Floats
    best: dict[str, Any]
    policies: list[dict[str, Any]]


def evaluate(held_out: HeldOut, weights: Floats, sums: CalledSums, inputs: Inputs) -> Answer:
    """Work out what the inputs mean for these customers."""
    customers = len(held_out.churned)
    rates = (inputs.save_rate, inputs.save_rate_low, inputs.save_rate_high)
    curves = np.array([profit_curve(sums, customers, inputs, rate) for rate in rates])
    low, high = _envelope(curves)
    called = (sums.leavers[0] + sums.stayers[0]) / customers

    def at(cut_point: int) -> dict[str, Any]:
        return {
            "profit_usd_per_1000": _usd(curves[0, 0, cut_point], low[cut_point], high[cut_point]),
            "called_share": decimal(called[cut_point]),
        }

    chosen = worth_calling(held_out, inputs)
    return Answer(
        curves[0, 0],
        low,
        high,
        _best(curves, called),
        [
            {"name": NOBODY, "profit_usd_per_1000": _usd(0.0, 0.0, 0.0), "called_share": 0.0},
            {"name": EVERYBODY, **at(0)},
            {"name": BY_RISK, **at(int(np.searchsorted(CUT_POINTS, TIER_CUT_POINTS[-1])))},
            {"name": BY_VALUE, **_chosen(held_out, weights, chosen, inputs)},
        ],
    )


def _best(curves: Floats, called: Floats) -> dict[str, Any]:
    """Choose the best cut-point, and say what it earns on customers it was not chosen on.

    Efron's bootstrap optimism (Harrell, Lee and Mark 1996, "Multivariable Prognostic Models"): each resample chooses
    its own best, and how much more that earns there than on all customers is, on average, what choosing adds; below 0
    it is the chance of the resamples and counts as 0. The interval is that of the resamples' own best, moved down by
    the optimism (Noma et al. 2021, "Confidence Intervals of Prediction Accuracy Measures").
    """
    places = _middle_of_best(curves)
    place, drawn = int(places[0, 0]), places[0, 1:]
    own = curves[:, np.arange(1, curves.shape[1]), drawn]
    optimism = np.maximum((own - curves[:, 0, drawn]).mean(axis=1), 0.0)
    low, high = np.quantile(own - optimism[:, None], TAILS, axis=1)
    value = curves[0, 0, place] - optimism[0]
    if value <= 0:
        return {**NO_CUT_POINT, "profit_usd_per_1000": _usd(0.0, 0.0, 0.0)}
    cut_low, cut_high = np.quantile(CUT_POINTS[places[:, 1:]], TAILS)
    return {
        "cut_point": float(CUT_POINTS[place]),
        "cut_point_low": decimal(min(cut_low, CUT_POINTS[place])),
        "cut_point_high": decimal(max(cut_high, CUT_POINTS[place])),
        "profit_usd_per_1000": _usd(value, min(low.min(), value), max(high.max(), value)),
        "optimism_usd_per_1000": round(float(optimism[0]), 2),
        "called_share": decimal(called[place]),
    }


def at_cut_point(held_out: HeldOut, weights: Floats, cut_point: float, inputs: Inputs) -> dict[str, Any]:
    """Profit and share called at any cut-point, also one between the curve's hundredths."""
    return _chosen(held_out, weights, held_out.churn_probability >= cut_point, inputs)


def _chosen(held_out: HeldOut, weights: Floats, called: Booleans, inputs: Inputs) -> dict[str, Any]:
    rates = (inputs.save_rate, inputs.save_rate_low, inputs.save_rate_high)
    single = [profit_of_calling(held_out.churned, held_out.remaining_value_usd, inputs, rate) for rate in rates]
    totals = np.array([weighted_sum(weights, profit * called) for profit in single])[:, :, None] * (PER / len(called))
    low, high = _envelope(totals)
    return {
        "profit_usd_per_1000": _usd(totals[0, 0, 0], low[0], high[0]),
        "called_share": decimal(called.mean()),
    }


def _envelope(curves: Floats) -> tuple[Floats, Floats]:
    """Band over resamples and save rates: (rates, b, m) to two of (m,)."""
    quantiles = np.quantile(curves[:, 1:], TAILS, axis=1)
    return np.minimum(quantiles[0].min(axis=0), curves[0, 0]), np.maximum(quantiles[1].max(axis=0), curves[0, 0])


def _middle_of_best(curves: Floats) -> NDArray[np.intp]:
    """Find the middle of the first run of cut-points with the highest profit: (..., m) to (...)."""
    is_best = curves == curves.max(axis=-1, keepdims=True)
    first = is_best.argmax(axis=-1)
    behind = is_best | (np.arange(curves.shape[-1]) < first[..., None])
    last = np.logical_and.accumulate(behind, axis=-1).sum(axis=-1) - 1
    middle: NDArray[np.intp] = (first + last) // 2
    return middle


def _usd(value: float, low: float, high: float) -> dict[str, float]:
    return {name: round(float(number), 2) + 0.0 for name, number in (("value", value), ("low", low), ("high", high))}


def taken_off(best: Mapping[str, Any]) -> str:
    """Say how the profit of the best cut-point was corrected."""
    amount = f"{best['optimism_usd_per_1000']:,.0f} USD"
    return f"{amount} are taken off because the cut-point was chosen on the same customers."


def message(answer: Answer, inputs: Inputs) -> str:
    """Say in a few sentences what to make of the answer."""
    best = answer.best["profit_usd_per_1000"]
    everybody, by_risk, by_value = (policy["profit_usd_per_1000"]["value"] for policy in answer.policies[1:])
    if answer.best["cut_point"] is None:
        rate = f"{100 * inputs.save_rate:.0f} %"
        if by_value <= 0:
            return f"At a save rate of {rate} calling earns nothing: no cut-point pays for its calls."
        by_value_words = f"calling by expected value earns {by_value:,.0f} USD for {PER:,} customers"
        return f"At a save rate of {rate} no cut-point pays for its calls; {by_value_words}."
    text = (
        f"Calling from {answer.best['cut_point']:.2f} earns {best['value']:,.0f} USD for {PER:,} customers, calling "
        f"everybody {everybody:,.0f}, by risk only {by_risk:,.0f}, by expected value {by_value:,.0f}. "
        f"{taken_off(answer.best)}"
    )
    if best["low"] < 0:
        text += " With bad luck or the lowest save rate it may cost money instead."
    return text
