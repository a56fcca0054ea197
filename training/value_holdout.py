"""Fit the value model up to a date, forecast the days after it, and compare with what was bought then."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.events.columns import CODE_OF_KIND, DAY_US, UNKNOWN_USER, Events, Floats, Micros
from app.events.histories import LARGEST_AMOUNT
from app.events.purchases import PurchaseSummary, has_cancelled, purchase_summary
from app.events.value import ValueModel, expected_purchases, median_purchases, spend_per_purchase
from app.performance.held_out import ROUNDS, TAILS, rounded
from training.largest_likelihood import Fitted
from training.value_fitting import fit_buying, fit_spending

MOST_FREQUENCY: Final = 7
"""Repeat purchases from which customers share the last row of a table."""
RIVAL: Final = "same_as_last_period"
_DECIMALS: Final = 4


def fitted_model(
    summary: PurchaseSummary, version: str = "", currency: str = "", trained_on: str = ""
) -> tuple[ValueModel, Fitted, Fitted]:
    """Fit buying and spending, and make both a model that answers.

    Raises
    ------
    FitRefused
        The purchases do not say enough.
    """
    buying, spending = fit_buying(summary), fit_spending(summary)
    model = ValueModel(version, **buying.values, **spending.values, currency=currency, trained_on=trained_on)
    return model, buying, spending


def hold_out(events: Events, as_of: Micros, horizons_days: Sequence[int], seed: int) -> dict[str, Any]:
    """Calibrate on what came before a date, and judge the forecasts of what came after it.

    Parameters
    ----------
    events : Events
        A log that reaches beyond the date.
    as_of : int, microseconds since 1970-01-01 UTC
        Nothing at or after it is fitted on; everybody with a purchase before it is forecast.
    horizons_days : sequence of int
        Days after the date that are forecast, each from the same fit.
    seed : int
        Seed of the resamples behind the intervals.

    Returns
    -------
    dict
        Parameters and, by horizon, a table by frequency and the errors beside the rival's: as many purchases, and as
        much money, as in the days before the date. Expected numbers are judged by squared errors, medians by absolute
        ones (Gneiting 2011); both errors are told of both, with 95 % intervals of the paired differences over
        customers. Money is in the log's currency, net of refunds.
        As in the service, nothing is expected of who cancelled and has not bought since.

    Raises
    ------
    FitRefused
        The purchases before the date do not say enough.
    ValueError
        The log does not reach as far back or ahead as the longest horizon.
    """
    first, last = int(events.ts.min()) // DAY_US, int(events.ts.max()) // DAY_US
    longest, day = max(horizons_days), as_of // DAY_US
    if day - longest < first or day + longest > last + 1:
        raise ValueError(f"the log does not reach {longest} days back and ahead of the date")
    everybody = purchase_summary(events, as_of)
    model, buying, spending = fitted_model(everybody)
    buyers = everybody.take(everybody.has_bought)
    return {
        "as_of": str(np.datetime64(as_of, "us").astype("datetime64[D]")),
        "customers": len(buyers),
        "repeaters": int((buyers.frequency > 0).sum()),
        "parameters": {**buying.values, **spending.values},
        "horizons": [_horizon(events, as_of, days, model, everybody, seed) for days in horizons_days],
    }


def _horizon(
    events: Events, as_of: Micros, days: int, model: ValueModel, everybody: PurchaseSummary, seed: int
) -> dict[str, Any]:
    chosen = everybody.has_bought
    buyers = everybody.take(chosen)
    ahead, before = (_bought(events, start, days) for start in (as_of, as_of - days * DAY_US))
    actual, spent = ahead[0][chosen], ahead[1][chosen]
    last, last_spent = before[0][chosen], before[1][chosen]
    stays = np.where(has_cancelled(events, as_of)[chosen], 0.0, 1.0)
    expected, median = (stays * answer(model, buyers, days) for answer in (expected_purchases, median_purchases))
    each = spend_per_purchase(model, buyers)
    counts = {"expected": expected, "median": median, RIVAL: last}
    money = {"expected": expected * each, "median_purchases": median * each, RIVAL: last_spent}
    return {
        "days": days,
        "by_frequency": _by_frequency(buyers.frequency, {"actual": actual, **counts}, {"actual": spent, **money}),
        "purchases": {"total": _totals({"actual": actual, **counts}), **_errors(counts, actual, seed)},
        "spend": {"total": _totals({"actual": spent, **money}), **_errors(money, spent, seed)},
    }


def _bought(events: Events, start: Micros, days: int) -> tuple[Floats, Floats]:
    """Count the days with a purchase of each user in a window, and the money less refunds."""
    window = (events.ts >= start) & (events.ts < start + days * DAY_US) & (events.user != UNKNOWN_USER)
    inside = events.take(window)
    summary = purchase_summary(inside, start + days * DAY_US)
    signs = (inside.kind == CODE_OF_KIND["purchase"]) * 1.0 - (inside.kind == CODE_OF_KIND["refund"])
    value = np.clip(np.nan_to_num(inside.value), 0.0, LARGEST_AMOUNT)
    money: Floats = np.bincount(inside.user, signs * value, minlength=len(events.user_ids)).astype(np.float64)
    return summary.frequency + summary.has_bought, money


def _by_frequency(frequency: Floats, counts: Mapping[str, Floats], money: Mapping[str, Floats]) -> list[dict[str, Any]]:
    """Give means by repeat purchases before the date; those of ``MOST_FREQUENCY`` or more together."""
    group = np.minimum(frequency, MOST_FREQUENCY)
    rows = []
    for value in np.unique(group):
        inside = group == value
        rows.append({
            "frequency": f"{value:.0f}" + ("+" if value == MOST_FREQUENCY else ""),
            "customers": int(inside.sum()),
            "purchases": {name: _mean(values[inside]) for name, values in counts.items()},
            "spend": {name: _mean(values[inside]) for name, values in money.items()},
        })  # fmt: skip
    return rows


def _errors(forecasts: Mapping[str, Floats], actual: Floats, seed: int) -> dict[str, Any]:
    """Give both errors of each forecast, and how much larger they are than the rival's (below 0: better)."""
    told: dict[str, Any] = {"mae": {}, "rmse": {}, "mae_minus_rival": {}, "mse_minus_rival": {}}
    for name, values in forecasts.items():
        absolute, squared = np.abs(values - actual), (values - actual) ** 2
        told["mae"][name] = _mean(absolute)
        told["rmse"][name] = round(float(np.sqrt(squared.mean())), _DECIMALS)
        if name != RIVAL:
            rival = forecasts[RIVAL] - actual
            told["mae_minus_rival"][name] = paired_difference(absolute, np.abs(rival), seed)
            told["mse_minus_rival"][name] = paired_difference(squared, rival**2, seed)
    return told


def paired_difference(own: Floats, rival: Floats, seed: int) -> dict[str, float]:
    """Give the mean of ``own - rival`` over customers with its 95 % percentile interval over resampled customers."""
    random = np.random.default_rng(seed)
    difference = own - rival
    means = [difference[random.integers(0, len(own), len(own))].mean() for _ in range(ROUNDS)]
    return dict(rounded(float(difference.mean()), *(float(bound) for bound in np.quantile(means, TAILS))))


def _totals(columns: Mapping[str, Floats]) -> dict[str, float]:
    return {name: round(float(values.sum()), 2) for name, values in columns.items()}


def _mean(values: NDArray[np.float64]) -> float:
    return round(float(values.mean()), _DECIMALS)
