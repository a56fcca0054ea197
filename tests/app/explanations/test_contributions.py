"""Contributions add up: on any accepted customer, on the whole public file, and for the lifetime value."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.explanations.contributions import ClvTerms, explain, explain_clv
from app.telecom.features import DESIGN_COLUMNS, MODELLED_FIELDS, design_matrix
from app.telecom.scoring import score
from tests.app.explanations.sealed_models import FIELD_SETS, SHIPPED, frame_of, frames, typical_customer
from training.datasets import columns_of, load_bigml


def assert_adds_up(columns, field_set):
    shipped = SHIPPED[field_set]
    explained = explain(columns, shipped.scoring, shipped.forest)
    assert explained.fields == MODELLED_FIELDS[field_set]
    np.testing.assert_allclose(explained.base + explained.contributions.sum(axis=1), explained.total, atol=1e-9)
    forest_score, _ = shipped.scoring.graph(design_matrix(columns, field_set))
    np.testing.assert_allclose(explained.total, forest_score, atol=1e-6)


def assert_value_adds_up(columns, field_set):
    shipped = SHIPPED[field_set]
    explained = explain_clv(columns, shipped.terms)
    _, value = shipped.scoring.graph(design_matrix(columns, field_set))
    scale = np.abs(explained.contributions).sum(axis=1) + abs(explained.base)
    assert (abs(explained.base + explained.contributions.sum(axis=1) - explained.total) <= 1e-12 * scale).all()
    # The graph reads the bill as single precision and multiplies; the card's terms are its doubles.
    np.testing.assert_allclose(explained.total, value, rtol=1e-7, atol=1e-4)
    answer = score(columns, shipped.scoring)
    np.testing.assert_allclose(np.maximum(explained.total, 0), answer.clv_usd, rtol=1e-7, atol=0.006)


@pytest.mark.parametrize("field_set", FIELD_SETS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_contributions_of_any_accepted_customer_add_up_to_the_forests_score(field_set, data):
    assert_adds_up(data.draw(frames(field_set)), field_set)


@pytest.mark.parametrize("field_set", FIELD_SETS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_contributions_of_any_accepted_customer_add_up_to_the_lifetime_value(field_set, data):
    assert_value_adds_up(data.draw(frames(field_set)), field_set)


@pytest.mark.real_data
@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_contributions_add_up_on_the_whole_reporting_file(field_set, real_data):
    columns = columns_of(load_bigml(real_data / "churn-bigml-20.csv"))
    assert len(columns["account_length"]) == 667
    assert_adds_up(columns, field_set)
    assert_value_adds_up(columns, field_set)


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_a_row_is_explained_the_same_alone_and_in_company(field_set):
    shipped = SHIPPED[field_set]
    customers = [typical_customer(field_set, customer_service_calls=calls) for calls in (0.0, 4.0, 9.0)]
    together = explain(frame_of(*customers), shipped.scoring, shipped.forest)
    for row, customer in enumerate(customers):
        alone = explain(frame_of(customer), shipped.scoring, shipped.forest)
        np.testing.assert_array_equal(alone.contributions[0], together.contributions[row])
        assert alone.total[0] == together.total[row]


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_no_customer_has_no_explanation(field_set):
    shipped = SHIPPED[field_set]
    empty = {name: np.empty(0) for name in MODELLED_FIELDS[field_set]}
    for explained in (explain(empty, shipped.scoring, shipped.forest), explain_clv(empty, shipped.terms)):
        assert explained.contributions.shape == (0, len(MODELLED_FIELDS[field_set]))
        assert explained.total.shape == (0,)


def test_many_service_calls_are_the_largest_reason_of_a_customer_with_a_low_bill():
    shipped = SHIPPED["usage"]
    angry = typical_customer("usage", customer_service_calls=6.0, total_day_minutes=120.0, total_eve_minutes=150.0)
    explained = explain(frame_of(angry), shipped.scoring, shipped.forest)
    largest = explained.fields[int(np.argmax(explained.contributions[0]))]
    assert largest == "customer_service_calls"
    assert explained.contributions[0].max() > 0.3


def test_half_of_the_product_of_tenure_and_bill_belongs_to_each():
    names = DESIGN_COLUMNS["usage"]
    means = np.zeros(len(names))
    tenure, bill = names.index("account_length"), names.index("monthly_charge_usd")
    means[tenure], means[bill] = 10.0, 20.0
    terms = ClvTerms("usage", np.zeros(len(names)), 0.0, 3.0, means)
    customer = typical_customer("usage") | dict.fromkeys(MODELLED_FIELDS["usage"][9:], 0.0)
    customer |= {"account_length": 14.0, "total_day_minutes": 200.0}  # a bill of 34 USD
    explained = explain_clv(frame_of(customer), terms)
    found = dict(zip(explained.fields, explained.contributions[0], strict=True))
    assert explained.base == 3 * 10 * 20
    assert explained.total[0] == pytest.approx(3 * 14 * 34)
    # The first factor moves by 4 at a bill of 20 or of 34, the second by 14 at a tenure of 10 or of 14.
    assert found["account_length"] == pytest.approx((3 * 4 * 20 + 3 * 4 * 34) / 2)
    minutes = sum(found[name] for name in MODELLED_FIELDS["usage"][9:])
    assert minutes == pytest.approx((3 * 14 * 10 + 3 * 14 * 14) / 2)


def test_a_version_sealed_without_its_regression_has_no_terms():
    card = SHIPPED["core"].card
    assert ClvTerms.from_card({**card, "clv": {}}) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda linear: linear.update(columns=linear["columns"][::-1]),
        lambda linear: linear.update(product=["account_length", "total_day_minutes"]),
        lambda linear: linear.update(means=linear["means"][:-1]),
        lambda linear: linear.update(coefficients=linear["coefficients"] + [1.0]),
        lambda linear: linear.pop("intercept_usd"),
    ],
)
def test_a_regression_for_other_columns_is_not_read(change):
    card = copy.deepcopy(SHIPPED["usage"].card)
    ClvTerms.from_card(card)
    change(card["clv"]["linear"])
    with pytest.raises((ValueError, KeyError)):
        ClvTerms.from_card(card)
