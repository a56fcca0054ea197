"""The bars of the held-out 20 % file, measured through the HTTP API."""

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
)

from app.performance.curves import calibration_error
from app.telecom.clv import ClvAssumptions, target_clv_usd
from app.telecom.features import FIELDS, MINUTE_NAMES
from training.datasets import CHURNED, columns_of, load_bigml

pytestmark = pytest.mark.real_data


def as_requests(frame, *, with_minutes):
    fields = [field for field in FIELDS if with_minutes or field.name not in MINUTE_NAMES]
    flags = {field.name for field in fields if field.kind == "flag"}
    return [
        {
            field.alias: ("yes" if row[field.name] else "no") if field.name in flags else row[field.name]
            for field in fields
        }
        for row in frame.astype(object).to_dict("records")
    ]


@pytest.fixture
def reporting(real_data):
    return load_bigml(real_data / "churn-bigml-20.csv")


def answers_for(client, frame, *, with_minutes):
    body = client.post("/batch-predict", json=as_requests(frame, with_minutes=with_minutes)).raise_for_status().json()
    assert body["count"] == len(frame) == len(body["predictions"])
    return body["predictions"]


@pytest.mark.parametrize("field_set", ["usage", "core"])
def test_bars(client, reporting, field_set):
    answers = answers_for(client, reporting, with_minutes=field_set == "usage")
    card = client.get(f"/models/telecom-{field_set}").json()
    churned = reporting[CHURNED].to_numpy(np.bool_)
    probability = np.array([answer["churn_probability"] for answer in answers])
    called = probability >= card["churn"]["decision_cut_point"]
    clv = np.array([answer["estimated_clv"] for answer in answers])
    columns = columns_of(reporting)
    target = target_clv_usd(columns, ClvAssumptions(card["clv"]["assumptions"]["annual_churn"]))
    figures = {
        "accuracy": accuracy_score(churned, called),
        "precision": precision_score(churned, called),
        "recall": recall_score(churned, called),
        "f1": f1_score(churned, called),
        "roc_auc": roc_auc_score(churned, probability),
        "brier_score": brier_score_loss(churned, probability),
        "calibration_error": calibration_error(churned, probability),
    }
    for name, value in figures.items():
        assert value == pytest.approx(card["reported"]["churn"][name]["value"], abs=2e-6), name
    least, most = {
        "usage": (
            {"accuracy": 0.975, "precision": 0.95, "recall": 0.86, "f1": 0.91, "roc_auc": 0.925},
            {"brier_score": 0.023, "calibration_error": 0.035},
        ),
        "core": ({"roc_auc": 0.70}, {"brier_score": 0.110, "calibration_error": 0.05}),
    }[field_set]
    assert {name: figures[name] for name in least if figures[name] < least[name]} == {}
    assert {name: figures[name] for name in most if figures[name] > most[name]} == {}
    assert r2_score(target, clv) >= {"usage": 0.97, "core": 0.73}[field_set]
    if field_set == "usage":
        assert np.abs(target - clv).mean() <= 0.04 * target.mean()


def test_one_customer_and_a_batch_give_the_same_numbers(client, reporting):
    some = reporting.head(25)
    batch = answers_for(client, some, with_minutes=True)
    for asked, expected in zip(as_requests(some, with_minutes=True), batch, strict=True):
        alone = client.post("/predict", json=asked).raise_for_status().json()
        assert {**alone, "prediction_id": ""} == {**expected, "prediction_id": ""}


def test_spelling_does_not_move_a_score(client, reporting):
    asked = as_requests(reporting.head(5), with_minutes=True)
    upper = [
        {key: value.upper() if isinstance(value, str) else f" {value} " for key, value in customer.items()}
        for customer in asked
    ]
    lower = [
        {key: value.lower() if isinstance(value, str) else value for key, value in customer.items()}
        for customer in asked
    ]
    answers = [
        client.post("/batch-predict", json=body).raise_for_status().json()["predictions"] for body in (upper, lower)
    ]
    for one, other in zip(*answers, strict=True):
        assert one["churn_probability"] == other["churn_probability"]
