"""Search the parameters of the largest likelihood, bound them by its curvature, and say when they lie at a limit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats]]
"""Logarithms of the parameters to the log-likelihood and its derivatives by them."""

BOUND: Final = 9.0
"""Largest absolute logarithm that is searched; the limits beyond (nobody stops, all alike) look the same."""
GRADIENT_TOLERANCE: Final = 1e-4
_NORMAL_95: Final = 1.959963984540054
_STEP: Final = 1e-4
_DIGITS: Final = 8
_LARGEST_LOGARITHM: Final = 50.0


class FitRefused(ValueError):
    """The purchases do not say enough, or no largest likelihood was found."""


@dataclass(frozen=True)
class Fitted:
    """Parameters at the largest likelihood.

    Attributes
    ----------
    values : dict of str to float
        By name, to 8 digits.
    intervals : dict of str to (float, float) or None
        95 % from the curvature of the likelihood in the logarithms; None where the data leave a parameter open.
    at_limit : tuple of str
        Parameters at the edge of what is searched, as ``a`` when nobody seems to stop, or ``p`` when everybody always
        pays the same. The answers are those of the limit, the parameters alone mean little.
    log_likelihood : float
        Of all customers together.
    customers, distinct : int
        Customers behind it, and how many of them differ.
    """

    values: dict[str, float]
    intervals: dict[str, tuple[float, float] | None]
    at_limit: tuple[str, ...]
    log_likelihood: float
    customers: int
    distinct: int


def largest_likelihood(
    likelihood: Likelihood,
    mix: Floats,
    starts: Sequence[Sequence[float]],
    names: Sequence[str],
    weight: Floats,
    units: Mapping[str, float],
    unit_term: float,
) -> Fitted:
    """Search from several starts and keep the best.

    Parameters
    ----------
    likelihood : callable
        Of all customers together.
    mix : ndarray, shape (k, k)
        From the logarithms that are searched to those of the parameters: a change of coordinates, no more.
    starts : sequence of sequences of float
        Where to begin, in the logarithms that are searched.
    names : sequence of str, length k
        Of the parameters; ``q`` is searched by its excess over 1.
    weight : ndarray, shape (n,)
        Customers behind each of the n distinct rows.
    units : mapping of str to float
        What a parameter of 1 is in the unit it is told in; 1 for names that are not there.
    unit_term : float
        What the change of unit adds to the log-likelihood.

    Raises
    ------
    FitRefused
        The likelihood still rises, and not towards a limit.
    """
    customers = float(weight.sum())

    def objective(searched: Floats) -> tuple[float, Floats]:
        value, gradient = likelihood(mix @ searched)
        return -value / customers, -(gradient @ mix) / customers

    options = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8}
    bounds = [(-BOUND, BOUND)] * len(names)
    runs = [
        minimize(objective, np.array(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        for start in starts
    ]
    best = min(runs, key=lambda run: float(run.fun))
    is_limit = np.abs(best.x) >= BOUND
    # At a limit the likelihood may go on rising, but outwards only.
    still_rises = np.where(is_limit, np.maximum(best.jac * np.sign(best.x), 0.0), np.abs(best.jac))
    logarithms = mix @ best.x
    if not still_rises.max() <= GRADIENT_TOLERANCE:
        at = ", ".join(f"{name} {np.exp(value):.3g}" for name, value in zip(names, logarithms, strict=True))
        raise FitRefused(f"no largest likelihood was found; it still rises at {at}")
    reach = _NORMAL_95 * _deviations(objective, best.x, is_limit, mix) / np.sqrt(customers)
    told = _in_units(names, logarithms, units)
    low, high = (_in_units(names, logarithms + side * reach, units) for side in (-1, 1))
    return Fitted(
        values={name: float(f"{value:.{_DIGITS}g}") for name, value in told.items()},
        intervals={
            name: (low[name], high[name]) if np.isfinite(part) else None
            for name, part in zip(names, reach, strict=True)
        },
        at_limit=tuple(name for name, reached in zip(names, is_limit, strict=True) if reached),
        log_likelihood=float(-best.fun * customers + unit_term),
        customers=int(customers),
        distinct=len(weight),
    )


def _in_units(names: Sequence[str], logarithms: Floats, units: Mapping[str, float]) -> dict[str, float]:
    values = np.exp(np.clip(logarithms, -_LARGEST_LOGARITHM, _LARGEST_LOGARITHM))
    return {
        name: value * float(units.get(name, 1.0)) + (1.0 if name == "q" else 0.0)
        for name, value in zip(names, values.tolist(), strict=True)
    }


def _deviations(
    objective: Callable[[Floats], tuple[float, Floats]], place: Floats, is_limit: NDArray[np.bool_], mix: Floats
) -> Floats:
    """Standard deviations of the parameters' logarithms, times the root of the customers; infinite where open.

    The covariance is the inverse of the observed information among what is not at a limit, from differences of
    gradients.
    """
    free = np.flatnonzero(~is_limit)
    steps = np.eye(len(place))[free] * _STEP
    rows = [(objective(place + step)[1] - objective(place - step)[1])[free] / (2 * _STEP) for step in steps]
    information = (np.array(rows) + np.array(rows).T) / 2
    try:
        covariance = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        covariance = np.full(information.shape, np.inf)
    variances = np.einsum("ki,ij,kj->k", mix[:, free], covariance, mix[:, free])
    is_open = (variances <= 0) | ~np.isfinite(variances) | mix[:, is_limit].any(axis=1)
    deviations: Floats = np.sqrt(np.where(is_open, np.inf, variances))
    return deviations
