"""A simulator of the public churn table: the same columns, any number of rows, and the probability behind each label.

Tests, demos and load use it, so none of them needs the real table. Every customer is drawn independently.

Marginals (compared with the 3,333 rows of the public table)
-------------------------------------------------------------
========================  ==========================================================================================
account length            normal(101, 40), rounded, clipped to 1..243 months
state                     uniform over the 50 states and DC
area code                 408 (25 %), 415 (50 %), 510 (25 %), independent of the state, as in the public table
international plan        9.7 % yes
voice mail plan           27.5 % yes; with it normal(29.3, 7.5) messages clipped to 4..51, without it 0
day, evening, night       minutes normal(179.5, 54), (201, 51), (201, 51); calls normal(100, 20); none below 0
international             minutes normal(10.2, 2.8), none below 0; calls gamma(3.6, 4.5 / 3.6), rounded
customer service calls    Poisson(1.56)
========================  ==========================================================================================

Minutes carry one decimal. International calls are a rounded gamma because a Poisson of the same mean has too thin a
tail: its distance from the public table's shares is 0.18 against 0.06.

Churn mechanism
---------------
Four causes act independently, so a customer stays only if each fails to drive him out, with ``bill`` the month's total
charge in USD and ``ramp(x) = 1 / (1 + exp(-x))``:

1. a high bill without a voice mail plan: ``0.98 ramp(bill - 74)``;
2. an international plan hardly or heavily used (2 calls or fewer, or more than 13.1 minutes): ``0.98``;
3. four service calls or more on a low bill: ``0.98 ramp(56 - bill)``;
4. everybody else's reasons: ``0.035``.

``churn_probability = 1 - product of (1 - cause)``. The causes and their cuts are those a decision tree finds in the
public table (where the three rules reach 11 % of the rows at 99 % churn, and the rest churn at 3.7 %); the steps are
softened over a few dollars so that probabilities between the extremes exist. Overall churn is 14-15 %. The figures
describe an invented population, not a forecast of anything.
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.telecom.features import FIELDS, MINUTE_NAMES, US_STATES, monthly_charge_usd

Floats = NDArray[np.float64]

CHURN_PROBABILITY_TRUE: Final = "churn_probability_true"

AREA_CODE_SHARES: Final = {"408": 0.25, "415": 0.50, "510": 0.25}
INTERNATIONAL_PLAN_SHARE: Final = 0.097
VOICE_MAIL_PLAN_SHARE: Final = 0.275
INTERNATIONAL_CALLS_SHAPE: Final = 3.6
INTERNATIONAL_CALLS_MEAN: Final = 4.5
SERVICE_CALLS_MEAN: Final = 1.56

HIGH_BILL_USD: Final = 74.0
LOW_BILL_USD: Final = 56.0
FEW_INTERNATIONAL_CALLS: Final = 2
MANY_INTERNATIONAL_MINUTES: Final = 13.1
MANY_SERVICE_CALLS: Final = 4
CAUSE_STRENGTH: Final = 0.98
BACKGROUND_CHURN: Final = 0.035


def simulate(n_rows: int, seed: int) -> pd.DataFrame:
    """Draw customers of the public table's schema together with the probability that made each label.

    Parameters
    ----------
    n_rows : int
        How many customers; 0 gives an empty frame with every column.
    seed : int
        The same seed and the same number of rows give the same frame.

    Returns
    -------
    DataFrame, n_rows rows
        Columns as ``training.datasets`` gives them (``state`` and ``area_code`` categorical text, every other field
        float64 in its own unit, ``churned`` bool), then ``churn_probability_true`` (float64, 0-1): the generating
        probability of ``churned``, which no model may read.

    Raises
    ------
    ValueError
        ``n_rows`` or ``seed`` is negative.

    References
    ----------
    Daniel T. Larose (2005), *Discovering Knowledge in Data*, Wiley, chapter 3, explores the public table and finds
    the international-plan, service-call and day-minute effects.

    Examples
    --------
    >>> frame = simulate(1000, seed=1)
    >>> frame.shape, bool(frame.equals(simulate(1000, seed=1)))
    ((1000, 17), True)
    >>> bool(0.10 < frame["churned"].mean() < 0.20)
    True
    """
    if n_rows < 0:
        raise ValueError(f"n_rows must be 0 or more, got {n_rows}")
    rng = np.random.default_rng(seed)
    columns = _numbers(rng, n_rows)
    probability = churn_probability(columns)
    area_codes = np.searchsorted(np.cumsum(list(AREA_CODE_SHARES.values()))[:-1], rng.random(n_rows), side="right")
    data: dict[str, Floats | NDArray[np.bool_] | pd.Categorical[str]] = {
        **columns,
        "state": pd.Categorical.from_codes(rng.integers(0, len(US_STATES), n_rows), categories=pd.Index(US_STATES)),
        "area_code": pd.Categorical.from_codes(area_codes, categories=pd.Index(list(AREA_CODE_SHARES))),
    }
    data = {field.name: data[field.name] for field in FIELDS}
    data["churned"] = rng.random(n_rows) < probability
    data[CHURN_PROBABILITY_TRUE] = probability
    return pd.DataFrame(data)


def churn_probability(columns: dict[str, Floats]) -> Floats:
    """Evaluate the churn mechanism of the module's docstring.

    Parameters
    ----------
    columns : dict of str to ndarray, shape (n,)
        The numeric fields (float64; flags 0 or 1), in the units of ``app.telecom.features``.

    Returns
    -------
    ndarray, shape (n,), float64
        Probability of churn, between ``BACKGROUND_CHURN`` and 1.
    """
    bill = monthly_charge_usd(columns)
    without_voice_mail = 1.0 - columns["voice_mail_plan"]
    high_bill = CAUSE_STRENGTH * without_voice_mail * _ramp(bill - HIGH_BILL_USD)
    few_calls = columns["total_intl_calls"] <= FEW_INTERNATIONAL_CALLS
    many_minutes = columns["total_intl_minutes"] > MANY_INTERNATIONAL_MINUTES
    misfit_plan = CAUSE_STRENGTH * columns["international_plan"] * (few_calls | many_minutes)
    unhappy = columns["customer_service_calls"] >= MANY_SERVICE_CALLS
    low_bill = CAUSE_STRENGTH * unhappy * _ramp(LOW_BILL_USD - bill)
    stays = (1.0 - high_bill) * (1.0 - misfit_plan) * (1.0 - low_bill) * (1.0 - BACKGROUND_CHURN)
    probability: Floats = 1.0 - stays
    return probability


def _numbers(rng: np.random.Generator, n_rows: int) -> dict[str, Floats]:
    """Draw every field but the two codes, in a fixed order so that a seed means one frame."""
    voice_mail_plan = (rng.random(n_rows) < VOICE_MAIL_PLAN_SHARE).astype(np.float64)
    messages = _rounded_normal(rng, n_rows, 29.3, 7.5, low=4, high=51) * voice_mail_plan
    mean_and_deviation = {
        "total_day_minutes": (179.5, 54.0),
        "total_eve_minutes": (201.0, 51.0),
        "total_night_minutes": (201.0, 51.0),
        "total_intl_minutes": (10.2, 2.8),
    }
    minutes = {
        name: _rounded_normal(rng, n_rows, 10 * mean_and_deviation[name][0], 10 * mean_and_deviation[name][1]) / 10
        for name in MINUTE_NAMES
    }
    calls = {
        name: _rounded_normal(rng, n_rows, 100.0, 20.0)
        for name in ("total_day_calls", "total_eve_calls", "total_night_calls")
    }
    international = rng.gamma(INTERNATIONAL_CALLS_SHAPE, INTERNATIONAL_CALLS_MEAN / INTERNATIONAL_CALLS_SHAPE, n_rows)
    calls["total_intl_calls"] = np.rint(international)
    for name, values in minutes.items():
        values[calls[name.replace("_minutes", "_calls")] == 0] = 0.0
    return {
        "account_length": _rounded_normal(rng, n_rows, 101.0, 40.0, low=1, high=243),
        "international_plan": (rng.random(n_rows) < INTERNATIONAL_PLAN_SHARE).astype(np.float64),
        "voice_mail_plan": voice_mail_plan,
        "number_vmail_messages": messages,
        **minutes,
        **calls,
        "customer_service_calls": rng.poisson(SERVICE_CALLS_MEAN, n_rows).astype(np.float64),
    }


def _rounded_normal(
    rng: np.random.Generator, n_rows: int, mean: float, deviation: float, low: float = 0.0, high: float = np.inf
) -> Floats:
    values = rng.standard_normal(n_rows)
    values *= deviation
    values += mean
    np.rint(values, out=values)
    np.clip(values, low, high, out=values)
    return values


def _ramp(distance_usd: Floats) -> Floats:
    # Beyond 40 USD the ramp is 0 or 1 to double precision; clipping keeps exp from overflowing on extreme bills.
    slope: Floats = 1.0 / (1.0 + np.exp(-np.clip(distance_usd, -40.0, 40.0)))
    return slope
