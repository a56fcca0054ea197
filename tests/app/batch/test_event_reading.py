"""Any log gets an answer for every line: rows in = events + rows reported by their line number."""

import gzip
import io
import json
import tracemalloc
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.batch.blocks import read_pieces
from app.batch.event_intake import as_planned, detect_log, resolve_log
from app.batch.event_reading import ERRORS_HEADER, LogPiece, read_log_piece
from app.errors import InvalidRequest, NotEventFile
from tests.app.batch.event_logs import FIELDS, an_event, csv_log, json_lines
from tests.app.batch.job_running import NOW, records
from tests.app.batch.odd_files import zipped

EVENT = json.dumps(an_event())
TWO = json_lines([EVENT, an_event(1)])
ROW = f"ann,s-1,0,{an_event()['ts']},play,,,,"
HEADER = ",".join(FIELDS)
WIDE = [f"x{number}" for number in range(10_000)]


def lines(*texts: str, end: str = "\n") -> bytes:
    return "".join(f"{text}{end}" for text in texts).encode()


@dataclass(frozen=True)
class Odd:
    """A log, its events, the lines that have to be reported, why, and its blank lines."""

    content: bytes
    events: int
    reported: tuple[int, ...] = ()
    codes: frozenset[str] = frozenset()
    blank_lines: int = 0


def odd(content: bytes, events: int, *reported: int, codes: str = "", blank_lines: int = 0) -> Odd:
    return Odd(content, events, reported, frozenset(codes.split()), blank_lines)


JSON_LINES: dict[str, Odd] = {
    "plain": odd(TWO, 2),
    "byte-order mark": odd(b"\xef\xbb\xbf" + TWO, 2),
    "a mark inside": odd(lines(EVENT, f"\ufeff{EVENT}"), 1, 2, codes="not_json"),
    "UTF-16 with a mark": odd(TWO.decode().encode("utf-16"), 2),
    "UTF-16 big-endian without a mark": odd(TWO.decode().encode("utf-16-be"), 2),
    "UTF-16 cut in the middle of a unit": odd(TWO.decode().encode("utf-16") + b"{", 2, 3, codes="not_utf8"),
    "CR only": odd(TWO.replace(b"\n", b"\r"), 2),
    "CRLF": odd(TWO.replace(b"\n", b"\r\n"), 2),
    "mixed line ends": odd(f"{EVENT}\r\n{EVENT}\r{EVENT}\n{EVENT}".encode(), 4),
    "no line end at the end": odd(TWO.rstrip(), 2),
    "blank lines": odd(lines("", EVENT, "", "   ", EVENT, ""), 2, blank_lines=4),
    "a bad byte": odd(lines(EVENT) + b'{"user_id": "\xff"}\n' + lines(EVENT), 2, 2, codes="not_utf8"),
    "a raw NUL": odd(lines(EVENT, EVENT.replace("ann", "a\0n"), EVENT), 2, 2, codes="not_json"),
    "an escaped NUL": odd(lines(EVENT, EVENT.replace("s-1", "s\\u0000")), 1, 2, codes="not_text"),
    "half a pair": odd(lines(EVENT, EVENT.replace("s-1", "\\ud800")), 1, 2, codes="not_text"),
    "NaN and Infinity": odd(lines(EVENT, '{"value": NaN}', '{"value": -Infinity}'), 1, 2, 3, codes="not_json"),
    "a name twice": odd(lines(EVENT, '{"ts": 1, "ts": 2}'), 1, 2, codes="not_json"),
    "a number without end": odd(lines(EVENT, f'{{"value": {"9" * 5_000}}}'), 1, 2, codes="not_json"),
    "1e999": odd(lines(EVENT, EVENT.replace("}", ', "value": 1e999}')), 1, 2, codes="not_a_number"),
    "nested without end": odd(lines(EVENT, '{"a":' * 100_000, "[" * 100_000), 1, 2, 3, codes="not_json"),
    "other JSON": odd(lines(EVENT, "[]", "1", "null", '"x"', "{}"), 1, 2, 3, 4, 5, 6,
                      codes="not_an_object missing"),
    "an object over several lines": odd(lines(EVENT, "{", '"ts": 1', "}"), 1, 2, 3, 4, codes="not_json"),
    "a truncated last line": odd(lines(EVENT) + EVENT[:40].encode(), 1, 2, codes="not_json"),
    "quotation marks that nothing closes": odd(lines(EVENT, '"' * 50, EVENT, '"', EVENT), 3, 2, 4, codes="not_json"),
    "ten thousand keys": odd(lines(EVENT, json.dumps({**an_event(), **dict.fromkeys(WIDE, "y")})), 2),
    "a line over 1 MiB": odd(lines(EVENT, json.dumps({**an_event(), "x": "y" * 2_000_000}), EVENT), 2, 2,
                             codes="row_too_long"),
    "a last line over 1 MiB": odd(lines(EVENT) + b'{"x": "' + b"y" * 3_000_000, 1, 2, codes="row_too_long"),
    "a long line": odd(lines(EVENT, json.dumps({**an_event(), "x": "y" * 900_000}), EVENT), 3),
}  # fmt: skip
TABLES: dict[str, Odd] = {
    "plain": odd(csv_log([an_event(), an_event(1)]), 2),
    "byte-order mark": odd(b"\xef\xbb\xbf" + csv_log([an_event()]), 1),
    "UTF-16": odd(csv_log([an_event(), an_event(1)]).decode().encode("utf-16"), 2),
    "Latin-1": odd(f"{HEADER},note\n{ROW},J\xf6rg\n".encode("latin-1"), 1),
    "semicolons": odd(csv_log([an_event()], delimiter=";"), 1),
    "CR only": odd(lines(HEADER, ROW, ROW, end="\r"), 2),
    "no line end at the end": odd(lines(HEADER, ROW).rstrip(), 1),
    "header only": odd(lines(HEADER), 0),
    "blank lines": odd(lines("", HEADER, "", ROW, ",,,,,,,,", "  ", ROW), 2, blank_lines=3),
    "NUL in the id": odd(lines(HEADER, ROW, ROW.replace("ann", "a\0n")), 1, 3, codes="not_an_id"),
    "NUL in the session": odd(lines(HEADER, ROW, ROW.replace("s-1", "s\0")), 1, 3, codes="not_text"),
    "a bad byte in UTF-8": odd(f"{HEADER},\xf6\xe4\xfc\n{ROW},\xf6\n".encode() + ROW.encode() + b",\xff\n", 1, 3,
                               codes="wrong_encoding"),
    "quoted newlines": odd(lines(f"note,{HEADER}", f'"a\r\nb",{ROW}', f"y,{ROW}"), 2),
    "a quote that is never closed": odd(lines(f"note,{HEADER}", f'"open,{ROW}', f"x,{ROW}"), 1, 2,
                                        codes="quote_not_closed"),
    "too few and too many values": odd(lines(HEADER, ROW, "ann", f"{ROW},x,y", ROW), 2, 3, 4,
                                       codes="too_few_values too_many_values"),
    "a duplicate header": odd(lines(f"{HEADER},kind", f"{ROW},other"), 1),
    "extra columns": odd(lines(f"x,{HEADER},y", f"1,{ROW},2"), 1),
    "ten thousand columns": odd(lines(",".join([HEADER, *WIDE]), ",".join([ROW, *WIDE]), ROW), 1, 3,
                                codes="too_few_values"),
    "a line over 1 MiB": odd(lines(f"{HEADER},note", f"{ROW},{'x' * 2_000_000}", f"{ROW},y"), 1, 2,
                             codes="row_too_long"),
    "wrong in every field": odd(lines(HEADER, ",".join(["\x01", "s" * 129, "-1", "now", "", "x", "-1", "i" * 129, ""])),
                                0, 2, codes="not_an_id"),
}  # fmt: skip
ODD = {
    f"{kind}: {name}": each for kind, group in (("JSON", JSON_LINES), ("CSV", TABLES)) for name, each in group.items()
}
TEXTS = (EVENT, "", " ", "{", "x", '"', "[]", '{"ts": 1}', "\ufeff", "\x1c", "\u2028")


def read_log(content: bytes, size: int = 256 * 1024) -> LogPiece:
    """Read a log as a job does, in pieces of about this size."""
    plan = as_planned(resolve_log(content[: 256 * 1024], "canonical", None), NOW)
    total = LogPiece()
    for piece in read_pieces(io.BytesIO(content), plan.dialect, size=size):
        read = read_log_piece(piece, plan)
        total.events += read.events
        total.errors += read.errors
        total.rejected += read.rejected
        total.blank_lines += read.blank_lines
        total.rejections.update(read.rejections)
    return total


@pytest.mark.parametrize("size", [256 * 1024, 300], ids=["one piece", "small pieces"])
@pytest.mark.parametrize("name", ODD)
def test_every_line_is_an_event_or_reported(name: str, size: int) -> None:
    expected = ODD[name]
    read = read_log(expected.content, 100_000 if size < 1_000 < 200_000 < len(expected.content) else size)
    reported = tuple(int(row["telelink_line"]) for row in records(ERRORS_HEADER + read.errors))
    assert (len(read.events), reported) == (expected.events, expected.reported)
    assert (read.rejected, read.blank_lines) == (len(expected.reported), expected.blank_lines)
    assert {code for _, code, _ in read.rejections} == expected.codes


@given(st.lists(st.sampled_from(TEXTS), max_size=30), st.sampled_from(["\n", "\r", "\r\n"]), st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_lines_in_are_events_rejected_and_blank(texts: list[str], end: str, size: int) -> None:
    content = lines(EVENT, *texts, end=end)
    read = read_log(content, size)
    assert len(read.events) + read.rejected + read.blank_lines == len(texts) + 1
    assert len(read.events) == texts.count(EVENT) + 1


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_bytes_are_too_odd_for_an_answer(content: bytes) -> None:
    read = read_log(lines(EVENT) + content, 100)
    assert len(records(ERRORS_HEADER + read.errors)) == read.rejected


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "The file is empty. Choose a file with a header and a row for each event"),
    "only line ends": (b"\n\r\n", "The file is empty"),
    "one JSON array": (b' [\n {"ts": 1}]', "This is one JSON array. Write each event on a line of its own"),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "This is an Excel workbook"),
    "zip": (zipped("events.jsonl"), "This is a ZIP archive"),
    "gzip": (gzip.compress(TWO), "This file is compressed with gzip"),
    "parquet": (b"PAR1\x15\x04", "This is a Parquet file. Load it with scripts/load_events"),
    "html": (b"<html></html>", "This is a web page"),
    "noise": (bytes(range(256)) * 40, "This is not a text file"),
    "UTF-32": (TWO.decode().encode("utf-32"), "This file is written in UTF-32"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_log_is_refused_in_words(name: str) -> None:
    content, sentence = REFUSED[name]
    with pytest.raises(NotEventFile) as refused:
        detect_log(content)
    assert refused.value.detail.startswith(sentence)


@pytest.mark.parametrize(
    "content",
    [lines("a,b", "1,2"), lines('{"a": 1}'), lines("{"), lines("user_id,kind", "ann,play"), lines("ts", "2026-01-01")],
)
@pytest.mark.parametrize("adapter", ["auto", "canonical", "music"])
def test_a_log_without_the_columns_that_are_needed_is_refused(content: bytes, adapter: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        resolve_log(content, adapter, None)
    assert {problem.field for problem in refused.value.problems} <= {"adapter", "ts", "kind"}


class OneLongLine(io.RawIOBase):
    """An event, a line of 100 MB and another event, made while it is read."""

    def __init__(self) -> None:
        self._before, self._after = lines(EVENT) + b'{"x": "', b'"}\n' + lines(EVENT)
        self._size = 100_000_000
        self._place = 0

    def seek(self, offset: int, _whence: int = 0) -> int:
        self._place = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        begin, end = self._place, min(self._size, self._place + size)
        self._place = end
        head = self._before[begin:end]
        first_after = self._size - len(self._after)
        tail = self._after[max(0, begin - first_after) : max(0, end - first_after)]
        return head + b"y" * (end - begin - len(head) - len(tail)) + tail


def test_one_line_of_100_mb_takes_little_memory() -> None:
    stream = OneLongLine()
    plan = as_planned(resolve_log(stream.read(256 * 1024), "auto", None), NOW)
    tracemalloc.start()
    read = [read_log_piece(piece, plan) for piece in read_pieces(stream, plan.dialect)]  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(len(each.events) for each in read) == 2
    assert sum(each.rejected for each in read) == 1
    assert peak < 12 * 1024 * 1024


def test_a_reported_line_stands_as_it_was_and_runs_nothing() -> None:
    read = read_log(lines(EVENT, '=cmd|" /C calc"!A0', '{"user_id": "ann", "ts": "tomorrow", "kind": 5}'))
    first, second = records(ERRORS_HEADER + read.errors)
    assert first["line as it stands"] == '\'=cmd|" /C calc"!A0'
    assert second["line as it stands"] == '{"user_id": "ann", "ts": "tomorrow", "kind": 5}'
    assert second["telelink_reason"].count(";") == 1


def test_a_reported_record_of_a_table_is_one_line_with_its_cells() -> None:
    read = read_log(lines(HEADER, f'"a, b",s-1,x,{an_event()["ts"]},play,,,,'))
    (row,) = records(ERRORS_HEADER + read.errors)
    assert row["line as it stands"] == f'"a, b",s-1,x,{an_event()["ts"]},play,,,,'
