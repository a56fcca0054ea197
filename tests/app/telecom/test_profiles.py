import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telecom import profiles
from app.telecom.features import FIELD_BY_NAME, FIELDS, US_STATES
from app.telecom.profiles import FieldRefused, read_customer_id, read_value

DAY_CALLS = FIELD_BY_NAME["total_day_calls"]
DAY_MINUTES = FIELD_BY_NAME["total_day_minutes"]
TENURE = FIELD_BY_NAME["account_length"]
PLAN = FIELD_BY_NAME["international_plan"]
STATE = FIELD_BY_NAME["state"]
AREA = FIELD_BY_NAME["area_code"]


@pytest.mark.parametrize(
    ("field", "written", "read"),
    [
        (DAY_CALLS, 110, 110.0),
        (DAY_CALLS, 110.0, 110.0),
        (DAY_CALLS, "110", 110.0),
        (DAY_CALLS, "  110 ", 110.0),
        (DAY_CALLS, "1,024", 1024.0),
        (DAY_CALLS, "1 024", 1024.0),
        (DAY_CALLS, "1\u00a0024", 1024.0),
        (DAY_MINUTES, "265.10", 265.1),
        (DAY_MINUTES, "1,265.1", 1265.1),
        (DAY_MINUTES, -0.0, 0.0),
        (DAY_MINUTES, ".5", 0.5),
        (TENURE, 0, 0.0),
        (TENURE, 600, 600.0),
        (PLAN, "Yes", 1.0),
        (PLAN, " y ", 1.0),
        (PLAN, "NO", 0.0),
        (PLAN, "n", 0.0),
        (STATE, "ks", "KS"),
        (STATE, " Dc ", "DC"),
        (AREA, "415", "415"),
        (AREA, 415, "415"),
        (AREA, "005", "005"),
    ],
)
def test_accepted(field, written, read):
    assert read_value(field, written) == read
    assert str(read_value(field, written)) == str(read)


@pytest.mark.parametrize(
    ("field", "written", "sentence"),
    [
        (TENURE, None, "Enter the account length"),
        (TENURE, "", "Enter the account length"),
        (TENURE, "  ", "Enter the account length"),
        (DAY_CALLS, "", "Enter the number of day calls"),
        (FIELD_BY_NAME["number_vmail_messages"], None, "Enter the number of voice mail messages"),
        (FIELD_BY_NAME["customer_service_calls"], None, "Enter the number of customer service calls"),
        (TENURE, -1, "Account length must be between 0 and 600 months"),
        (TENURE, "-1", "Account length must be between 0 and 600 months"),
        (TENURE, 601, "Account length must be between 0 and 600 months"),
        (TENURE, 10**400, "Account length must be between 0 and 600 months"),
        (TENURE, float("inf"), "Account length must be between 0 and 600 months"),
        (TENURE, float("nan"), "Account length must be a number"),
        (TENURE, 12.5, "Account length must be a whole number"),
        (TENURE, True, "Account length must be a number"),
        (TENURE, [1], "Account length must be a number"),
        (TENURE, "twelve", "Account length must be a number"),
        (TENURE, "1e2", "Account length must be a number"),
        (TENURE, "0x10", "Account length must be a number"),
        (TENURE, "\u0661\u0662", "Account length must be a number"),
        (DAY_MINUTES, "0,005", "Day minutes must be a number"),
        (DAY_MINUTES, "12,5", "Day minutes must be a number"),
        (DAY_MINUTES, 44_641, "Day minutes must be between 0 and 44,640 minutes a month"),
        (DAY_CALLS, "1,02", "Day calls must be a number"),
        (PLAN, "ja", "International plan must be yes or no"),
        (PLAN, True, "International plan must be yes or no"),
        (PLAN, 1, "International plan must be yes or no"),
        (STATE, "XX", "State must be a two-letter US state or DC"),
        (STATE, "Kansas", "State must be a two-letter US state or DC"),
        (AREA, "41", "Area code must be three digits"),
        (AREA, 41, "Area code must be three digits"),
        (AREA, 415.5, "Area code must be three digits"),
        (AREA, True, "Area code must be three digits"),
    ],
)
def test_refused_in_words(field, written, sentence):
    with pytest.raises(FieldRefused) as refused:
        read_value(field, written)
    assert str(refused.value) == sentence


@given(st.sampled_from(FIELDS), st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.booleans(), st.none()))
def test_a_value_is_read_or_refused_and_never_repeated(field, written):
    try:
        read = read_value(field, written)
    except FieldRefused as refused:
        if isinstance(written, str) and len(written) > 5:
            assert written not in str(refused)
    else:
        if field.is_number:
            assert 0 <= read <= field.maximum
        elif field.kind == "flag":
            assert read in (0.0, 1.0)
        else:
            assert read in US_STATES if field is STATE else re.fullmatch("[0-9]{3}", read)


@pytest.mark.parametrize("text", ["C-1", "a" * 64, "42", "Zo\u00eb", "=1+1", "\u5ba2\u6237"])
def test_visible_customer_ids(text):
    assert read_customer_id(text) == text


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "a" * 65, "a\x00", "a\n", "\u200b", "\u202eabc", "\ud800", "\U0001f600", 7, None, ["a"]]
)
def test_invisible_or_shapeless_customer_ids(text):
    with pytest.raises(FieldRefused, match="Customer id must be 1 to 64 visible characters"):
        read_customer_id(text)


@given(st.text(min_size=1, max_size=3))
def test_accepted_customer_ids_are_printable(text):
    if re.fullmatch(profiles.CUSTOMER_ID_PATTERN, text):
        assert not any(character.isspace() for character in text)
        assert not any(ord(character) < 0x21 or 0x7F <= ord(character) < 0xA1 for character in text)


@pytest.mark.parametrize(("given_names", "missing"), [((), 0), (("total_day_minutes",), 3)])
def test_minutes_are_all_or_none(given_names, missing):
    assert len(profiles.missing_minutes(given_names)) == missing
