"""Reading files: every line is an event, a reported line or blank; the same rules as the API; the real logs whole."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.adapters import ADAPTERS, CANONICAL, MUSIC, RETAIL_INVOICES, RETAIL_LINES
from app.events.reading import Block, read_file, read_lines, read_records
from app.events.records import digest_of, frame_of
from app.events.validation import read_event
from tests.app.events import logs

NOW = logs.at(365)
GOOD = b'{"ts": 1767225600000, "kind": "play", "user_id": "ann"}'


def lines_of(*lines: bytes, first_line: int = 1) -> Block:
    return read_lines(b"\n".join(lines), CANONICAL, first_line, NOW)


def test_good_lines_become_rows_in_order() -> None:
    block = lines_of(GOOD, GOOD.replace(b"ann", b"bob"), b"")
    assert [event["user_id"] for event in block.events] == ["ann", "bob"]
    assert block.events[0] == logs.row(session_id=None, item_in_session=None)
    assert (block.problems, block.blank_lines) == ([], 0)


@pytest.mark.parametrize(
    ("line", "field", "code"),
    [
        (b"{", "", "not_json"),
        (b"play", "", "not_json"),
        (b'{"ts": NaN, "kind": "play"}', "", "not_json"),
        (b'{"kind": "play", "more": -Infinity}', "", "not_json"),
        (b'{"kind": "play", "kind": "visit"}', "", "not_json"),
        (b'{"kind": "play", "more": {"a": 1, "a": 2}}', "", "not_json"),
        (b"[" * 100_000, "", "not_json"),
        (b'{"ts": ' + b"9" * 5000 + b"}", "", "not_json"),
        (b"\xef\xbb\xbf" + GOOD, "", "not_json"),
        (b'{"kind": "\xff"}', "", "not_utf8"),
        (b"[]", "", "not_an_object"),
        (b"3", "", "not_an_object"),
        (b"{}", "kind", "missing"),
        (b'{"ts": 1767225600000}', "kind", "missing"),
        (b'{"kind": "play"}', "ts", "missing"),
        (b'{"ts": 4e12, "kind": "play"}', "ts", "in_the_future"),
        (b'{"ts": 1767225600, "kind": "play"}', "ts", "before_2000"),
        (b'{"ts": 1767225600000, "kind": "play", "user_id": "\\u0000"}', "user_id", "not_an_id"),
        (b'{"ts": 1767225600000, "kind": "play", "item_id": "\\ud800"}', "item_id", "not_text"),
        (b'{"ts": 1767225600000, "kind": "play", "value": 1e999}', "value", "not_a_number"),
    ],
)
def test_a_bad_line_is_reported_by_its_number_and_the_others_are_read(line: bytes, field: str, code: str) -> None:
    block = lines_of(GOOD, line, GOOD, first_line=11)
    assert len(block.events) == 2
    [problem] = block.problems
    assert (problem.line, problem.row, problem.field, problem.code) == (12, 1, field, code)
    assert problem.raw == line.decode(errors="replace")
    assert problem.message


def test_a_line_with_several_mistakes_is_reported_once_with_all_of_them() -> None:
    [problem] = lines_of(b'{"ts": "soon", "kind": "play", "value": "much", "duration_seconds": -1}').problems
    assert [word in problem.message for word in ("Time", "Value", "Duration")] == [True] * 3


def test_names_that_an_adapter_does_not_use_are_nobodys_problem() -> None:
    assert lines_of(GOOD[:-1] + b', "colour": {"a": [1]}}').problems == []


def test_blank_lines_windows_line_ends_and_a_mark_at_the_beginning_are_no_problem() -> None:
    block = read_lines(b"\xef\xbb\xbf" + GOOD + b"\r\n\r\n   \n" + GOOD + b"\r\n", CANONICAL, 1, NOW)
    assert (len(block.events), block.blank_lines, block.problems) == (2, 2, [])


def test_a_line_separator_of_unicode_is_part_of_its_line() -> None:
    block = lines_of(GOOD.replace(b"ann", "a\u2028n".encode()), GOOD)
    assert [problem.line for problem in block.problems] == [1]
    assert len(block.events) == 1


def test_kinds_outside_the_vocabulary_are_kept_and_counted() -> None:
    block = lines_of(
        GOOD, GOOD.replace(b"play", b"Dance"), GOOD.replace(b"play", b"dance"), GOOD.replace(b"play", b"Let's")
    )
    assert [event["kind"] for event in block.events] == ["play", "dance", "dance", "let_s"]
    assert block.unknown_kinds == {"dance": 2, "let_s": 1}


def test_records_of_a_table_follow_the_same_rules() -> None:
    columns = ["ts", "kind", "user_id", "value", "colour"]
    rows = [
        ["2026-01-01T00:00:00Z", "purchase", "ann", "2.50", "red"],
        [1767225600000, "purchase", float("nan"), 2.5, None],
        ["", "", "", "", ""],
        ["2026-01-01", "purchase", "ann", "2.50", "red"],
        ["2026-01-01T00:00:00Z", "purchase"],
    ]
    block = read_records(columns, rows, [2, 3, 4, 6, 7], CANONICAL, NOW)
    assert [(event["user_id"], event["value"]) for event in block.events] == [("ann", 2.5), (None, 2.5), (None, None)]
    assert block.blank_lines == 1
    assert [(problem.line, problem.row, problem.field) for problem in block.problems] == [(6, 3, "ts")]


def test_a_whole_file_of_csv_keeps_the_numbers_of_its_lines() -> None:
    text = 'ts,kind,item_id\n2026-01-01T00:00:00Z,play,"two\nlines"\nsoon,play,x\n'
    block = read_file(text.encode(), CANONICAL, NOW)
    assert block.events[0]["item_id"] == "two\nlines"
    assert [problem.line for problem in block.problems] == [4]


def test_a_file_without_a_needed_column_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the column kind"):
        read_file(b"ts,user_id\n", CANONICAL, NOW)


@given(st.lists(st.binary(max_size=30) | st.just(GOOD), max_size=6))
def test_every_line_is_answered_whatever_it_holds(lines: list[bytes]) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    block = read_lines(b"".join(line + b"\n" for line in lines), CANONICAL, 2, NOW)
    assert len(block.events) + len(block.problems) + block.blank_lines == len(lines)


def test_a_file_and_the_api_accept_the_same() -> None:
    written: list[dict[str, Any]] = [
        {"ts": "2026-01-01T00:00:00+02:00", "kind": "Play", "user_id": 7, "session_id": 1, "item_in_session": 0},
        {"ts": 1767225600000, "kind": "purchase", "value": "1.5", "duration_seconds": 3, "item_id": "x", "level": "a"},
    ]
    block = lines_of(*(json.dumps(raw).encode() for raw in written))
    assert block.events == [read_event(raw)[0] for raw in written]


def test_simulated_rows_written_out_and_read_again_are_the_log() -> None:
    from training.event_simulator import canonical_rows

    rows = list(canonical_rows(logs.simulated(), 0, 2000))
    written = [json.dumps(row | {"ts": row["ts"] // 1000}).encode() for row in rows]
    block = read_lines(b"\n".join(written), CANONICAL, 1, logs.at(400))
    assert block.problems == []
    assert block.events == [row | {"ts": row["ts"] // 1000 * 1000} for row in rows]


@pytest.mark.real_data
def test_the_real_music_log_is_read_whole(shared_data: Path) -> None:
    files = sorted((shared_data / "music_events").glob("*.json"))
    blocks = [read_lines(file.read_bytes(), MUSIC, 1, NOW) for file in files]
    events = [event for block in blocks for event in block.events]
    assert len(events) == 8_056
    assert sum(len(block.problems) + block.blank_lines for block in blocks) == 0
    assert not any(block.unknown_kinds for block in blocks)
    assert sum(event["user_id"] is None for event in events) == 286
    assert len({digest_of(event) for event in events}) == 8_056


@pytest.mark.real_data
def test_the_real_invoices_are_read_whole(shared_data: Path) -> None:
    data = (shared_data / "retail_invoices" / "invoices_2009_2011.csv").read_bytes()
    block = read_file(data, RETAIL_INVOICES, NOW)
    assert (len(block.events), block.problems, block.blank_lines) == (36_969, [], 0)
    assert len(frame_of(block.events).user_ids) == 5_878
    assert {event["kind"] for event in block.events} == {"purchase"}


@pytest.mark.real_data
def test_the_real_invoice_lines_are_all_accounted_for(shared_data: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(shared_data / "retail_invoices" / "online_retail_2009_2010.parquet").slice(0, 60_000)
    columns = [table[name].to_pylist() for name in table.column_names]
    block = read_records(table.column_names, zip(*columns, strict=True), range(table.num_rows), RETAIL_LINES, NOW)
    assert (len(block.events), len(block.problems), block.blank_lines) == (60_000, 0, 0)
    returned = [event for event in block.events if event["kind"] == "refund"]
    assert 0.01 < len(returned) / 60_000 < 0.04
    assert min(event["value"] for event in block.events) >= 0
    assert any(event["user_id"] is None for event in block.events)


def test_the_shipped_adapters_are_named_once() -> None:
    assert list(ADAPTERS) == ["music", "retail_invoices", "retail_lines", "canonical"]
