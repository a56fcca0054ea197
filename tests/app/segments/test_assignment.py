import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.segments.assignment import DESCRIBED, RULE_SEGMENTS, SegmentModel, described_values, rule_segment
from app.telecom.answers import named_segment
from app.telecom.features import MINUTE_NAMES, MONTHLY_CHARGE, monthly_charge_usd
from app.telecom.policy import TIERS, VALUE_BANDS, tier_index, value_band_index
from tests.app.segments.segment_cards import PERSONAS, a_card, a_frame, a_rules_card, golden_of


def a_model(**changes):
    return SegmentModel.from_card(a_card(**changes))


def with_bill(bills_usd, **changes):
    """Customers whose day minutes cost what the bill says."""
    count = len(bills_usd)
    minutes = {name: np.zeros(count) for name in MINUTE_NAMES}
    minutes["total_day_minutes"] = np.array(bills_usd) / 0.17
    return a_frame(count, **{**minutes, "international_plan": np.zeros(count), **changes})


def test_a_customer_belongs_to_the_nearest_centre():
    columns = with_bill([40.0, 75.0, 60.0], international_plan=[0, 0, 1])
    assert a_model().assign(columns, "usage", np.zeros(3)).tolist() == [0, 1, 2]


def test_of_two_centres_as_near_the_first_has_the_customer():
    columns = with_bill([0.0]) | {"customer_service_calls": np.array([5.0])}
    feature = {"name": "customer_service_calls", "transform": "identity", "mean": 5.0, "scale": 1.0}
    model = a_model(features=[feature], centroids=[[1.0], [-1.0], [3.0]])
    assert model.assign(columns, "usage", np.zeros(1)).tolist() == [0]


def numbered(card, *ids):
    """The card with other numbers for its segments."""
    segments = [{**segment, "id": number} for segment, number in zip(card["segments"], ids, strict=True)]
    return {**card, "segments": segments, "retired": [number for number in range(8) if number not in ids]}


def test_numbers_of_segments_that_are_gone_are_left_out_and_name_themselves():
    card = numbered(a_card(), 1, 4, 6)
    model = SegmentModel.from_card({**card, "golden": golden_of(card)})
    assert model.assign(with_bill([40.0, 75.0, 60.0], international_plan=[0, 0, 1]), "usage", np.zeros(3)).tolist() == [
        1, 4, 6,
    ]  # fmt: skip
    low, high, plan = PERSONAS
    assert model.personas == ("Segment 0", low, "Segment 2", "Segment 3", high, "Segment 5", plan, "Segment 7")
    assert [named_segment(number, model.segmenter().personas)["persona"] for number in (4, 5, 8)] == [
        high, "Segment 5", "Segment 8",
    ]  # fmt: skip


def test_an_empty_frame_has_no_segments():
    assert a_model().assign(a_frame(0), "usage", np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("field_set", ["core", "usage"])
def test_a_row_is_assigned_alone_as_in_a_frame(field_set):
    columns, clv = a_frame(400, seed=3), np.random.default_rng(3).uniform(0, 20_000, 400)
    model = a_model()
    whole = model.assign(columns, field_set, clv)
    alone = [
        model.assign({name: values[row : row + 1] for name, values in columns.items()}, field_set, clv[row : row + 1])
        for row in range(400)
    ]
    assert np.concatenate(alone).tolist() == whole.tolist()
    assert len(set(whole.tolist())) == len(PERSONAS)


def test_without_the_minutes_the_bill_is_the_one_the_lifetime_value_implies():
    columns = a_frame(2, account_length=[10, 50])
    bill = described_values(MONTHLY_CHARGE, columns, "core", np.array([4000.0, 4000.0]), 30.0)
    assert bill.tolist() == [100.0, 50.0]


def test_with_the_minutes_the_lifetime_value_is_not_read():
    columns = a_frame(50)
    model = a_model()
    one, other = (model.assign(columns, "usage", np.full(50, clv)) for clv in (0.0, 1e6))
    assert one.tolist() == other.tolist()
    bill = described_values(MONTHLY_CHARGE, columns, "usage", np.zeros(50), 30.0)
    assert bill.tolist() == monthly_charge_usd(columns).tolist()


def test_domestic_calls_are_those_of_day_evening_and_night():
    columns = a_frame(1, total_day_calls=[1], total_eve_calls=[20], total_night_calls=[300])
    assert described_values("domestic_calls", columns, "core", np.zeros(1), 30.0).tolist() == [321.0]


@pytest.mark.parametrize("described", DESCRIBED)
@pytest.mark.parametrize("field_set", ["core", "usage"])
def test_everything_customers_are_described_by_is_known_for_both_field_sets(described, field_set):
    columns = a_frame(3)
    if field_set == "core":
        columns = {name: values for name, values in columns.items() if name not in MINUTE_NAMES}
    assert described_values(described.name, columns, field_set, np.ones(3), 30.0).shape == (3,)


def test_a_transform_is_applied_before_standardising():
    feature = {"name": "customer_service_calls", "transform": "log1p", "mean": 0.0, "scale": 1.0}
    model = a_model(features=[feature], centroids=[[0.0], [np.log(10)], [5.0]])
    columns = a_frame(2, customer_service_calls=[0, 9])
    assert model.assign(columns, "usage", np.zeros(2)).tolist() == [0, 1]


def test_the_golden_rows_are_answered_when_a_card_is_read():
    card = a_card()
    card["golden"] = golden_of(card)
    assert SegmentModel.from_card(card).personas == PERSONAS
    wrong = copy.deepcopy(card)
    wrong["golden"][1]["segment"][0] = (wrong["golden"][1]["segment"][0] + 1) % len(PERSONAS)
    with pytest.raises(ValueError, match="golden rows"):
        SegmentModel.from_card(wrong)


def test_centres_that_were_touched_do_not_answer_the_golden_rows():
    card = a_card()
    card["golden"] = golden_of(card, 200)
    with pytest.raises(ValueError, match="golden rows"):
        SegmentModel.from_card(card | {"centroids": card["centroids"][::-1]})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": 99}, "schema"),
        ({"kind": "scores"}, "schema"),
        ({"method": "guess"}, "not known"),
        ({"centroids": [[0.0, 0.0]]}, "do not match"),
        ({"centroids": [[np.nan, 0.0], [0.0, 0.0], [1.0, 1.0]]}, "not a number"),
        ({"segments": a_card()["segments"][::-1]}, "numbered"),
        ({"segments": [{**segment, "id": segment["id"] - 1} for segment in a_card()["segments"]]}, "numbered"),
        ({"segments": [{**segment, "id": segment["id"] + 10**9} for segment in a_card()["segments"]]}, "numbered"),
        ({"retired": [2]}, "is gone"),
    ],
)
def test_a_card_that_breaks_its_rules_is_refused(changes, reason):
    with pytest.raises(ValueError, match=reason):
        SegmentModel.from_card(a_card(**changes))


def test_a_card_with_two_segments_of_one_name_is_refused():
    card = a_card()
    card["segments"][1]["persona"] = card["segments"][0]["persona"]
    with pytest.raises(ValueError, match="same name"):
        SegmentModel.from_card(card)


@pytest.mark.parametrize(("name", "value"), [("scale", 0.0), ("name", "shoe_size"), ("transform", "square")])
def test_a_feature_that_cannot_be_computed_is_refused(name, value):
    card = copy.deepcopy(a_card(golden=golden_of(a_card())))
    card["features"][0][name] = value
    with pytest.raises((KeyError, ValueError)):
        SegmentModel.from_card(card)


def test_a_card_without_centres_assigns_nobody():
    model = SegmentModel.from_card(a_rules_card())
    assert model.segmenter() is None
    with pytest.raises(ValueError, match="no centres"):
        model.assign(a_frame(1), "usage", np.zeros(1))


def test_scoring_is_given_version_names_and_assignment():
    model = a_model()
    segmenter = model.segmenter()
    assert (segmenter.version, segmenter.personas) == ("1", PERSONAS)
    assert (
        segmenter.assign(a_frame(9), "usage", np.zeros(9)).tolist()
        == model.assign(a_frame(9), "usage", np.zeros(9)).tolist()
    )


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1e6, allow_nan=False)),
        min_size=1,
        max_size=50,
    )
)
def test_every_customer_belongs_to_exactly_one_rule_segment(customers):
    probability, clv = np.array(customers).T
    tier, band = tier_index(probability), value_band_index(clv, (8000.0,))
    segment = rule_segment(tier, band)
    memberships = np.array(
        [
            [(VALUE_BANDS[band[row]], TIERS[tier[row]]) == rule for rule in RULE_SEGMENTS]
            for row in range(len(customers))
        ]
    )
    assert (memberships.sum(axis=1) == 1).all()
    assert memberships[np.arange(len(customers)), segment].all()


def test_every_rule_segment_can_be_reached():
    bands, tiers = np.meshgrid(range(len(VALUE_BANDS)), range(len(TIERS)))
    assert sorted(rule_segment(tiers.ravel(), bands.ravel()).tolist()) == list(range(len(RULE_SEGMENTS)))
