import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from app.batch.blocks import read_block, read_blocks, read_pieces
from app.batch.detection import detect
from app.batch.records import Dialect, decode, encoded_length, parse_records, physical_lines

TEXTS = st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=8)
CELLS = st.text(alphabet=st.sampled_from("a1,;'\"\n\r |\t\0\u00e9\u2028"), max_size=6) | TEXTS
CODECS = st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "windows-1252"])


def dialect_of(width, codec="utf-8", delimiter=","):
    encoding = "utf-16" if codec.startswith("utf-16") else codec
    names = tuple(f"c{place}" for place in range(width))
    return Dialect(encoding, delimiter, False, names, is_big_endian=codec.endswith("be"))


def tables(cells):
    return st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=12)
    )


@settings(deadline=None)
@given(tables(CELLS), CODECS, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 80))
def test_whatever_is_written_is_read_again(rows, codec, delimiter, end, size):
    if codec == "windows-1252":
        rows = [[cell.encode("windows-1252", "ignore").decode("windows-1252") for cell in row] for row in rows]
    text = io.StringIO(newline="")
    # Every cell quoted or only where needed: a CR inside is quoted by csv only when it is told to.
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    dialect = dialect_of(len(rows[0]), codec, delimiter)
    data = text.getvalue().encode(dialect.codec)
    pieces = list(read_pieces(io.BytesIO(data), dialect, size=size))
    assert b"".join(piece.data for piece in pieces) == data
    blocks = list(read_blocks(io.BytesIO(data), dialect))
    assert [list(row) for block in blocks for row in block.rows()] == rows
    assert not any(block.broken or block.blank_lines for block in blocks)


@settings(deadline=None)
@given(st.binary(max_size=300), CODECS, st.integers(1, 3), st.integers(1, 40))
def test_any_bytes_are_cut_and_every_line_has_one_verdict(data, codec, width, size):
    dialect = dialect_of(width, codec)
    pieces = list(read_pieces(io.BytesIO(data), dialect, size=size))
    assert b"".join(piece.data for piece in pieces) == data
    n_lines = len(physical_lines(decode(data, dialect.codec)[0]))
    place = 1
    for piece in pieces:
        assert piece.line == place
        place = piece.end.line
    assert place == n_lines + 1
    assert (pieces[-1].end.offset if pieces else 0) == len(data)


@settings(deadline=None)
@given(st.text(alphabet='ab,"\n\r', max_size=60), st.integers(1, 3))
def test_records_cover_the_lines_without_gap(text, width):
    lines = physical_lines(text)
    assert "".join(lines) == text
    place = 0
    for record in parse_records(lines, ",", width, is_last=True):
        assert record.first == place < record.after
        place = record.after
    assert place == len(lines)


def verdicts(blocks):
    """Every line that begins a row or is reported, with what is said of it, in the file's order."""
    rows = [(line, list(row)) for block in blocks for line, row in zip(block.lines, block.rows(), strict=True)]
    return sorted(rows + [(each.line, each.code) for block in blocks for each in block.broken], key=lambda row: row[0])


@settings(deadline=None)
@given(st.text(alphabet='ab,"\n\r', max_size=60), st.integers(1, 20))
def test_where_a_file_is_cut_does_not_change_what_is_read(text, size):
    data, dialect = text.encode(), dialect_of(2)
    whole = verdicts(list(read_blocks(io.BytesIO(data), dialect)))
    pieces = list(read_pieces(io.BytesIO(data), dialect, size=size))
    assert verdicts([read_block(piece, dialect) for piece in pieces]) == whole
    for piece in pieces:
        rest = verdicts(list(read_blocks(io.BytesIO(data), dialect, piece.end)))
        assert rest == [row for row in whole if row[0] >= piece.end.line]


@settings(deadline=None)
@given(st.binary(max_size=40), CODECS)
def test_decoding_loses_no_byte(data, codec):
    text, is_clean = decode(data, codec)
    if not codec.startswith("utf-16") or len(data) % 2 == 0:
        assert encoded_length(text, codec) == len(data)
    if is_clean:
        assert text.encode(codec) == data


def test_reading_goes_on_where_a_block_ended():
    data = ("a,b\n" + "".join(f'{n},"x\ny"\n' for n in range(50_000))).encode()
    dialect = detect(data)
    blocks = list(read_blocks(io.BytesIO(data), dialect))
    assert len(blocks) > 2
    again = list(read_blocks(io.BytesIO(data), dialect, blocks[0].end))
    assert [list(block.lines) for block in again] == [list(block.lines) for block in blocks[1:]]
    assert blocks[-1].lines[-1] == 2 + 2 * 49_999
