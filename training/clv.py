"""Fit the lifetime-value regression of a field set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from app.telecom.clv import ClvInterval
from app.telecom.features import DESIGN_COLUMNS, MODELLED_CORE, MONTHLY_CHARGE, FieldSet

Floats = NDArray[np.float64]
Design = NDArray[np.float32]

COVERAGE: Final = 0.90
CLV_COLUMNS: Final[Mapping[FieldSet, tuple[str, ...]]] = {
    "core": MODELLED_CORE,
    "usage": (*MODELLED_CORE, MONTHLY_CHARGE),
}
"""Design columns the regression reads: with the minutes known, all their money is in the monthly charge."""


@dataclass(frozen=True)
class FittedClv:
    """A fitted regression as plain numbers over the whole design matrix, with its interval.

    Attributes
    ----------
    coefficients : ndarray, shape (k,)
        USD per unit of each design column, zero for columns the regression does not read.
    intercept_usd : float
        USD.
    out_of_fold_usd : ndarray, shape (n,)
        Prediction for each training customer by a regression fitted without the customer's fold, not below 0.
    """

    pipeline: Pipeline
    coefficients: Floats
    intercept_usd: float
    interval: ClvInterval
    out_of_fold_usd: Floats


def clv_design(design: Design, field_set: FieldSet) -> Floats:
    """Pick the columns the regression reads: shape (n, len(CLV_COLUMNS[field_set]))."""
    return design[:, [DESIGN_COLUMNS[field_set].index(name) for name in CLV_COLUMNS[field_set]]].astype(np.float64)


def fit_clv(design: Design, target_usd: Floats, field_set: FieldSet, remaining_months: float, seed: int) -> FittedClv:
    """Fit a linear regression to the derived target and take its interval from held-out residuals.

    Parameters
    ----------
    design : ndarray, shape (n, k)
        Design matrix of the field set.
    target_usd : ndarray, shape (n,)
        Lifetime value by the formula (USD).
    remaining_months : float
        Expected remaining months behind the target; part of the scale of residuals.
    seed : int
        Seed of the folds.
    """
    chosen = clv_design(design, field_set)
    pipeline = make_pipeline(StandardScaler(), LinearRegression())
    held_out = np.maximum(
        cross_val_predict(pipeline, chosen, target_usd, cv=KFold(10, shuffle=True, random_state=seed)), 0
    )
    tenure = chosen[:, CLV_COLUMNS[field_set].index("account_length")]
    scaled = (target_usd - held_out) / (tenure + remaining_months)
    low, high = np.quantile(scaled, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    pipeline.fit(chosen, target_usd)
    scaler, regression = pipeline[0], pipeline[1]
    slopes = regression.coef_ / scaler.scale_
    coefficients = np.zeros(design.shape[1])
    coefficients[[DESIGN_COLUMNS[field_set].index(name) for name in CLV_COLUMNS[field_set]]] = slopes
    interval = ClvInterval(round(float(low), 6), round(float(high), 6), round(remaining_months, 6), COVERAGE)
    return FittedClv(pipeline, coefficients, float(regression.intercept_ - slopes @ scaler.mean_), interval, held_out)
