"""Fit BG/NBD and Gamma-Gamma by maximum likelihood: gradients in closed form, equal customers counted once."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

from app.events.purchases import PurchaseSummary
from training.largest_likelihood import FitRefused, Fitted, Likelihood, largest_likelihood

Floats = NDArray[np.float64]

FEWEST_REPEATERS: Final = 50
"""Customers who bought again, below which nothing is fitted."""
BUYING: Final = ("r", "alpha_days", "a", "b")
SPENDING: Final = ("p", "q", "v")
_BUYING_MIX: Final = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]], dtype=np.float64)
"""Searched are r, the mean time between purchases alpha / r, the odds a / b of stopping, and b: they hardly pull on
each other, and users who are all alike, or never stop, lie at an end of one of them."""
_SPENDING_MIX: Final = np.array([[1, 0, 0], [0, 1, 0], [-1, 1, 1]], dtype=np.float64)
"""Searched are p, q - 1 and the mean spend p v / (q - 1)."""


def fit_buying(summary: PurchaseSummary) -> Fitted:
    """Fit BG/NBD to everybody who bought.

    Parameters
    ----------
    summary : PurchaseSummary
        Rows without a purchase are left out.

    Returns
    -------
    Fitted
        ``r``, ``alpha_days``, ``a``, ``b``; the same customers in any order give the same.

    Raises
    ------
    FitRefused
        Fewer than ``FEWEST_REPEATERS`` bought again, or no largest likelihood is found.
    """
    buyers = summary.take(summary.has_bought)
    repeaters = int((buyers.frequency > 0).sum())
    if repeaters < FEWEST_REPEATERS:
        raise FitRefused(f"{repeaters} customers bought on more than one day; {FEWEST_REPEATERS} are needed")
    (x, recency, age), weight = _counted(buyers.frequency, buyers.recency_days, buyers.age_days)
    # In units of the mean age, every parameter is of the order of 1.
    scale = _added(weight, age) / weight.sum()
    likelihood = buying_likelihood(x, recency / scale, age / scale, weight)
    starts = ((0.0, -1.0, -2.0, 1.0), (-1.0, 0.0, -1.0, 0.0), (0.0, 0.0, -5.0, 3.0))
    # The density of t_x has the unit of 1 / time for each repeat purchase.
    unit_term = -_added(weight, x) * np.log(scale)
    return largest_likelihood(likelihood, _BUYING_MIX, starts, BUYING, weight, {"alpha_days": scale}, unit_term)


def buying_likelihood(x: Floats, recency: Floats, age: Floats, weight: Floats) -> Likelihood:
    """Give the log-likelihood of BG/NBD and its gradient as a function of the logarithms of r, alpha, a and b.

    Parameters
    ----------
    x, recency, age : ndarray, shape (n,)
        Repeat purchases, when the last of them was, and the customer's age, both in the unit of alpha.
    weight : ndarray, shape (n,)
        Customers that each row stands for.

    Returns
    -------
    callable
        Logarithms, shape (4,), to the log-likelihood of all customers (equation 6 of Fader, Hardie and Lee 2005, whose
        constants it keeps) and its derivatives by the logarithms.
    """
    counts, place = np.unique(x, return_inverse=True)
    has_repeated = x > 0

    def likelihood(logarithms: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(logarithms)
        log_age, log_recency = np.log(alpha + age), np.log(alpha + recency)
        constant = (
            gammaln(r + counts) - gammaln(r) + r * np.log(alpha)
            + gammaln(a + b) + gammaln(b + counts) - gammaln(b) - gammaln(a + b + counts)
        )[place]  # fmt: skip
        before_last = np.where(has_repeated, b + x - 1, 1.0)
        stays = -(r + x) * log_age
        stopped = np.where(has_repeated, np.log(a) - np.log(before_last) - (r + x) * log_recency, -np.inf)
        either = np.logaddexp(stays, stopped)
        part = np.exp(stopped - either)
        by_r = (psi(r + counts) - psi(r) + np.log(alpha))[place] - (1 - part) * log_age - part * log_recency
        by_alpha = r / alpha - (r + x) * ((1 - part) / (alpha + age) + part / (alpha + recency))
        by_a = (psi(a + b) - psi(a + b + counts))[place] + part / a
        by_b = (psi(a + b) + psi(b + counts) - psi(b) - psi(a + b + counts))[place] - part / before_last
        slopes = (by_r * r, by_alpha * alpha, by_a * a, by_b * b)
        return _added(weight, constant + either), np.array([_added(weight, slope) for slope in slopes])

    return likelihood


def fit_spending(summary: PurchaseSummary) -> Fitted:
    """Fit Gamma-Gamma to everybody whose repeat days brought money.

    Parameters
    ----------
    summary : PurchaseSummary
        Rows without a repeat day of known money, or that gave everything back, are left out.

    Returns
    -------
    Fitted
        ``p``, ``q`` (above 1, so that a mean exists) and ``v`` in the log's currency.

    Raises
    ------
    FitRefused
        Fewer than ``FEWEST_REPEATERS`` are left, or no largest likelihood is found.
    """
    chosen = (summary.spend_days > 0) & (summary.mean_spend > 0)
    if chosen.sum() < FEWEST_REPEATERS:
        raise FitRefused(f"{chosen.sum()} customers spent on a repeat day; {FEWEST_REPEATERS} are needed")
    (x, mean), weight = _counted(summary.spend_days[chosen], summary.mean_spend[chosen])
    scale = _added(weight, mean) / weight.sum()
    likelihood = spending_likelihood(x, mean / scale, weight)
    starts = ((1.0, 1.0, 0.0), (0.0, 0.0, 0.0))
    unit_term = -float(weight.sum()) * np.log(scale)
    return largest_likelihood(likelihood, _SPENDING_MIX, starts, SPENDING, weight, {"v": scale}, unit_term)


def spending_likelihood(x: Floats, mean: Floats, weight: Floats) -> Likelihood:
    """Give the log-likelihood of Gamma-Gamma and its gradient as a function of the logarithms of p, q - 1 and v.

    Parameters
    ----------
    x, mean : ndarray, shape (n,)
        Purchases with known money, and their mean in the unit of v; both above 0.
    weight : ndarray, shape (n,)
        Customers that each row stands for.

    Returns
    -------
    callable
        Logarithms, shape (3,), to the log-likelihood (equation 1a of Fader and Hardie 2013) and its derivatives.
    """
    counts, place = np.unique(x, return_inverse=True)
    log_total = np.log(mean) + np.log(x)

    def likelihood(logarithms: Floats) -> tuple[float, Floats]:
        p, above_one, v = np.exp(logarithms)
        q = 1 + above_one
        log_sum = np.log(v + mean * x)
        constant = gammaln(p * counts + q) - gammaln(p * counts) - gammaln(q) + q * np.log(v)
        digamma = psi(p * counts + q)
        value = constant[place] + p * x * log_total - np.log(mean) - (p * x + q) * log_sum
        by_p = x * ((digamma - psi(p * counts))[place] + log_total - log_sum)
        by_q = (digamma - psi(q) + np.log(v))[place] - log_sum
        by_v = q / v - (p * x + q) / (v + mean * x)
        slopes = (by_p * p, by_q * above_one, by_v * v)
        return _added(weight, value), np.array([_added(weight, slope) for slope in slopes])

    return likelihood


def _added(weight: Floats, values: Floats) -> float:
    """Add up over customers, not by BLAS, whose threads wait for each other on a busy machine."""
    return float(np.einsum("n,n->", weight, values))


def _counted(*columns: Floats) -> tuple[tuple[Floats, ...], Floats]:
    """Count equal rows: the distinct ones by column, in a fixed order, and how often each occurs."""
    order = np.lexsort(columns)
    ordered = [column[order] for column in columns]
    starts = np.append(True, np.any([column[1:] != column[:-1] for column in ordered], axis=0))
    weight = np.diff(np.append(np.flatnonzero(starts), len(order))).astype(np.float64)
    return tuple(column[starts] for column in ordered), weight
