import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.segments.assignment import DESCRIBED, DESCRIBED_BY_NAME, RULE_SEGMENTS
from app.segments.personas import (
    ALL_CUSTOMERS,
    TOLD,
    TRAITS,
    TRUE_FROM,
    apart_sentence,
    differences,
    is_true,
    persona_names,
    rule_personas,
    rule_sentence,
    shown,
    worth_sentence,
)
from app.telecom.features import MONTHLY_CHARGE

NAMES = [described.name for described in DESCRIBED]
OVERALL = {name: (10.0, 2.0) for name in NAMES}


def value(described):
    return st.floats(0, 1) if described.flag else st.floats(0, 5000)


means = st.fixed_dictionaries({described.name: value(described) for described in DESCRIBED})
several = st.lists(means, min_size=1, max_size=8)


def ranked(**changes):
    return differences({name: 10.0 for name in NAMES} | changes, OVERALL)


def test_the_largest_standardised_difference_comes_first():
    found = ranked(account_length=4.0, customer_service_calls=11.0, total_intl_calls=20.0)
    assert [(entry.feature, entry.standardised) for entry in found[:3]] == [
        ("total_intl_calls", 5.0),
        ("account_length", -3.0),
        ("customer_service_calls", 0.5),
    ]
    assert {entry.feature for entry in found} == set(NAMES)


def test_a_feature_that_never_varies_makes_no_difference():
    found = differences(dict.fromkeys(NAMES, 10.0), {name: (10.0, 0.0) for name in NAMES})
    assert {entry.standardised for entry in found} == {0.0}


def test_a_name_says_no_more_than_it_needs():
    names = persona_names([ranked(monthly_charge_usd=14.0), ranked(monthly_charge_usd=6.0)], {})
    assert names == ["High-bill customers", "Low-bill customers"]


def test_a_second_trait_tells_segments_with_the_same_first_one_apart():
    voice = {"number_vmail_messages": 30.0}
    names = persona_names([ranked(**voice, monthly_charge_usd=14.0), ranked(**voice, monthly_charge_usd=6.0)], {})
    assert names == ["Voice mail users with a high bill", "Voice mail users with a low bill"]


def test_segments_that_nothing_tells_apart_are_numbered():
    names = persona_names([ranked(account_length=20.0)] * 3, {})
    assert len(set(names)) == 3
    assert names[0].endswith(", group 1") and names[2].endswith(", group 3")


def test_a_segment_known_before_keeps_its_name():
    names = persona_names([ranked(monthly_charge_usd=14.0), ranked(monthly_charge_usd=6.0)], {1: "Savers"})
    assert names == ["High-bill customers", "Savers"]


def test_a_new_segment_does_not_take_the_name_of_a_known_one():
    found = [ranked(monthly_charge_usd=14.0), ranked(account_length=20.0, monthly_charge_usd=11.0)]
    names = persona_names(found, {1: "High-bill customers"})
    assert names[1] == "High-bill customers"
    assert names[0] != names[1] and names[0].startswith("High-bill customers ")


@pytest.mark.parametrize(("bill", "service_calls"), [(10.5, 14.0), (6.0, 14.0), (14.0, 10.5), (14.0, 6.0)])
def test_a_name_that_is_true_no_more_is_not_kept(bill, service_calls):
    kept = "High-bill customers who often call customer service"
    still = ranked(monthly_charge_usd=10.6, customer_service_calls=10.6)
    assert persona_names([still], {0: kept}) == [kept]
    (name,) = persona_names([ranked(monthly_charge_usd=bill, customer_service_calls=service_calls)], {0: kept})
    assert name != kept


@given(means)
def test_a_name_is_true_where_all_its_traits_are_far_enough_from_everybody(found):
    entries = differences(found, OVERALL)
    (name,) = persona_names([entries], {})
    assert is_true(name, entries) == (abs(entries[0].standardised) >= TRUE_FROM)
    mirrored = [replace(entry, standardised=-entry.standardised) for entry in entries]
    assert not is_true(name, mirrored)


@given(several, st.sets(st.integers(0, 7)))
def test_no_two_names_are_equal_and_all_are_made_of_traits(found, kept):
    known = {segment: f"Known {segment}" for segment in kept if segment < len(found)}
    names = persona_names([differences(entry, OVERALL) for entry in found], known)
    assert len(set(names)) == len(found)
    subjects = [trait.subject for trait in TRAITS.values()]
    for segment, name in enumerate(names):
        assert name == known[segment] if segment in known else any(name.startswith(subject) for subject in subjects)


def test_every_described_feature_has_a_trait_above_and_below():
    assert set(TRAITS) == {(name, above) for name in NAMES for above in (True, False)}
    words = [word for trait in TRAITS.values() for word in (trait.subject, trait.addition)]
    assert len(set(words)) == len(words)


@given(means)
def test_the_numbers_of_the_first_sentence_are_those_of_the_largest_differences(found):
    entries = differences(found, OVERALL)
    parts = apart_sentence(entries).removesuffix(".").split("; ")
    assert len(parts) == TOLD
    for part, entry in zip(parts, entries, strict=False):
        assert part.lower().startswith(entry.label.lower())
        told, overall = part[len(entry.label) :].split(f"({ALL_CUSTOMERS}: ")
        assert told.strip().startswith(shown(entry.feature, entry.mean))
        assert overall == f"{shown(entry.feature, entry.overall_mean)})"


def test_a_unit_is_said_once():
    sentence = apart_sentence(ranked(number_vmail_messages=30.0, customer_service_calls=2.0, account_length=12.0))
    assert "Voice mail messages 30.0 a month (" in sentence
    assert "customer service calls 2.0 (" in sentence
    assert "account length 12.0 months (" in sentence


def test_money_has_cents_and_a_share_is_in_per_cent():
    assert shown(MONTHLY_CHARGE, 1234.5) == "1,234.50"
    plan = next(name for name in NAMES if DESCRIBED_BY_NAME[name].flag)
    assert (shown(plan, 1.0), shown(plan, 0.4349)) == ("100 %", "43.5 %")


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1e5))
def test_the_numbers_of_the_second_sentence_are_those_it_was_given(share, rate, clv):
    sentence = worth_sentence(share, {"value": rate, "low": 0.1, "high": 0.9}, clv)
    numbers = [float(number.replace(",", "")) for number in re.findall(r"[0-9][0-9,.]*[0-9]|[0-9]", sentence)]
    assert numbers == [round(100 * share, 1), round(100 * rate, 1), 10.0, 90.0, round(clv)]


def test_rule_segments_have_names_and_sentences_of_their_own():
    assert len(set(rule_personas())) == len(RULE_SEGMENTS)
    assert len({rule_sentence(segment) for segment in range(len(RULE_SEGMENTS))}) == len(RULE_SEGMENTS)
    assert "15 %" in rule_sentence(0) and "from 15 % to below 30 %" in rule_sentence(1)
