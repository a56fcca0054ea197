"""What a person reads: each sentence names its value and the typical one, with the numbers of the JSON."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.explanations.contributions import Explained, explain, explain_clv
from app.explanations.sentences import (
    LEAST_CONTRIBUTION,
    change_text,
    clv_message,
    in_words,
    money_text,
    moved_text,
    number_text,
    reason_text,
    reasons,
    score_message,
    shown_typical,
    shown_value,
)
from app.telecom.features import FIELD_BY_NAME, MODELLED_FIELDS
from tests.app.explanations.asking import NUMBER
from tests.app.explanations.sealed_models import FIELD_SETS, SHIPPED, frame_of, frames, typical_customer

TYPICAL = SHIPPED["usage"].scoring.typical


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("customer_service_calls", 6, "6 customer service calls; most customers make 1 or fewer"),
        ("customer_service_calls", 1, "1 customer service call; typical 1"),
        ("customer_service_calls", 0, "0 customer service calls; most customers make 1 or more"),
        ("total_intl_calls", 2, "2 international calls a month; most customers make 4 or more"),
        ("number_vmail_messages", 25, "25 voice mail messages a month; most customers have 0"),
        ("number_vmail_messages", 0, "0 voice mail messages a month; typical 0"),
        ("total_day_calls", 110, "110 day calls a month; typical 101"),
        ("total_day_calls", 1, "1 day call a month; typical 101"),
        ("total_day_calls", 9999, "9,999 day calls a month; typical 101"),
        ("total_day_minutes", 265.1, "265.1 day minutes a month; typical 180"),
        ("total_night_minutes", 0.123456, "0.123456 night minutes a month; typical 201.2"),
        ("total_intl_minutes", 10.2, "10.2 international minutes a month; typical 10.2"),
        ("account_length", 128, "Customer for 128 months; typical 100"),
        ("account_length", 1, "Customer for 1 month; typical 100"),
        ("international_plan", 1, "Has the international plan; most customers do not"),
        ("international_plan", 0, "Has no international plan; most customers have none"),
        ("voice_mail_plan", 1, "Has the voice mail plan; most customers do not"),
    ],
)
def test_each_value_stands_beside_the_typical_one(name, value, text):
    assert reason_text(FIELD_BY_NAME[name], float(value), TYPICAL[name]) == text


def test_a_plan_that_most_customers_have_is_told_as_such():
    plan = FIELD_BY_NAME["voice_mail_plan"]
    assert reason_text(plan, 1.0, 1.0) == "Has the voice mail plan; most customers have it too"
    assert reason_text(plan, 0.0, 1.0) == "Has no voice mail plan; most customers have one"


@pytest.mark.real_data
def test_what_most_customers_do_is_what_more_than_half_of_them_do(real_data):
    from training.datasets import columns_of, load_bigml

    columns = columns_of(load_bigml(real_data / "churn-bigml-80.csv"))
    for name in ("customer_service_calls", "total_intl_calls", "number_vmail_messages"):
        assert (columns[name] <= TYPICAL[name]).mean() > 0.5
        assert (columns[name] >= TYPICAL[name]).mean() > 0.5
    for name in ("international_plan", "voice_mail_plan"):
        assert (columns[name] == TYPICAL[name]).mean() > 0.5


def written(numbers):
    return {number_text(number) for number in numbers if not isinstance(number, str)}


@pytest.mark.parametrize("field_set", FIELD_SETS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_number_in_a_reason_is_the_value_or_the_typical_value(field_set, data):
    shipped = SHIPPED[field_set]
    columns = data.draw(frames(field_set, largest=3))
    explained = explain(columns, shipped.scoring, shipped.forest)
    for row in range(len(explained.total)):
        found = reasons(explained, columns, shipped.scoring.typical, row)
        for reason in found:
            field = FIELD_BY_NAME[reason.field]
            shown = [
                shown_value(field, float(columns[reason.field][row])),
                shown_typical(field, shipped.scoring.typical[reason.field]),
            ]
            expected = [] if field.kind == "flag" else [number_text(number) for number in shown]
            assert NUMBER.findall(reason.text) == expected
        up = [reason.contribution for reason in found if reason.direction == "up"]
        down = [reason.contribution for reason in found if reason.direction == "down"]
        assert [reason.direction for reason in found] == ["up"] * len(up) + ["down"] * len(down)
        assert (len(up) <= 3, len(down) <= 2) == (True, True)
        assert up == sorted(up, reverse=True)
        assert down == sorted(down)
        assert all(part >= LEAST_CONTRIBUTION for part in up)
        assert all(part <= -LEAST_CONTRIBUTION for part in down)
        values = written(float(columns[name][row]) for name in explained.fields)
        assert set(NUMBER.findall(score_message(explained, columns, row))) <= values


@pytest.mark.parametrize("field_set", FIELD_SETS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_number_in_the_value_message_is_a_value_or_the_base(field_set, data):
    shipped = SHIPPED[field_set]
    columns = data.draw(frames(field_set, largest=1))
    explained = explain_clv(columns, shipped.terms)
    values = written(float(columns[name][0]) for name in explained.fields) | {money_text(explained.base).strip("-$")}
    assert set(NUMBER.findall(clv_message(explained, columns))) <= values


def an_explanation(base=0.2, **contributions):
    columns = frame_of(typical_customer("usage"))
    fields = MODELLED_FIELDS["usage"]
    parts = np.array([[contributions.get(name, 0.0) for name in fields]])
    return Explained(fields, base, base + parts.sum(axis=1), parts), columns


def test_the_largest_reasons_come_first_and_small_ones_are_none():
    parts = {
        "account_length": 0.02, "total_day_calls": 0.05, "total_eve_calls": 0.04, "total_night_calls": 0.03,
        "total_intl_calls": 0.0099, "customer_service_calls": -0.01, "total_day_minutes": -0.3,
        "total_eve_minutes": -0.2,
    }  # fmt: skip
    explained, columns = an_explanation(**parts)
    found = reasons(explained, columns, TYPICAL)
    assert [reason.field for reason in found] == [
        "total_day_calls", "total_eve_calls", "total_night_calls", "total_day_minutes", "total_eve_minutes",
    ]  # fmt: skip
    assert [reason.direction for reason in found] == ["up", "up", "up", "down", "down"]
    assert [reason.contribution for reason in found] == [parts[reason.field] for reason in found]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"total_day_minutes": 0.3, "international_plan": 0.2, "total_eve_minutes": 0.1},
            "The risk is raised mainly by 179.95 day minutes a month and having no international plan.",
        ),
        (
            {"account_length": -0.1, "customer_service_calls": 0.05},
            "The risk is lowered mainly by 100 months as a customer.",
        ),
        (
            {"account_length": -0.1, "customer_service_calls": 0.1},
            "What raises the risk (1 customer service call) and what lowers it (100 months as a customer) cancel out.",
        ),
        ({"account_length": 0.009}, "Nothing about this customer moves the risk by much: it stays near the average."),
    ],
)
def test_the_message_says_what_mainly_drives_the_score(parts, message):
    assert score_message(*an_explanation(**parts)) == message


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"account_length": 500.0}, "what raises that most: 100 months as a customer."),
        ({"total_day_minutes": -500.0, "account_length": -400.0}, "what lowers that most: 179.95 day minutes a month"),
        ({"account_length": 5.0}, "and this one is close to that."),
        ({"account_length": -3000.0}, "as a customer; a value below zero is given as zero."),
    ],
)
def test_the_value_message_says_where_the_value_comes_from(parts, message):
    found = clv_message(*an_explanation(base=2000.4, **parts))
    assert found.startswith("A customer of average values is worth $2,000")
    assert message in found


def test_changes_are_named_with_both_values():
    calls, plan = FIELD_BY_NAME["customer_service_calls"], FIELD_BY_NAME["international_plan"]
    minutes, tenure = FIELD_BY_NAME["total_day_minutes"], FIELD_BY_NAME["account_length"]
    assert change_text(calls, 6.0, 3.0) == "3 customer service calls instead of 6"
    assert change_text(minutes, 265.1, 180.0) == "180 day minutes a month instead of 265.1"
    assert change_text(plan, 0.0, 1.0) == "With the international plan"
    assert moved_text(plan, 0.0, 1.0, 0.2) == "Took the international plan, which raises the risk"
    assert moved_text(plan, 1.0, 0.0, -0.2) == "Gave up the international plan, which lowers the risk"
    assert moved_text(tenure, 10.0, 12.0, -0.2) == "Account length went from 10 to 12, which lowers the risk"


def test_numbers_and_lists_are_written_as_people_write_them():
    assert [number_text(number) for number in (1234567.5, 0.1, 10.0, 0.0)] == ["1,234,567.5", "0.1", "10", "0"]
    assert [money_text(usd) for usd in (1234.5, 0.2, -5.0)] == ["$1,234", "$0", "-$5"]
    assert [in_words(parts) for parts in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
