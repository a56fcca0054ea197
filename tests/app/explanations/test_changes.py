"""A difference of two predictions is divided into customer and model without rest, on both scales."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.explanations.changes import Model, Prediction, split_difference
from app.explanations.contributions import explain
from app.explanations.trees import Forest
from app.telecom.features import MINUTE_NAMES, MODELLED_FIELDS
from app.telecom.scoring import score
from tests.app.explanations.sealed_models import FIELD_SETS, SHIPPED, frame_of, frames, typical_customer

MODELS = {field_set: Model(shipped.scoring, shipped.forest) for field_set, shipped in SHIPPED.items()}


def another_version():
    """The usage version with its trees in part: another model of the same fields."""
    whole = SHIPPED["usage"].forest
    nodes = int(whole.offset[40])
    arrays = {
        name: getattr(whole, name)[:nodes] for name in ("left", "right", "feature", "cut", "churn_share", "weight")
    }
    forest = Forest(whole.offset[:41], **arrays)
    shipped = SHIPPED["usage"].scoring

    def graph(design):
        return forest.score(design), shipped.graph(design)[1]

    return Model(type(shipped)(**{**vars(shipped), "graph": graph, "version": "0"}), forest)


OTHER = another_version()


def predicted(values, model=None):
    known = dict.fromkeys(MINUTE_NAMES) | values
    model = model or MODELS["core" if known[MINUTE_NAMES[0]] is None else "usage"]
    read = {name: values[name] for name in MODELLED_FIELDS[model.scoring.field_set]}
    return Prediction(known, model, float(score(frame_of(read), model.scoring).churn_probability[0]))


def without_minutes(values):
    return {name: value for name, value in values.items() if name not in MINUTE_NAMES}


@st.composite
def some_predictions(draw):
    columns = draw(frames("usage", largest=1))
    values = {name: float(found[0]) for name, found in columns.items()}
    kind = draw(st.sampled_from(["core", "usage", "other"]))
    return predicted(without_minutes(values) if kind == "core" else values, OTHER if kind == "other" else None)


@settings(max_examples=80, deadline=None)
@given(before=some_predictions(), after=some_predictions())
def test_customer_and_model_add_up_to_the_difference(before, after):
    difference = split_difference(before, after)
    customer, model = difference.customer, difference.model
    whole = difference.score_after - difference.score_before
    assert customer.score_change + model.score_change == pytest.approx(whole, abs=1e-12)
    whole = after.churn_probability - before.churn_probability
    assert customer.probability_change + model.probability_change == pytest.approx(whole, abs=1e-12)
    for part in (customer, model):
        assert part.base_change + sum(part.contributions.values()) == pytest.approx(part.score_change, abs=1e-9)
    for side, found in ((before, difference.score_before), (after, difference.score_after)):
        read = {name: side.values[name] for name in MODELLED_FIELDS[side.model.scoring.field_set]}
        assert found == explain(frame_of(read), side.model.scoring, side.model.forest).total[0]
    assert customer.base_change == 0
    if before.model is after.model:
        assert model.score_change == model.probability_change == model.base_change == 0
        assert not any(model.contributions.values())


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_an_unchanged_customer_moves_nothing(field_set):
    same = predicted(typical_customer(field_set))
    difference = split_difference(same, same)
    assert difference.customer.score_change == difference.customer.probability_change == 0
    assert not any(difference.customer.contributions.values())


@pytest.mark.parametrize(
    ("earlier", "later", "through"),
    [
        ("usage", "usage", ("telecom-usage", "later")),
        ("core", "core", ("telecom-core", "later")),
        ("core", "usage", ("telecom-core", "earlier")),
        ("usage", "core", ("telecom-core", "later")),
    ],
)
def test_the_customers_part_is_seen_by_a_version_that_can_read_both(earlier, later, through):
    calls = {"customer_service_calls": 6.0}
    before, after = predicted(typical_customer(earlier)), predicted(typical_customer(later, **calls))
    difference = split_difference(before, after)
    name, side = through
    assert difference.through is {"earlier": before, "later": after}[side].model.scoring
    assert difference.through.name == name
    largest = max(difference.customer.contributions, key=lambda field: abs(difference.customer.contributions[field]))
    assert largest == "customer_service_calls"
    assert difference.customer.contributions.keys() == set(MODELLED_FIELDS[difference.through.field_set])


def test_two_versions_that_both_read_the_customer_are_compared_on_the_earlier_profile():
    before = predicted(typical_customer("usage"), OTHER)
    after = predicted(typical_customer("usage", customer_service_calls=6.0))
    difference = split_difference(before, after)
    start = frame_of(typical_customer("usage"))
    newer, older = (model.forest.base for model in (MODELS["usage"], OTHER))
    assert difference.model.base_change == pytest.approx(newer - older)
    expected = (
        explain(start, MODELS["usage"].scoring, MODELS["usage"].forest).contributions
        - explain(start, OTHER.scoring, OTHER.forest).contributions
    )
    np.testing.assert_allclose(list(difference.model.contributions.values()), expected[0], atol=1e-12)


def test_what_no_version_can_read_is_refused():
    lost = {name: None for name in typical_customer("usage")}
    whole = predicted(typical_customer("core"))
    with pytest.raises(ValueError, match="neither version"):
        split_difference(whole, Prediction(lost, MODELS["usage"], 0.1))
