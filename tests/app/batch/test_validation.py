import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.batch import validation
from app.batch.validation import NOT_GIVEN, read_columns
from app.telecom.features import CUSTOMER_ID, FIELDS, MINUTE_NAMES, US_STATES
from app.telecom.schemas import read_customer
from app.web.csv_cells import neutralise, restore
from tests.app.batch.odd_files import a_row

ALIASES = (*(field.alias for field in FIELDS), CUSTOMER_ID)
NUMBERS = st.from_regex(r"[+-]?[0-9]{0,6}([ ,\u00a0][0-9]{3})?(\.[0-9]{0,3})?", fullmatch=True)
WRITTEN = st.one_of(
    NUMBERS,
    st.sampled_from(
        ["", " ", "\u00a0", "yes", "No", " y", "nein", "415", "0", "600", "601", "44640", "1e3", "'=1", "'-5"]
    ),
    st.sampled_from(US_STATES).map(str.lower),
    st.text(max_size=5),
    st.floats().map(str),
    st.integers().map(str),
    st.text(min_size=30, max_size=80),
)
ROWS = st.lists(
    st.dictionaries(st.sampled_from(ALIASES), WRITTEN, max_size=5).map(lambda changes: a_row(**changes)),
    min_size=1,
    max_size=8,
)


def columns_of(rows):
    return {alias: [row[alias] for row in rows] for alias in ALIASES}


@settings(deadline=None)
@given(ROWS)
@example([a_row(totalDayMinutes="")])
@example([a_row(totalDayMinutes="x", totalEveMinutes=" ", customerId="a b", state="")])
@example([a_row(**dict.fromkeys(ALIASES, ""))])
def test_a_row_is_read_as_the_form_reads_it(rows):
    read = read_columns(columns_of(rows), len(rows))
    for place, row in enumerate(rows):
        values, problems = read_customer({alias: restore(text) for alias, text in row.items()})
        found = read.problems.get(place, [])
        assert [tuple(each) for each in found] == [(each.field, each.code, each.message) for each in problems]
        if not problems:
            assert read.customer_ids[place] == values["customer_id"]
            for field in FIELDS:
                if field.kind == "code":
                    assert read.codes[field.name][place] == values[field.name]
                else:
                    number = read.numbers[field.name][place]
                    assert (None if number == NOT_GIVEN else number) == values[field.name]


def test_a_field_without_a_column_is_empty_in_every_row():
    columns = columns_of([a_row(), a_row()])
    for alias in ("state", "customerId", "totalDayMinutes"):
        columns.pop(alias)
    problems = read_columns(columns, 2).problems
    assert [each.message for each in problems[1]] == [
        "Enter the state",
        "Enter the day minutes too, or leave all four minutes empty",
    ]
    assert len(problems) == 2


def test_no_rows():
    read = read_columns(columns_of([]), 0)
    assert read.problems == {}
    assert read.numbers[MINUTE_NAMES[0]].shape == (0,)


def test_a_neutralised_id_is_read_as_it_was():
    assert read_columns(columns_of([a_row(customerId=neutralise("=1+1"))]), 1).customer_ids == ["=1+1"]


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(validation, "REMEMBERED", 50)
    remembered = validation.Remembered(len)
    texts = ["x" * (number % 40) + str(number) for number in range(1_000)]
    assert list(map(remembered.__getitem__, texts)) == list(map(len, texts))
    assert len(remembered) <= 50
    assert max(map(len, remembered)) <= validation.LONGEST_REMEMBERED


@pytest.mark.parametrize("value", [0.1, 265.1, 1e-5, 44_640.0])
def test_numbers_keep_every_digit(value):
    read = read_columns(columns_of([a_row(totalDayMinutes=f"{value:.17f}")]), 1)
    np.testing.assert_array_equal(read.numbers["total_day_minutes"], [value])
