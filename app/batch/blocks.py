"""Read a file of any size in blocks of whole records, within bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import BinaryIO, Final, NamedTuple

from app.batch.records import (
    BEGINNING,
    LONGEST_RECORD,
    QUOTE,
    Dialect,
    Fault,
    Position,
    Record,
    decode,
    encoded_length,
    fits,
    is_text,
    parse_records,
    physical_lines,
    readable,
)
from app.web.csv_cells import is_dangerous

PIECE_BYTES: Final = 256 * 1024
"""Bytes of a block: about 4,000 customers; more where a record is longer."""
SHOWN_OF_LONG_LINE: Final = 1_000
_ENCODING_NAMES: Final = {"utf-8": "UTF-8", "utf-16": "UTF-16", "windows-1252": "Windows-1252"}


class Piece(NamedTuple):
    """Bytes of whole records, and where they end.

    Attributes
    ----------
    line : int
        Number of their first physical line in the file.
    is_cut : bool
        They are the beginning of one line that is too long to be kept.
    """

    data: bytes
    line: int
    end: Position
    is_cut: bool = False


class Broken(NamedTuple):
    """A record that has no values to score.

    Attributes
    ----------
    line : int
        Its first physical line.
    values : list of str
        Its cells, at most as many as the file has columns; one cell with the line as it stands when they are unknown.
    code, message : str
        Stable word for programs, sentence for people.
    """

    line: int
    values: list[str]
    code: str
    message: str


@dataclass
class Block:
    """Consecutive records of a file.

    Attributes
    ----------
    columns : tuple of str
        Names of the columns.
    lines : sequence of int, length n
        First physical line of each record that can be read.
    cells : list of str, length n x len(columns)
        Their values, record after record.
    raws : list of str or None
        The records as they stand in the file, without line ends, if every one may be repeated in a file of ours:
        comma-separated, without quotes, nothing a spreadsheet would run.
    broken : list of Broken
        The records that cannot be read.
    blank_lines : int
        Lines without a record.
    end : Position
        Where the block ends; reading can begin again here.
    """

    columns: tuple[str, ...]
    lines: Sequence[int] = ()
    cells: list[str] = field(default_factory=list)
    raws: list[str] | None = None
    broken: list[Broken] = field(default_factory=list)
    blank_lines: int = 0
    end: Position = BEGINNING

    def column(self, place: int) -> list[str]:
        """Values of one column, in order."""
        return self.cells[place :: len(self.columns)]

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Values of one record after the other."""
        return zip(*[iter(self.cells)] * len(self.columns), strict=True)


def read_blocks(stream: BinaryIO, dialect: Dialect, start: Position | None = None) -> Iterator[Block]:
    """Read a file in blocks: every line with a record is a row of one block or one of its broken ones.

    Parameters
    ----------
    stream : binary file that can seek
    dialect : Dialect
        What ``detect`` found.
    start : Position, optional
        The ``end`` of a block of the same file and dialect, to go on behind it.
    """
    return (read_block(piece, dialect) for piece in read_pieces(stream, dialect, start))


def read_pieces(
    stream: BinaryIO, dialect: Dialect, start: Position | None = None, size: int | Callable[[], int] = PIECE_BYTES
) -> Iterator[Piece]:
    """Cut a file between records; what ``read_blocks`` does without reading the values, for another process to do.

    A piece has about ``size`` bytes; a function is asked anew before each one.
    """
    offset, line = start or dialect.start
    stream.seek(offset)
    data, is_last = b"", False
    while True:
        if not is_last:
            wanted = size() if callable(size) else size
            more = stream.read(max(wanted - len(data), len(data)))
            data, is_last = data + more, not more
        if not data:
            return
        end = _last_boundary(data, dialect, is_last=is_last)
        # A first line that has ended is part of a record in quotes, which is given up when it has grown too long.
        is_cut = not end and len(data) > LONGEST_RECORD * (2 if _last_line_end(data, dialect) else 1)
        if end:
            piece, data = data[:end], data[end:]
        elif is_cut:
            piece, end, data = _pass_long_line(stream, data, dialect)
        else:
            continue
        offset, after = offset + end, line + (1 if is_cut else _count_lines(piece, dialect))
        yield Piece(piece, line, Position(offset, after), is_cut)
        line = after


def read_block(piece: Piece, dialect: Dialect) -> Block:
    """Read the records of a piece."""
    width, delimiter = len(dialect.columns), dialect.delimiter
    text, is_clean = decode(piece.data, dialect.codec)
    if piece.is_cut:
        return _gather([Record(0, 1, [], "row_too_long")], [text[:SHOWN_OF_LONG_LINE]], piece, dialect, is_clean=True)
    if QUOTE in text or not is_clean or len(text) > LONGEST_RECORD or width == 1:
        lines = physical_lines(text)
        records: Iterable[Record] = parse_records(lines, delimiter, width, is_last=True)
        return _gather(records, lines, piece, dialect, is_clean=is_clean)
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    raws = text.split("\n")
    if set(map(str.count, raws, repeat(delimiter))) != {width - 1}:
        # Without quotes a record is a line, and cutting it at the delimiter is all there is to reading it.
        cut = (Record(place, place + 1, raw.split(delimiter), "") for place, raw in enumerate(raws))
        return _gather(cut, raws, piece, dialect, is_clean=True)
    return Block(
        columns=dialect.columns,
        lines=range(piece.line, piece.line + len(raws)),
        cells=text.replace("\n", delimiter).split(delimiter),
        raws=raws if delimiter == "," and not is_dangerous(f"{text}\n") else None,
        end=piece.end,
    )


def _gather(records: Iterable[Record], lines: list[str], piece: Piece, dialect: Dialect, *, is_clean: bool) -> Block:
    """Part records into rows, broken ones and blank lines."""
    width = len(dialect.columns)
    block = Block(dialect.columns, end=piece.end)
    numbers: list[int] = []
    rows: list[list[str]] = []
    for first, after, values, fault in records:
        if not fault and len(values) != width:
            if not any(values) or (len(values) == 1 and not values[0].strip()):
                block.blank_lines += after - first
                continue
            if fits(values, width):
                values = values[:width]
        if not is_clean and not fault and not all(map(is_text, values)):
            fault = "wrong_encoding"
        if fault or len(values) != width:
            raw = lines[first].rstrip("\r\n")
            block.broken.append(_broken(piece.line + first, fault, values, raw, dialect))
        else:
            numbers.append(piece.line + first)
            rows.append(values)
    block.lines, block.cells = numbers, list(chain.from_iterable(rows))
    return block


def _broken(line: int, fault: Fault, values: list[str], raw: str, dialect: Dialect) -> Broken:
    width = len(dialect.columns)
    fault = fault or ("too_few_values" if len(values) < width else "too_many_values")
    message = {
        "quote_not_closed": "A quotation mark in this row is not closed or stands where none can",
        "row_too_long": f"The row is longer than {LONGEST_RECORD // 1024:,} KiB; only its beginning is shown",
        "wrong_encoding": f"The row holds bytes that mean nothing in {_ENCODING_NAMES[dialect.encoding]}",
        "too_few_values": f"The row has fewer than {width:,} values",
        "too_many_values": f"The row has more than {width:,} values",
    }[fault]
    if fault == "row_too_long":
        raw = raw[:SHOWN_OF_LONG_LINE]
    shown = values if values and len(values) <= width else [raw]
    return Broken(line, list(map(readable, shown)), fault, message)


def _last_boundary(data: bytes, dialect: Dialect, *, is_last: bool) -> int:
    """Find the last place in the data where a record is known to have ended; 0 when there is none."""
    end = len(data) if is_last else _last_line_end(data, dialect)
    if is_last or not end or not dialect.is_quoted or QUOTE.encode() not in data:
        return end
    lines = physical_lines(decode(data[:end], dialect.codec)[0])
    after = 0
    for record in parse_records(lines, dialect.delimiter, len(dialect.columns), is_last=False):
        after = record.after
    return end if after == len(lines) else encoded_length("".join(lines[:after]), dialect.codec)


def _last_line_end(data: bytes, dialect: Dialect) -> int:
    # A carriage return at the very end may be the first half of a line end.
    if dialect.encoding != "utf-16":
        return max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
    even = len(data) // 2 * 2
    return max(_last_unit("\n", data[:even], dialect), _last_unit("\r", data[: max(0, even - 2)], dialect))


def _last_unit(character: str, data: bytes, dialect: Dialect) -> int:
    unit = character.encode(dialect.codec)
    place = data.rfind(unit)
    while place % 2 == 1 and place > 0:  # the halves of two neighbours
        place = data.rfind(unit, 0, place + 1)
    return place + 2 if place >= 0 and place % 2 == 0 else 0


def _count_lines(data: bytes, dialect: Dialect) -> int:
    if dialect.encoding == "utf-16":
        return len(physical_lines(decode(data, dialect.codec)[0]))
    ends = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    return ends + (not data.endswith((b"\n", b"\r")))


def _pass_long_line(stream: BinaryIO, data: bytes, dialect: Dialect) -> tuple[bytes, int, bytes]:
    """Read on to the end of a line without keeping it: its beginning, its length and what comes behind it."""
    beginning, passed = data[: 4 * SHOWN_OF_LONG_LINE], 0
    while True:
        end = _first_line_end(data, dialect)
        if end:
            return beginning, passed + end, data[end:]
        kept = data[-(4 + len(data) % 2) :]  # a line end may be cut in two
        more = stream.read(PIECE_BYTES)
        if not more:
            return beginning, passed + len(data), b""
        passed += len(data) - len(kept)
        data = kept + more


def _first_line_end(data: bytes, dialect: Dialect) -> int:
    """Find where the first line ends; 0 when it does not, or when its line end may be cut in two."""
    newline, back = ("\n".encode(dialect.codec), "\r".encode(dialect.codec))
    width = len(newline)
    places = [_first_unit(newline, data), _first_unit(back, data)]
    if places[0] < 0 and places[1] < 0:
        return 0
    if places[1] < 0 or 0 <= places[0] < places[1]:
        return places[0] + width
    end = places[1] + width
    if end + width > len(data):
        return 0
    return end + width if data[end : end + width] == newline else end


def _first_unit(unit: bytes, data: bytes) -> int:
    place = data.find(unit)
    while place % len(unit) and place > 0:
        place = data.find(unit, place + 1)
    return place
