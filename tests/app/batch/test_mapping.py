import pytest

from app.batch.exports import ERROR_COLUMNS
from app.batch.mapping import (
    CUSTOMER_ID,
    Suggestion,
    columns_by_field,
    is_complete_and_certain,
    missing_fields,
    suggest,
)
from app.telecom.answers import ANSWER_COLUMNS, CUSTOMER_COLUMNS
from app.telecom.features import CORE_FIELDS, FIELDS, MINUTE_FIELDS

CLASSIC = [field.column for field in FIELDS]
ALIASES = [field.alias for field in FIELDS]
SOMETHING_ELSE = [
    "Total day charge", "Churn", "churned", "Day", "calls", "zip code", "plan", "minutes", "max day minutes", "age",
    "last day calls", "city", "email", "customer name", "", " ", "\u5e74\u9f84", "=1+1", "x" * 5_000,
]  # fmt: skip


def field_of(column, rows=()):
    return suggest([column], rows)[column].field


@pytest.mark.parametrize("names", [ALIASES, [field.name for field in FIELDS], [field.label for field in FIELDS]])
def test_own_names_are_certain(names):
    found = suggest([CUSTOMER_ID, *names])
    assert [each.field for each in found.values()] == [CUSTOMER_ID, *ALIASES]
    assert {each.how for each in found.values()} == {"name"}
    assert is_complete_and_certain(found)


def test_the_classic_table_is_certain_and_its_charges_and_label_stay_out():
    charges = [name.replace("minutes", "charge") for name in CLASSIC if name.endswith("minutes")]
    found = suggest([*CLASSIC, *charges, "Churn"])
    assert [each.field for each in found.values()] == [*ALIASES, *[None] * (len(charges) + 1)]
    assert {each.how for each in found.values() if each.field} == {"name", "classic name"}
    assert found["Total day minutes"].how == "classic name"
    assert is_complete_and_certain(found)


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Acct length", "account_length"),
        ("intl_plan", "international_plan"),
        ("Int'l Plan", "international_plan"),
        ("VMail Plan", "voice_mail_plan"),
        ("VMail Message", "number_vmail_messages"),
        ("day mins", "total_day_minutes"),
        ("Eve Mins", "total_eve_minutes"),
        ("IntlMins", "total_intl_minutes"),
        ("nite calls", "total_night_calls"),
        ("cust serv calls", "customer_service_calls"),
        ("CustServCalls", "customer_service_calls"),
        ("Acount lenght", "account_length"),
        ("customer_id", "customer_id"),
        ("msisdn", "customer_id"),
        ("account no", "customer_id"),
        ("Account number", "customer_id"),
        ("Phone", "customer_id"),
    ],
)
def test_likely_names(column, field):
    expected = CUSTOMER_ID if field == "customer_id" else next(each.alias for each in FIELDS if each.name == field)
    assert field_of(column) == expected


@pytest.mark.parametrize(
    "column",
    [
        *SOMETHING_ELSE,
        *ANSWER_COLUMNS,
        *ERROR_COLUMNS,
        *CUSTOMER_COLUMNS,
        "telelink_churn_risk",
        "telelink_telelink_line",
    ],
)
def test_what_is_something_else_stays_out(column):
    rows = [["yes"], ["no"], ["KS"]]
    assert field_of(column, rows) is None


def test_a_field_has_one_column_and_the_exact_name_wins():
    found = suggest(["day mins", "Total day minutes", "totalDayMinutes", "Day minutes (2)"])
    assert [each.field for each in found.values()] == [None, None, "totalDayMinutes", None]


@pytest.mark.parametrize(
    ("values", "field", "others"),
    [
        (["KS", "OH", "nj", "KS"], "state", []),
        (["415", "408", "510", "415"], "areaCode", []),
        (["yes", "No", "no"], "voiceMailPlan", ["internationalPlan"]),
        (["yes", "no", "no"], None, []),  # two fields could be meant
        (["KS", "OH"], None, []),  # too few to tell
        (["KS", "OH", "XX", "YY"], None, []),
        (["KS", "KS", "KS"], None, []),
        (["1", "2", "3"], None, []),
    ],
)
def test_content_tells_when_one_column_and_one_field_are_left(values, field, others):
    rows = [[value, *["no" for _ in others]] for value in values]
    assert suggest(["Column 1", *others], rows)["Column 1"] == Suggestion(field, "content" if field else None)


def test_two_columns_of_the_same_content_are_not_guessed_at():
    found = suggest(["a", "b"], [["KS", "OH"], ["OH", "KS"], ["NJ", "KS"]])
    assert columns_by_field(found) == {}


def test_a_label_of_yes_and_no_is_not_taken_for_a_plan():
    found = suggest(["internationalPlan", "Churn"], [["no", "yes"], ["yes", "no"], ["no", "no"]])
    assert found["Churn"].field is None


def test_what_is_missing():
    core = {field.alias: field.column for field in CORE_FIELDS}
    assert missing_fields(core) == []
    assert missing_fields({}) == list(CORE_FIELDS)
    assert missing_fields({**core, MINUTE_FIELDS[0].alias: "x"}) == list(MINUTE_FIELDS[1:])


def test_a_likely_name_is_not_certain():
    found = suggest(["Acct length", *CLASSIC[1:]])
    assert columns_by_field(found)[FIELDS[0].alias] == "Acct length"
    assert not is_complete_and_certain(found)
    assert not is_complete_and_certain(suggest(CLASSIC[1:]))
