"""Whose doing a difference is, in one sentence for every case."""

from typing import Any

import pytest

from app.explanations.answers import wire_difference
from app.explanations.changes import Difference, Model, Part, Prediction
from tests.app.explanations.sealed_models import SHIPPED, typical_customer

CORE, USAGE = (Model(SHIPPED[name].scoring, SHIPPED[name].forest) for name in ("core", "usage"))
VERSION, KNOWN, LOST = (USAGE, USAGE), (CORE, USAGE), (USAGE, CORE)


def told(models: tuple[Model, Model], customer: float, model: float) -> dict[str, Any]:
    """What is said of a difference of these two parts."""
    values = typical_customer("usage")
    sides = [Prediction(values, models[0], 0.1), Prediction(values, models[1], 0.1 + customer + model)]
    parts = [Part(change, change, 0.0, {}) for change in (customer, model)]
    difference = Difference(0.1, 0.1 + customer + model, *parts, models[0].scoring)
    rows = [
        {"id": "1", "created_at": "", "tier": "Low", "churn_probability": side.churn_probability,
         "model_name": side.model.scoring.name, "model_version": side.model.scoring.version}
        for side in sides
    ]  # fmt: skip
    return wire_difference(rows, sides, difference)


@pytest.mark.parametrize(
    ("models", "customer", "model", "message"),
    [
        (VERSION, 0.2, 0.0, "The risk rose because the customer changed."),
        (VERSION, 0.0, -0.05, "The risk fell because another model version answered."),
        (KNOWN, 0.0, 0.2, "The risk rose because the four minutes are now known."),
        (LOST, 0.001, -0.2, "The risk fell because the four minutes are no longer known."),
        (KNOWN, 0.1, 0.2,
         "The risk rose mainly because the four minutes are now known, and also because the customer changed."),
        (LOST, 0.2, 0.1,
         "The risk rose mainly because the customer changed, and also because the four minutes are no longer known."),
        (KNOWN, 0.3, -0.1,
         "The risk rose because the customer changed; knowing the four minutes alone would have lowered it."),
        (LOST, -0.3, 0.1,
         "The risk fell because the customer changed; no longer knowing the four minutes alone would have raised it."),
        (VERSION, -0.3, 0.1,
         "The risk fell because the customer changed; the other model version alone would have raised it."),
        (KNOWN, 0.1, -0.1,
         "The risk stayed the same: the customer's change and knowing the four minutes cancel out."),
        (VERSION, 0.1, -0.1,
         "The risk stayed the same: the customer's change and the other model version cancel out."),
        (VERSION, 0.001, 0.001, "The risk stayed the same."),
    ],
)  # fmt: skip
def test_a_difference_is_told_by_who_did_it(
    models: tuple[Model, Model], customer: float, model: float, message: str
) -> None:
    assert told(models, customer, model)["message"] == message


def test_a_version_is_named_only_when_it_is_another_version_of_the_same_model() -> None:
    name, version = USAGE.scoring.name, USAGE.scoring.version
    reasons = {case: told(models, 0.0, 0.2)["reasons"][0] for case, models in
               (("version", VERSION), ("known", KNOWN), ("lost", LOST))}  # fmt: skip
    assert reasons == {
        "version": f"{name} {version} answered instead of {name} {version}, which raises the score",
        "known": "The model for customers with minutes answered instead of the one without, which raises the score",
        "lost": "The model for customers without minutes answered instead of the one with, which raises the score",
    }
