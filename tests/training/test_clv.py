import numpy as np
import pytest

from app.telecom.clv import ClvAssumptions, expected_remaining_months, target_clv_usd
from app.telecom.features import design_matrix
from training.clv import clv_design, fit_clv
from training.datasets import columns_of
from training.simulate import simulate

ASSUMPTIONS = ClvAssumptions(annual_churn=0.15)
REMAINING = expected_remaining_months(ASSUMPTIONS)


def fitted(field_set):
    columns = columns_of(simulate(3000, seed=1))
    return fit_clv(
        design_matrix(columns, field_set), target_clv_usd(columns, ASSUMPTIONS), field_set, REMAINING, seed=0
    )


@pytest.mark.parametrize(("field_set", "least_r2"), [("usage", 0.97), ("core", 0.70)])
def test_the_regression_explains_the_target_of_unseen_customers(field_set, least_r2):
    columns = columns_of(simulate(3000, seed=2))
    design, target = design_matrix(columns, field_set), target_clv_usd(columns, ASSUMPTIONS)
    model = fitted(field_set)
    predicted = model.pipeline.predict(clv_design(design, field_set))
    assert 1 - ((target - predicted) ** 2).sum() / ((target - target.mean()) ** 2).sum() > least_r2
    low, high = model.interval.around(np.maximum(predicted, 0), columns["account_length"])
    assert ((low <= target) & (target <= high)).mean() == pytest.approx(model.interval.coverage, abs=0.03)


@pytest.mark.parametrize("field_set", ["usage", "core"])
def test_the_plain_coefficients_are_the_pipeline(field_set):
    design = design_matrix(columns_of(simulate(200, seed=3)), field_set)
    model = fitted(field_set)
    by_hand = design.astype(np.float64) @ model.coefficients + model.intercept_usd
    np.testing.assert_allclose(by_hand, model.pipeline.predict(clv_design(design, field_set)), rtol=1e-9)
