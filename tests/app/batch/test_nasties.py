"""Any file gets an answer for every row: rows in = rows scored + rows reported by their line number."""

import io
import tracemalloc

import pytest

from app.batch.blocks import read_block, read_pieces
from app.batch.detection import NotCsv, detect
from app.batch.exports import errors_header
from app.batch.mapping import columns_by_field, suggest
from app.batch.scoring import Plan, score_block
from tests.app.batch.odd_files import GOOD, HEADER, MODELS, ODD, REFUSED, a_file, a_row, read_file, rows_of


@pytest.mark.parametrize("size", [256 * 1024, 700], ids=["one block", "small blocks"])
@pytest.mark.parametrize("name", ODD)
def test_every_row_is_scored_or_reported_by_its_line(name, size):
    expected = ODD[name]
    if size < 1_000 and len(expected.content) > 200_000:
        size = 100_000
    read = read_file(expected.content, size=size)
    assert read.scored == expected.scored
    assert tuple(read.reported_lines) == expected.reported
    assert (read.rejected, read.blank_lines) == (len(expected.reported), expected.blank_lines)
    assert read.codes == expected.codes
    assert len(rows_of(read.results)) == read.scored
    assert len(read.stored.get("profile", [])) == read.scored


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_refused_in_words(name):
    content, sentence = REFUSED[name]
    with pytest.raises(NotCsv, match=f"^{sentence}"):
        detect(content)


class OneLongLine(io.RawIOBase):
    """A header, a row, a line of 100 MB and another row, made while it is read."""

    MIDDLE = 100_000_000

    def __init__(self):
        self._before, self._after = f"{HEADER}\n{GOOD}\n".encode(), f"\n{GOOD}\n".encode()
        self._size = len(self._before) + self.MIDDLE + len(self._after)
        self._place = 0

    def seekable(self):
        return True

    def readable(self):
        return True

    def seek(self, offset, whence=0):
        self._place = offset
        return offset

    def read(self, size=-1):
        begin, end = self._place, min(self._size, self._place + size)
        self._place = end
        head = self._before[begin:end]
        first_after = self._size - len(self._after)
        tail = self._after[max(0, begin - first_after) : max(0, end - first_after)]
        return head + b"," * (end - begin - len(head) - len(tail)) + tail


def test_one_line_of_100_mb_takes_little_memory():
    stream = OneLongLine()
    dialect = detect(stream.read(256 * 1024))
    plan = Plan(columns_by_field(suggest(dialect.columns)))
    tracemalloc.start()
    blocks = [score_block(read_block(piece, dialect), plan, MODELS) for piece in read_pieces(stream, dialect)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(block.scored for block in blocks) == 2
    errors = errors_header(dialect.columns) + b"".join(block.errors for block in blocks)
    assert [row["telelink_line"] for row in rows_of(errors)] == ["3"]
    assert peak < 12 * 1024 * 1024


def test_an_error_file_can_be_corrected_and_uploaded_again():
    wrong = a_row(customerId="C-2", state="XX", totalDayCalls="many")
    first = read_file(a_file(a_row(), wrong, a_row(customerId="C-3", accountLength="")).encode())
    assert (first.scored, first.reported_lines) == (1, [3, 4])
    reasons = [row["telelink_reason"] for row in rows_of(first.errors)]
    assert reasons == [
        "State must be a two-letter US state or DC; Day calls must be a number",
        "Enter the account length",
    ]
    corrected = first.errors.decode().replace("XX", "KS").replace("many", "7").replace("C-3,,", "C-3,12,")
    second = read_file(corrected.encode())
    assert "telelink_reason" not in second.plan.mapping.values()
    assert (second.scored, second.rejected) == (2, 0)
    assert second.stored["customer_id"] == ["C-2", "C-3"]


def test_a_line_that_cannot_be_read_is_kept_whole_in_the_errors():
    raw = f'"open,{GOOD}'
    read = read_file(f"note,{HEADER}\n{raw}\nx,{GOOD}\n".encode())
    (row,) = rows_of(read.errors)
    assert row["note"] == raw
    assert row["telelink_line"] == "2"


def test_time_grows_with_the_size_when_every_line_opens_a_quote():
    # Seen from outside, each line opens a quote; seen from inside, each closes one and opens the next.
    read = read_file((f"note,{HEADER}\n" + 'x",",y\n' * 5_000).encode())
    assert (read.scored, read.rejected) == (0, 5_000)
