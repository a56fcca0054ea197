"""Exports are not formulas, whatever stood in the file, and nothing of it is lost."""

import csv
import io

import pytest

from app.batch.exports import answer_columns, errors_header, is_own_column, results_header
from app.telecom.answers import ANSWER_COLUMNS
from app.web.csv_cells import neutralise, restore
from tests.app.batch.odd_files import NAMES, a_file, a_row, read_file, rows_of
from tests.app.web.test_csv_cells import FORMULAS, NUMBERS

DELIMITERS = [",", ";", "\t", "|"]


def cells_of(data):
    return [cell for row in csv.reader(io.StringIO(data.decode(), newline=""), strict=True) for cell in row]


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("payload", FORMULAS)
def test_no_export_holds_a_formula(payload, delimiter):
    names = (payload, *NAMES, "note")
    rows = [
        a_row(**{payload: payload, "note": payload}),
        a_row(**{payload: payload, "note": payload, "state": payload}),
    ]
    read = read_file(a_file(*rows, names=names, delimiter=delimiter).encode(), delimiter=delimiter, has_header=True)
    assert (read.scored, read.rejected) == (1, 1)
    for data in (read.results, read.errors):
        assert [cell for cell in cells_of(data) if neutralise(cell) != cell and cell[:1] != "'"] == []
        (row,) = rows_of(data)
        assert restore(row["note"]) == restore(payload)
    assert restore(rows_of(read.errors)[0]["state"]) == restore(payload)


@pytest.mark.parametrize("payload", ["=1+1", "@x", "+a", "-a"])
def test_a_formula_in_a_line_that_could_stay_as_it_is(payload):
    """The quick way out for clean lines looks at every cell: the first, one in the middle, the last."""
    for names in (("note", *NAMES), (*NAMES[:5], "note", *NAMES[5:]), (*NAMES, "note")):
        read = read_file(a_file(a_row(note="x"), a_row(note=payload), names=names).encode())
        assert [row["note"] for row in rows_of(read.results)] == ["x", f"'{payload}"]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_stay_numbers(number):
    read = read_file(a_file(a_row(note=number), names=("note", *NAMES)).encode())
    assert rows_of(read.results)[0]["note"] == number


def test_an_id_that_looks_like_a_formula_is_itself_in_the_list_of_customers():
    read = read_file(a_file(a_row(customerId="=1+1"), a_row(customerId="'=1+1")).encode())
    assert read.stored["customer_id"] == ["=1+1", "=1+1"]
    assert [row["customerId"] for row in rows_of(read.results)] == ["'=1+1", "'=1+1"]


def test_names_that_the_file_has_get_a_prefix():
    assert answer_columns(["model", "telelink_warnings"])[-4:-2] == ("telelink_model", "warnings")
    assert answer_columns(["model", "telelink_model"])[-4] == "telelink_telelink_model"
    assert results_header(["a", "=b"]) == f"a,'=b,{','.join(ANSWER_COLUMNS)}\r\n".encode()
    assert errors_header(['a,"b']) == b'"a,""b",telelink_line,telelink_reason\r\n'
    assert errors_header(["telelink_line"]) == b"telelink_line,telelink_telelink_line,telelink_reason\r\n"


def test_reasons_are_a_column_only_where_they_are_asked_for():
    assert answer_columns(["reasons"], with_reasons=True)[-2:] == ("persona", "telelink_reasons")
    assert answer_columns(["reasons"])[-1] == "persona"
    assert results_header(["a"], with_reasons=True) == f"a,{','.join(ANSWER_COLUMNS)},reasons\r\n".encode()


@pytest.mark.parametrize("more", [(), ("reasons",)])
def test_segments_are_no_columns_of_a_job_of_before_there_were_any(more):
    old = {"with_segments": False, "with_reasons": bool(more)}
    assert answer_columns(["a"], **old) == (*ANSWER_COLUMNS[:-2], *more)
    assert answer_columns(["segment"], **old) == answer_columns(["a"], **old)
    assert results_header(["a"], **old) == f"{','.join(('a', *ANSWER_COLUMNS[:-2], *more))}\r\n".encode()


@pytest.mark.parametrize("name", [*answer_columns(ANSWER_COLUMNS), "reasons", "telelink_reasons"])
def test_own_columns_are_known_again(name):
    assert is_own_column(name)


def test_exports_are_utf_8_with_crlf():
    text = a_file(a_row(note="J\xf6rg"), a_row(note="J\xf6rg", state=""), names=("note", *NAMES), end="\n")
    read = read_file(text.encode("windows-1252"))
    for data in (read.results, read.errors):
        assert data.endswith(b"\r\n")
        assert data.count(b"\n") == data.count(b"\r\n") == 2
        assert "J\xf6rg" in data.decode()
