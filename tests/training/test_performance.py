"""What a version keeps of its held-out customers, and the words and tables of its page."""

import json

import numpy as np
import pandas as pd
import pytest

from app.registry.service import load_registry
from app.settings import ROOT
from app.telecom.clv import ClvAssumptions, expected_remaining_months
from app.telecom.features import monthly_charge_usd
from app.telecom.scoring import ScoringModel, score
from training.datasets import CHURNED, columns_of
from training.performance import comparison_of, held_out_of, performance_of, slices_of, sorted_for_sealing
from training.simulate import simulate

FRAME = simulate(400, seed=13)
ASSUMPTIONS = ClvAssumptions(annual_churn=0.15)


@pytest.fixture(params=["core", "usage"])
def sealed(request):
    return load_registry(ROOT / "models").champions[f"telecom-{request.param}"]


@pytest.fixture
def model(sealed):
    return ScoringModel.from_card(sealed.card, sealed.graph)


@pytest.fixture
def frame(model):
    return sorted_for_sealing(FRAME, model, ASSUMPTIONS)


def test_what_is_kept_is_what_is_answered(model, frame):
    held_out, answers, columns = (
        held_out_of(frame, model, ASSUMPTIONS),
        score(columns_of(frame), model),
        columns_of(frame),
    )
    np.testing.assert_array_equal(held_out.churn_probability, answers.churn_probability)
    np.testing.assert_array_equal(held_out.clv_usd, answers.clv_usd)
    np.testing.assert_array_equal(held_out.churned, frame[CHURNED])
    months = expected_remaining_months(ASSUMPTIONS)
    np.testing.assert_allclose(held_out.remaining_value_usd, monthly_charge_usd(columns) * months, atol=0.006)


def test_the_order_of_the_file_is_not_kept(model, frame):
    mixed = sorted_for_sealing(FRAME.sample(frac=1, random_state=0), model, ASSUMPTIONS)
    first, second = (held_out_of(rows, model, ASSUMPTIONS) for rows in (frame, mixed))
    np.testing.assert_array_equal(first.target_clv_usd, second.target_clv_usd)
    np.testing.assert_array_equal(first.churned, second.churned)
    assert first.to_npz() == second.to_npz()


def test_what_is_left_to_earn_is_estimated_where_the_bill_is_unknown(model, frame):
    held_out = held_out_of(frame, model, ASSUMPTIONS)
    months = expected_remaining_months(ASSUMPTIONS)
    if model.field_set == "usage":
        np.testing.assert_array_equal(held_out.predicted_remaining_usd, held_out.remaining_value_usd)
    else:
        tenure = columns_of(frame)["account_length"]
        np.testing.assert_allclose(
            held_out.predicted_remaining_usd * (tenure + months) / months, held_out.clv_usd, rtol=0.01, atol=0.5
        )


def test_slices_join_training_customers_with_held_out_ones():
    held_out, training = FRAME.iloc[:100], FRAME.iloc[100:]
    out_of_fold, probability = np.linspace(0, 1, 300), np.linspace(0, 1, 100)
    slices = slices_of(training, out_of_fold, held_out, probability, cut_point=0.5, seed=0)
    assert [dimension["name"] for dimension in slices["dimensions"]] == [
        "state", "area_code", "international_plan", "voice_mail_plan",
    ]  # fmt: skip
    plans = {row["value"]: row for row in slices["dimensions"][3]["rows"]}
    both = pd.concat([training, held_out])
    with_plan = both["voice_mail_plan"].to_numpy() == 1
    assert plans["yes"]["customers"] == with_plan.sum()
    expected = np.concatenate([out_of_fold, probability])[with_plan].mean()
    assert plans["yes"]["mean_probability"] == pytest.approx(expected, abs=1e-6)
    assert "400 customers" in slices["note"]


def a_compared(name, low, high):
    between = {"value": (low + high) / 2, "low": low, "high": high}
    return {
        "model": name,
        "brier_score": {"value": 0.02},
        "paired_difference": {"roc_auc": between, "brier_score": between},
    }


def test_the_comparison_names_who_is_clearly_better_and_worse():
    card = {
        "data": {"training": {"rows": 2666}},
        "churn": {
            "comparison": [
                {"model": "ours", "brier_score": {"value": 0.02}},
                a_compared("boosting", -0.003, -0.001),
                a_compared("forest", -0.001, 0.001),
                a_compared("logistic", 0.05, 0.08),
                {"model": "LightGBM", "not_compared": "Not installed."},
            ]
        },
    }
    found = comparison_of(card)
    assert found["message"] == "Clearly better by Brier score: boosting (0.0020 lower). Clearly worse: logistic."
    assert [row["is_this_model"] for row in found["rows"]] == [True, False, False, False, False]
    assert found["rows"][-1]["not_compared"] == "Not installed."
    assert found["rows"][-1]["roc_auc"] is None
    card["churn"]["comparison"] = card["churn"]["comparison"][:3:2]
    assert comparison_of(card)["message"] == "No rival is clearly better."


def test_a_page_is_json_of_moderate_size(sealed, model, frame):
    held_out = held_out_of(frame, model, ASSUMPTIONS)
    importance = {"rows": [{"label": "Day calls", "shap": {"value": 0.1}, "auc_drop": {"value": 0.1}}]}
    page = performance_of(sealed.card, held_out, importance, {})
    text = json.dumps(page, allow_nan=False)
    assert len(text) < 150_000
    assert page["limits"] == sealed.card["limits"]
    assert page["figures"] == sealed.card["reported"]["churn"]
