"""Customer lifetime value of a contractual subscriber: the assumptions, the training target and the interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.telecom.features import Columns, monthly_charge_usd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ClvAssumptions:
    """What the lifetime value assumes about the portfolio; printed in every card.

    Attributes
    ----------
    annual_churn : float
        Share of the portfolio that leaves in a year, in [0, 1). The public table has no dates: its churn share is read
        as annual.
    annual_discount : float
        Yearly discount rate for money still to come.
    horizon_months : int
        Months ahead that are counted.
    """

    annual_churn: float
    annual_discount: float = 0.10
    horizon_months: int = 60


def expected_remaining_months(assumptions: ClvAssumptions) -> float:
    """Discounted months a subscriber of the portfolio is still expected to stay, within the horizon.

    The sum over months t = 1..H of (r / (1 + d))^t with monthly retention r = (1 - annual churn)^(1/12) and monthly
    discount 1 + d = (1 + annual discount)^(1/12): the expected residual lifetime of a contractual customer at constant
    retention (Fader and Hardie, 2007, "How to Project Customer Retention").

    Examples
    --------
    >>> round(expected_remaining_months(ClvAssumptions(annual_churn=0.0, annual_discount=0.0)), 6)
    60.0
    >>> round(expected_remaining_months(ClvAssumptions(annual_churn=0.1455)), 1)
    33.7
    """
    monthly = ((1.0 - assumptions.annual_churn) / (1.0 + assumptions.annual_discount)) ** (1.0 / 12.0)
    return float(np.sum(monthly ** np.arange(1, assumptions.horizon_months + 1)))


def target_clv_usd(columns: Columns, assumptions: ClvAssumptions) -> Floats:
    """Lifetime value by the formula: monthly charge x (tenure + expected remaining months).

    The target is derived from the inputs, not observed: nobody followed these customers to their end.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        ``account_length`` (float64, months) and the four minute columns (float64, minutes a month).
    assumptions : ClvAssumptions
        The portfolio's churn, the discount rate and the horizon.

    Returns
    -------
    ndarray, shape (n,)
        Past and expected future charges (float64, USD).

    Examples
    --------
    >>> from app.telecom.features import MINUTE_NAMES
    >>> customer = {name: np.array([100.0]) for name in MINUTE_NAMES} | {"account_length": np.array([10.0])}
    >>> target_clv_usd(customer, ClvAssumptions(0.0, 0.0, 12)).round(2).tolist()  # 57 USD x (10 + 12)
    [1254.0]
    """
    months = columns["account_length"] + expected_remaining_months(assumptions)
    return monthly_charge_usd(columns) * months


@dataclass(frozen=True)
class ClvInterval:
    """Prediction interval of the regression, from residuals of customers it was not fitted on.

    A residual is mostly a misjudged monthly charge times the months it is paid for, so residuals are divided by
    tenure + remaining months before their quantiles are taken, and multiplied back for each customer.

    Attributes
    ----------
    low_usd, high_usd : float
        Lower and upper quantile of the scaled held-out residuals (USD a month).
    remaining_months : float
        Expected remaining months that the scale adds to the tenure.
    coverage : float
        Share of customers the interval is meant to hold.
    """

    low_usd: float
    high_usd: float
    remaining_months: float
    coverage: float = 0.90

    def around(self, clv_usd: Floats, tenure_months: Floats) -> tuple[Floats, Floats]:
        """Bounds (USD), each shape (n,), never below zero and always around ``clv_usd``."""
        scale = tenure_months + self.remaining_months
        low = np.maximum(clv_usd + self.low_usd * scale, 0.0)
        high = np.maximum(clv_usd + self.high_usd * scale, 0.0)
        return np.minimum(low, clv_usd), np.maximum(high, clv_usd)
