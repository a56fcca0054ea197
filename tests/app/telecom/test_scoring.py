import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.registry.service import load_registry
from app.settings import ROOT
from app.telecom import policy
from app.telecom.clv import ClvAssumptions, target_clv_usd
from app.telecom.features import FIELD_BY_NAME, MODELLED_FIELDS
from app.telecom.scoring import ScoringModel, score, warnings_for

REGISTRY = load_registry(ROOT / "models")
MODELS = {
    sealed.card["field_set"]: ScoringModel.from_card(sealed.card, sealed.graph)
    for sealed in REGISTRY.champions.values()
    if "field_set" in sealed.card and sealed.graph is not None
}
FIELD_SETS = sorted(MODELS)


def frames(field_set, largest=40):
    names = MODELLED_FIELDS[field_set]

    def build(rows):
        return {name: np.array([row[place] for row in rows]) for place, name in enumerate(names)}

    values = [
        st.integers(0, int(FIELD_BY_NAME[name].maximum)).map(float)
        if FIELD_BY_NAME[name].kind != "amount"
        else st.floats(0, FIELD_BY_NAME[name].maximum, width=32)
        for name in names
    ]
    return st.lists(st.tuples(*values), min_size=1, max_size=largest).map(build)


def test_both_field_sets_are_sealed():
    assert FIELD_SETS == ["core", "usage"], REGISTRY.refused


@pytest.mark.parametrize("field_set", FIELD_SETS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_accepted_customer_gets_a_consistent_answer(field_set, data):
    columns = data.draw(frames(field_set))
    answers = score(columns, MODELS[field_set])
    assert ((answers.probability_low >= 0) & (answers.probability_high <= 1)).all()
    assert (answers.probability_low <= answers.churn_probability).all()
    assert (answers.churn_probability <= answers.probability_high).all()
    assert ((answers.clv_low_usd >= 0) & (answers.clv_low_usd <= answers.clv_usd)).all()
    assert (answers.clv_usd <= answers.clv_high_usd).all()
    np.testing.assert_allclose(answers.value_at_risk_usd, answers.churn_probability * answers.clv_usd, atol=0.006)
    np.testing.assert_array_equal(answers.tier, policy.tier_index(answers.churn_probability))


@pytest.mark.parametrize("field_set", FIELD_SETS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_row_is_answered_bit_for_bit_the_same_alone_and_in_any_company(field_set, data):
    columns = data.draw(frames(field_set))
    rows = len(next(iter(columns.values())))
    together = score(columns, MODELS[field_set])
    order = np.array(data.draw(st.permutations(range(rows))))
    shuffled = score({name: values[order] for name, values in columns.items()}, MODELS[field_set])
    alone = score({name: values[:1] for name, values in columns.items()}, MODELS[field_set])
    for name, values in vars(together).items():
        np.testing.assert_array_equal(getattr(shuffled, name), values[order])
        np.testing.assert_array_equal(getattr(alone, name), values[:1])


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_an_empty_frame_gives_empty_answers(field_set):
    empty = {name: np.empty(0) for name in MODELLED_FIELDS[field_set]}
    assert all(len(values) == 0 for values in vars(score(empty, MODELS[field_set])).values())


def typical(field_set, **changes):
    fields = REGISTRY.champions[f"telecom-{field_set}"].card["fields"]
    return {name: np.array([changes.get(name, fields[name]["typical"])]) for name in MODELLED_FIELDS[field_set]}


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_a_typical_customer_has_no_warnings(field_set):
    assert warnings_for(typical(field_set), MODELS[field_set]) == []


def test_values_beyond_the_training_range_are_named_by_row_and_field():
    found = warnings_for(typical("usage", total_day_calls=900.0), MODELS["usage"])
    assert [(warned.row, warned.code, warned.field) for warned in found] == [
        (0, "outside_training_range", "total_day_calls")
    ]
    assert found[0].message.startswith("Day calls is outside what the model has seen (0 to 160 calls a month)")


def test_messages_without_a_voice_mail_plan_are_a_contradiction():
    found = warnings_for(typical("core", voice_mail_plan=0.0, number_vmail_messages=20.0), MODELS["core"])
    assert [warned.code for warned in found] == ["contradiction"]


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"total_day_calls": 0.0}, "total_day_minutes", "Day minutes were given without day calls."),
        (
            {"total_intl_calls": 0.0},
            "total_intl_minutes",
            "International minutes were given without international calls.",
        ),
        ({"total_eve_minutes": 44_000.0, "total_night_minutes": 644.0}, "total_day_minutes", "more than a month has"),
    ],
)
def test_minutes_that_cannot_be_are_a_contradiction(changed, field, said):
    found = warnings_for(typical("usage", **changed), MODELS["usage"])
    (contradiction,) = [warned for warned in found if warned.code == "contradiction"]
    assert contradiction.field == field
    assert said in contradiction.message


def test_no_minutes_without_calls_are_no_contradiction():
    quiet = {"total_intl_calls": 0.0, "total_intl_minutes": 0.0}
    assert all(warned.code != "contradiction" for warned in warnings_for(typical("usage", **quiet), MODELS["usage"]))


def test_more_service_calls_raise_the_risk_of_a_customer_with_a_low_bill():
    low_bill = {"total_day_minutes": 120.0, "total_eve_minutes": 150.0}
    calm, angry = (
        score(typical("usage", **low_bill, customer_service_calls=calls), MODELS["usage"]).churn_probability[0]
        for calls in (1.0, 6.0)
    )
    assert angry > 0.5 > 0.1 > calm


def test_yes_and_no_are_not_the_same_customer():
    without, with_plan = (
        score(typical("usage", international_plan=flag, total_intl_calls=2.0), MODELS["usage"]).churn_probability[0]
        for flag in (0.0, 1.0)
    )
    assert with_plan > without + 0.3


def test_confidence_is_low_for_a_customer_like_none_before():
    known, unseen = (
        policy.CONFIDENCES[score(typical("usage", account_length=months), MODELS["usage"]).confidence[0]]
        for months in (100.0, 600.0)
    )
    assert (known, unseen) == ("Very High", "Low")


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card.update(schema=99),
        lambda card: card.update(design_columns=card["design_columns"][::-1]),
        lambda card: card["policy"].update(tier_cut_points=[0.2, 0.4]),
        lambda card: card.update(field_set="weather"),
        lambda card: card["policy"].pop("tier_cut_points"),
    ],
)
def test_a_card_sealed_for_other_columns_or_cut_points_is_not_read(change):
    sealed = REGISTRY.champions["telecom-usage"]
    card = copy.deepcopy(sealed.card)
    ScoringModel.from_card(card, sealed.graph)
    change(card)
    with pytest.raises((ValueError, KeyError)):
        ScoringModel.from_card(card, sealed.graph)


@pytest.mark.parametrize("tenure", [0.0, 1.0, 30.0, 240.0, 600.0])
def test_with_the_minutes_the_lifetime_value_is_the_formulas_whatever_the_tenure(tenure):
    card = REGISTRY.champions["telecom-usage"].card
    columns = typical("usage", account_length=tenure, total_day_minutes=330.0)
    answer = score(columns, MODELS["usage"])
    target = target_clv_usd(columns, ClvAssumptions(card["clv"]["assumptions"]["annual_churn"]))
    assert answer.clv_low_usd[0] <= target[0] <= answer.clv_high_usd[0]
    np.testing.assert_allclose(answer.clv_usd, target, rtol=1e-4)
