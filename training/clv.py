"""Fit the lifetime-value regression of a field set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
PRODUCT: Final = ("account_length", MONTHLY_CHARGE)
"""One more column where both are known. Without it the regression gives a new customer with a large bill twice the
formula's value; with it the regression can say what the formula says, for customers unlike these as well."""


@dataclass(frozen=True)
class FittedClv:
    """A fitted regression as plain numbers over the whole design matrix, with its interval.

    Attributes
    ----------
    coefficients : ndarray, shape (k,)
        USD per unit of each design column, zero for columns the regression does not read.
    product_coefficient : float
        USD per unit of ``PRODUCT``; zero when the monthly charge is unknown.
    intercept_usd : float
        USD.
    out_of_fold_usd : ndarray, shape (n,)
        Prediction for each training customer by a regression fitted without the customer's fold, not below 0.
    means : ndarray, shape (k,)
        Mean of each design column over the training rows: where an explanation starts.
    """

    pipeline: Pipeline
    coefficients: Floats
    product_coefficient: float
    intercept_usd: float
    interval: ClvInterval
    out_of_fold_usd: Floats
    means: Floats

    def to_card(self, field_set: FieldSet) -> dict[str, Any]:
        """Give the regression as plain numbers over the design columns, for explanations."""
        return {
            "columns": list(DESIGN_COLUMNS[field_set]),
            "coefficients": self.coefficients.tolist(),
            "intercept_usd": self.intercept_usd,
            "product": list(PRODUCT) if self.product_coefficient else None,
            "product_coefficient": self.product_coefficient,
            "means": self.means.tolist(),
        }


def clv_design(design: Design, field_set: FieldSet) -> Floats:
    """Pick the columns the regression reads, ``PRODUCT`` last where it is known: shape (n, columns), float64."""
    chosen = design[:, design_places(field_set, CLV_COLUMNS[field_set])].astype(np.float64)
    if MONTHLY_CHARGE not in CLV_COLUMNS[field_set]:
        return chosen
    factors = design[:, design_places(field_set, PRODUCT)].astype(np.float64)
    return np.column_stack([chosen, factors.prod(axis=1)])


def design_places(field_set: FieldSet, names: Sequence[str]) -> list[int]:
    """Find columns of the design matrix by name."""
    return [DESIGN_COLUMNS[field_set].index(name) for name in names]


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
    plain = len(CLV_COLUMNS[field_set])
    coefficients = np.zeros(design.shape[1])
    coefficients[design_places(field_set, CLV_COLUMNS[field_set])] = slopes[:plain]
    product = float(slopes[plain:].sum())
    interval = ClvInterval(round(float(low), 8), round(float(high), 8), round(remaining_months, 6), COVERAGE)
    intercept = float(regression.intercept_ - slopes @ scaler.mean_)
    return FittedClv(
        pipeline, coefficients, product, intercept, interval, held_out, design.mean(axis=0, dtype=np.float64)
    )
