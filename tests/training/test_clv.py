import json

import numpy as np
import pytest

from app.telecom.clv import ClvAssumptions, expected_remaining_months, target_clv_usd
from app.telecom.features import DESIGN_COLUMNS, design_matrix
from training.clv import PRODUCT, clv_design, design_places, fit_clv
from training.datasets import columns_of
from training.simulate import simulate

ASSUMPTIONS = ClvAssumptions(annual_churn=0.15)
REMAINING = expected_remaining_months(ASSUMPTIONS)


def fitted(field_set):
    columns = columns_of(simulate(3000, seed=1))
    return fit_clv(
        design_matrix(columns, field_set), target_clv_usd(columns, ASSUMPTIONS), field_set, REMAINING, seed=0
    )


@pytest.mark.parametrize(("field_set", "least_r2"), [("usage", 0.9999), ("core", 0.70)])
def test_the_regression_explains_the_target_of_unseen_customers(field_set, least_r2):
    columns = columns_of(simulate(3000, seed=2))
    design, target = design_matrix(columns, field_set), target_clv_usd(columns, ASSUMPTIONS)
    model = fitted(field_set)
    predicted = model.pipeline.predict(clv_design(design, field_set))
    assert 1 - ((target - predicted) ** 2).sum() / ((target - target.mean()) ** 2).sum() > least_r2
    low, high = model.interval.around(np.maximum(predicted, 0), columns["account_length"])
    inside = (np.floor(low * 100) <= target * 100) & (target * 100 <= np.ceil(high * 100))
    least = 0.99 if field_set == "usage" else model.interval.coverage - 0.03
    assert inside.mean() >= least
    for tenure in ((0, 30), (30, 70), (70, 130), (130, 170), (170, 600)):
        band = (columns["account_length"] >= tenure[0]) & (columns["account_length"] < tenure[1])
        assert inside[band].mean() >= least - 0.06, (tenure, inside[band].mean())


@pytest.mark.parametrize("field_set", ["usage", "core"])
def test_the_plain_coefficients_are_the_pipeline(field_set):
    design = design_matrix(columns_of(simulate(200, seed=3)), field_set)
    model = fitted(field_set)
    first, second = design_places(field_set, PRODUCT) if field_set == "usage" else (0, 0)
    product = model.product_coefficient * design[:, first].astype(np.float64) * design[:, second]
    by_hand = design.astype(np.float64) @ model.coefficients + product + model.intercept_usd
    np.testing.assert_allclose(by_hand, model.pipeline.predict(clv_design(design, field_set)), rtol=1e-9)


def test_a_new_customer_with_a_large_bill_is_worth_what_the_formula_says():
    columns = columns_of(simulate(1, seed=4)) | {
        "account_length": np.array([1.0]),
        "total_day_minutes": np.array([600.0]),
    }
    predicted = fitted("usage").pipeline.predict(clv_design(design_matrix(columns, "usage"), "usage"))
    np.testing.assert_allclose(predicted, target_clv_usd(columns, ASSUMPTIONS), rtol=1e-4)


@pytest.mark.parametrize("field_set", ["usage", "core"])
def test_the_card_holds_the_whole_regression(field_set):
    model, design = fitted(field_set), design_matrix(columns_of(simulate(200, seed=5)), field_set)
    linear = json.loads(json.dumps(model.to_card(field_set)))
    assert linear["columns"] == list(DESIGN_COLUMNS[field_set])
    assert (linear["product"] is None) == (field_set == "core")
    by_hand = linear["intercept_usd"] + design.astype(np.float64) @ np.array(linear["coefficients"])
    if linear["product"]:
        first, second = (linear["columns"].index(name) for name in linear["product"])
        by_hand += linear["product_coefficient"] * design[:, first].astype(np.float64) * design[:, second]
    np.testing.assert_allclose(by_hand, model.pipeline.predict(clv_design(design, field_set)), rtol=1e-9)
    trained_on = design_matrix(columns_of(simulate(3000, seed=1)), field_set)
    np.testing.assert_allclose(linear["means"], trained_on.mean(axis=0, dtype=np.float64), rtol=1e-12)
