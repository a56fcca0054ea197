"""The simulator: documented marginals, a label drawn from the probability it reports, reproducible by seed."""

import numpy as np
import pandas as pd
import pytest

from app.telecom.features import FIELDS, MINUTE_NAMES, US_STATES, monthly_charge_usd
from training.datasets import columns_of
from training.simulate import CHURN_PROBABILITY_TRUE, churn_probability, simulate

ROWS = 200_000


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    return simulate(ROWS, seed=11)


def customer(**changes: float) -> dict[str, np.ndarray]:
    """Give one ordinary customer: no plan, a middling bill, one service call."""
    values = {field.name: 0.0 for field in FIELDS if field.kind != "code"}
    values |= {"total_day_minutes": 200.0, "total_eve_minutes": 200.0, "total_night_minutes": 200.0}
    values |= {"total_intl_minutes": 10.0, "total_intl_calls": 4.0, "customer_service_calls": 1.0}
    return {name: np.array([value]) for name, value in (values | changes).items()}


@pytest.mark.parametrize("n_rows", [0, 1, 17])
def test_any_number_of_rows_has_every_column_and_type(n_rows: int) -> None:
    frame = simulate(n_rows, seed=5)
    assert len(frame) == n_rows
    assert list(frame.columns) == [*(field.name for field in FIELDS), "churned", CHURN_PROBABILITY_TRUE]
    assert {str(frame[field.name].dtype) for field in FIELDS if field.kind != "code"} == {"float64"}
    assert frame["churned"].dtype == np.bool_


def test_a_seed_means_one_frame() -> None:
    pd.testing.assert_frame_equal(simulate(500, seed=8), simulate(500, seed=8))
    other = simulate(500, seed=9)
    same = [name for name in other if (simulate(500, seed=8)[name] == other[name]).all()]
    assert same == []


@pytest.mark.parametrize(("n_rows", "seed"), [(-1, 0), (1, -1)])
def test_negative_arguments_are_refused(n_rows: int, seed: int) -> None:
    with pytest.raises(ValueError, match=r"-1|non-negative"):
        simulate(n_rows, seed)


def test_every_value_is_one_the_service_accepts(customers: pd.DataFrame) -> None:
    for field in FIELDS:
        if field.is_number:
            assert customers[field.name].between(0, field.maximum).all(), field.name
        if field.kind in ("count", "flag"):
            assert (customers[field.name] % 1 == 0).all(), field.name
    assert set(customers["state"]) == set(US_STATES)
    for name in MINUTE_NAMES:
        tenths = customers[name] * 10
        assert (tenths - tenths.round()).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("name", "mean", "deviation"),
    [
        ("account_length", 101.06, 39.82),
        ("international_plan", 0.0969, 0.2959),
        ("voice_mail_plan", 0.2766, 0.4474),
        ("number_vmail_messages", 8.10, 13.69),
        ("total_day_minutes", 179.78, 54.47),
        ("total_eve_minutes", 200.98, 50.71),
        ("total_night_minutes", 200.87, 50.57),
        ("total_intl_minutes", 10.24, 2.79),
        ("total_day_calls", 100.44, 20.07),
        ("total_eve_calls", 100.11, 19.92),
        ("total_night_calls", 100.11, 19.57),
        ("total_intl_calls", 4.479, 2.461),
        ("customer_service_calls", 1.563, 1.315),
    ],
)
def test_marginals_match_the_public_table(customers: pd.DataFrame, name: str, mean: float, deviation: float) -> None:
    assert abs(customers[name].mean() - mean) < 0.04 * deviation
    assert customers[name].std() == pytest.approx(deviation, rel=0.06)


def test_shares_of_codes_and_messages(customers: pd.DataFrame) -> None:
    states = customers["state"].value_counts(normalize=True)
    assert states.between(0.9 / 51, 1.1 / 51).all()
    shares = customers["area_code"].value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx({"408": 0.25, "415": 0.50, "510": 0.25}, abs=0.005)
    has_plan = customers["voice_mail_plan"] == 1
    assert (customers.loc[~has_plan, "number_vmail_messages"] == 0).all()
    assert customers.loc[has_plan, "number_vmail_messages"].mean() == pytest.approx(29.3, abs=0.2)


def test_labels_follow_the_reported_probability(customers: pd.DataFrame) -> None:
    churned, probability = customers["churned"], customers[CHURN_PROBABILITY_TRUE]
    assert probability.between(0, 1).all()
    assert 0.14 <= churned.mean() <= 0.15
    for low, high in [(0.0, 0.036), (0.036, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)]:
        inside = probability.between(low, high, inclusive="right")
        error = np.sqrt((probability[inside] * (1 - probability[inside])).sum()) / inside.sum()
        assert abs(churned[inside].mean() - probability[inside].mean()) < 4 * error, (low, high)


def test_probability_is_the_mechanism_of_the_columns(customers: pd.DataFrame) -> None:
    np.testing.assert_array_equal(churn_probability(columns_of(customers)), customers[CHURN_PROBABILITY_TRUE])


@pytest.mark.parametrize(
    ("changes", "low", "high"),
    [
        ({}, 0.035, 0.036),
        ({"total_day_minutes": 350.0}, 0.97, 1.0),
        ({"total_day_minutes": 350.0, "voice_mail_plan": 1.0}, 0.035, 0.036),
        ({"international_plan": 1.0}, 0.035, 0.036),
        ({"international_plan": 1.0, "total_intl_calls": 2.0}, 0.97, 1.0),
        ({"international_plan": 1.0, "total_intl_minutes": 13.2}, 0.97, 1.0),
        ({"total_intl_calls": 2.0, "total_intl_minutes": 13.2}, 0.035, 0.036),
        ({"customer_service_calls": 4.0}, 0.035, 0.05),
        ({"customer_service_calls": 4.0, "total_day_minutes": 100.0}, 0.97, 1.0),
        ({"customer_service_calls": 3.0, "total_day_minutes": 100.0}, 0.035, 0.036),
    ],
)
def test_each_cause_drives_churn_alone(changes: dict[str, float], low: float, high: float) -> None:
    assert low <= churn_probability(customer(**changes))[0] <= high


def test_a_probability_between_the_extremes_exists() -> None:
    at_the_cut = customer(total_day_minutes=(74.0 - 28.7) / 0.17)
    assert monthly_charge_usd(at_the_cut)[0] == pytest.approx(74.0)
    assert churn_probability(at_the_cut)[0] == pytest.approx(1 - 0.51 * 0.965)


def test_the_rules_reach_about_a_ninth_of_the_customers(customers: pd.DataFrame) -> None:
    assert (customers[CHURN_PROBABILITY_TRUE] > 0.5).mean() == pytest.approx(0.113, abs=0.01)
