"""What is said of a file's first part, and how a job is told to read it."""

import json
from typing import Any

import pytest

from app.batch import intake
from app.batch.detection import HEAD_BYTES
from app.batch.intake import SAMPLES, SHOWN_CHARACTERS, TRIAL_ROWS, Overrides, preview, resolve
from app.errors import InvalidRequest, NotCsvFile
from app.telecom.features import CORE_FIELDS, FIELDS, MINUTE_FIELDS
from tests.factories import a_csv_file, a_customer, many_customers

TEN = a_csv_file(many_customers(10))
ALIASES = ["customerId", *(field.alias for field in FIELDS)]
CLASSIC = ["Phone", *(field.column for field in FIELDS)]


def seen(head: bytes, file_bytes: int | None = None, columns: Any = None, **overrides: Any) -> dict[str, Any]:
    return preview(head, file_bytes, Overrides(**overrides), columns)


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [(encoding, delimiter) for encoding in ("utf-8", "utf-16", "windows-1252") for delimiter in ",;\t|"],
)
def test_every_way_to_write_a_file_is_recognised(encoding: str, delimiter: str) -> None:
    customers = many_customers(4)
    customers[0]["customerId"] = "Jos\u00e9"
    head = a_csv_file(customers, delimiter=delimiter).decode().encode(encoding)
    told = seen(head)
    assert (told["encoding"], told["delimiter"], told["has_header"]) == (encoding, delimiter, True)
    assert told["columns"][0] == {
        "name": "customerId", "samples": ["Jos\u00e9", "C-1", "C-2", "C-3"], "field": "customerId", "how": "name"
    }  # fmt: skip
    assert told["trial"] == {"rows": 4, "scored": 4, "rejections": []}
    assert (told["rows_estimate"], told["rows_exact"], told["missing"], told["unmapped"]) == (4, True, [], [])


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (TEN, 10),
        (TEN.rstrip(), 10),
        (TEN + b"\r\n\r\n" + b"," * TEN.partition(b"\r")[0].count(b",") + b"\r\n", 10),
        (TEN + b"one value\r\n", 11),
        (a_csv_file(many_customers(6_000)), 6_000),
        (a_csv_file([]), 0),
        (a_csv_file([]).rstrip(), 0),
    ],
)
def test_the_rows_of_a_whole_file_are_counted(content: bytes, rows: int) -> None:
    assert (seen(content)["rows_estimate"], seen(content)["rows_exact"]) == (rows, True)
    assert seen(content, file_bytes=len(content))["rows_estimate"] == rows


def test_the_rows_of_a_large_file_are_estimated_from_its_first_part() -> None:
    content = a_csv_file(many_customers(9_000))
    for part in (HEAD_BYTES, 100_000, 2 * HEAD_BYTES):
        told = seen(content[:part], file_bytes=len(content))
        assert not told["rows_exact"]
        assert told["rows_estimate"] == pytest.approx(9_000, rel=0.02)
        assert told["trial"]["scored"] == TRIAL_ROWS
        assert told["trial"]["rejections"] == []


def test_the_row_that_the_first_part_cuts_in_two_is_not_reported() -> None:
    content = a_csv_file(many_customers(50))
    told = seen(content[: len(content) // 2 + 10], file_bytes=len(content))
    assert told["trial"]["rejections"] == []
    assert told["trial"]["rows"] < 50


def test_the_trial_says_what_the_job_will_say() -> None:
    customers = [*many_customers(3), a_customer(state="XX"), a_customer(state="", accountLength="x")]
    blank = b"," * a_csv_file([]).count(b",") + b"\r\n"
    told = seen(a_csv_file(customers) + blank + b"one value\r\n")
    assert told["trial"]["rows"] == 6
    assert told["trial"]["scored"] == 3
    found = {(each["field"], each["code"]): each["rows"] for each in told["trial"]["rejections"]}
    assert found == {
        ("state", "not_in_vocabulary"): 1,
        ("state", "missing"): 1,
        ("accountLength", "not_a_number"): 1,
        ("", "too_few_values"): 1,
    }


def test_the_trial_is_of_the_first_rows_and_the_most_frequent_reason_comes_first() -> None:
    customers = [
        *many_customers(190),
        *many_customers(9, state=""),
        a_customer(accountLength="x"),
        a_customer(state=""),
    ]
    trial = seen(a_csv_file(customers))["trial"]
    assert (trial["rows"], trial["scored"]) == (TRIAL_ROWS, 190)
    assert [(each["field"], each["rows"]) for each in trial["rejections"]] == [("state", 9), ("accountLength", 1)]


def test_what_is_shown_is_bounded() -> None:
    wide = a_csv_file([{**one, "note": "x" * 5_000} for one in many_customers(20)], [*ALIASES, "note"])
    told = seen(wide)
    assert len(told["sample_rows"]) == SAMPLES
    assert {len(column["samples"]) for column in told["columns"]} == {SAMPLES}
    assert max(len(cell) for row in told["sample_rows"] for cell in row) == SHOWN_CHARACTERS
    assert max(len(cell) for column in told["columns"] for cell in column["samples"]) == SHOWN_CHARACTERS


def test_every_field_is_listed_with_its_column() -> None:
    told = seen(a_csv_file([{**a_customer(), "Churn": "no"}], [*ALIASES[1:], "Churn"]))
    assert [field["field"] for field in told["fields"]] == ALIASES
    assert {field["field"] for field in told["fields"] if field["required"]} == {field.alias for field in CORE_FIELDS}
    assert told["fields"][0] == {"field": "customerId", "label": "Customer id", "required": False, "column": None}
    assert {field["column"] for field in told["fields"][1:]} == set(ALIASES[1:])
    assert told["unmapped"] == ["Churn"]


def test_missing_fields_are_named_and_nothing_is_tried() -> None:
    columns = [name for name in ALIASES if name not in ("state", "totalDayMinutes")]
    told = seen(a_csv_file([a_customer()], columns))
    assert told["missing"] == ["state", "totalDayMinutes"]
    assert told["trial"] is None


def test_the_classic_table_is_recognised() -> None:
    rows = [dict(zip(CLASSIC, ["382-4657", *a_customer().values()], strict=True))]
    told = seen(a_csv_file(rows, CLASSIC))
    assert {column["how"] for column in told["columns"][1:]} <= {"name", "classic name"}
    assert told["trial"]["scored"] == 1


def test_a_person_can_try_another_mapping() -> None:
    columns = [name for name in ALIASES if name != "state"]
    content = a_csv_file([{**a_customer(), "where": "KS", "whither": "XX"}], [*columns, "where", "whither"])
    told = seen(content, columns={name: name for name in columns} | {"state": "where"})
    assert (told["missing"], told["trial"]["scored"]) == ([], 1)
    assert next(column for column in told["columns"] if column["name"] == "where")["field"] == "state"
    told = seen(content, columns={name: name for name in columns} | {"state": "whither"})
    assert told["trial"]["scored"] == 0
    told = seen(content, columns={name: name for name in columns} | {"state": "no such column"})
    assert told["missing"] == ["state"]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"delimiter": ";"}, {"delimiter": ";"}),
        ({"encoding": "windows-1252"}, {"encoding": "windows-1252"}),
        ({"has_header": False}, {"has_header": False, "rows_estimate": 11}),
    ],
)
def test_what_is_known_is_not_guessed(overrides: dict[str, Any], expected: dict[str, Any]) -> None:
    told = seen(TEN, **overrides)
    assert {name: told[name] for name in expected} == expected


ODD_HEADERS = {
    "bytes that mean nothing": "\u00e9,\u00fc,\u00f6,".encode() + b"\xff," + TEN,
    "half a character of UTF-16": b"\xff\xfe" + ("x\ud800," + TEN.decode()).encode("utf-16-le", "surrogatepass"),
    "NUL": b"a\0b," + TEN,
    "a line end": b'"two\nlines",' + TEN,
}


@pytest.mark.parametrize("kind", ODD_HEADERS)
def test_an_odd_header_can_be_shown_and_stored(kind: str) -> None:
    head = ODD_HEADERS[kind]
    json.dumps(seen(head), ensure_ascii=False).encode()
    told = json.loads(json.dumps(resolve(head, None)))
    dialect, plan = intake.as_resolved(told)
    assert dialect.columns[-len(ALIASES) :] == tuple(ALIASES)
    assert plan.mapping == {name: name for name in ALIASES}
    assert told["ignored"] == list(dialect.columns[: -len(ALIASES)])


@pytest.mark.parametrize(
    ("head", "word"),
    [(b"", "empty"), (b"PK\x03\x04xl/", "Excel"), (b"%PDF-1.7", "PDF"), (b"{}", "JSON"), (b"\0\1\2" * 99, "text")],
)
def test_what_is_no_csv_file_is_refused_in_words(head: bytes, word: str) -> None:
    for look in (lambda: seen(head), lambda: resolve(head, None)):
        with pytest.raises(NotCsvFile) as refused:
            look()
        assert word in refused.value.detail


def refused(head: bytes, mapping: dict[str, Any] | None) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as found:
        resolve(head, mapping)
    assert all(problem.message for problem in found.value.problems)
    return {problem.field: problem.code for problem in found.value.problems}


def test_a_certain_suggestion_needs_no_mapping() -> None:
    for names in (ALIASES[1:], CLASSIC[1:]):
        rows = [dict(zip(names, a_customer().values(), strict=True))]
        assert resolve(a_csv_file(rows, names), None)["fields"] == dict(zip(ALIASES[1:], names, strict=True))


def test_an_uncertain_suggestion_has_to_be_confirmed() -> None:
    columns = ["acct len" if name == "accountLength" else name for name in ALIASES]
    rows = [{**one, "acct len": "12"} for one in many_customers(3)]
    content = a_csv_file(rows, columns)
    assert refused(content, None) == {"accountLength": "not_certain"}
    fields = {name: name for name in ALIASES} | {"accountLength": "acct len"}
    assert resolve(content, {"columns": fields})["fields"] == fields


def test_missing_fields_of_a_suggestion_are_named() -> None:
    columns = [name for name in ALIASES if name not in ("state", *(field.alias for field in MINUTE_FIELDS))]
    content = a_csv_file([a_customer()], columns)
    assert refused(content, None) == {"state": "missing"}


def test_a_mapping_has_to_fit_the_file() -> None:
    fields = {name: name for name in ALIASES} | {"state": "State of residence"}
    assert refused(TEN, {"columns": fields}) == {"state": "no_such_column"}
    assert resolve(TEN, {"columns": {name: name for name in ALIASES[1:]}})["ignored"] == ["customerId"]


def test_a_mapping_may_say_how_the_file_is_written() -> None:
    fields = {name: f"Column {place}" for place, name in enumerate(ALIASES, start=1)}
    told = resolve(TEN.partition(b"\n")[2], {"columns": fields, "has_header": False, "encoding": "windows-1252"})
    dialect, _ = intake.as_resolved(json.loads(json.dumps(told)))
    assert (dialect.has_header, dialect.encoding, dialect.start.line) == (False, "windows-1252", 1)
