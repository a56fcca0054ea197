"""Records of a CSV text: physical lines put together where a quoted cell runs over several, one verdict each.

A stray quotation mark never swallows the file: when a record cannot be read, only its first line is reported, and the
lines behind it are read again as records of their own.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Encoding = Literal["utf-8", "utf-16", "windows-1252"]
Delimiter = Literal[",", ";", "\t", "|"]
Fault = Literal["", "quote_not_closed", "row_too_long", "wrong_encoding", "too_few_values", "too_many_values"]

QUOTE: Final = '"'
LONGEST_RECORD: Final = 1024 * 1024
"""Characters of a record; what is longer is reported and not read."""
MOST_LINES: Final = 100
"""Physical lines of a record: keeps the time linear when line after line opens a quote that nothing closes."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

# The reader below bounds a record itself; csv's own bound for a cell would refuse some shorter ones.
csv.field_size_limit(LONGEST_RECORD)


class Position(NamedTuple):
    """A place between two records of a file."""

    offset: int
    """Bytes before it."""
    line: int
    """Number of the physical line that follows, from 1."""


BEGINNING: Final = Position(0, 1)


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    Attributes
    ----------
    columns : tuple of str
        Name of each column: the header's, a repeated one with " (2)" behind it, a missing one as "Column 3".
    start : Position
        Where the first row of data begins, behind byte-order mark and header.
    is_big_endian : bool
        Order of the bytes in UTF-16.
    is_quoted : bool
        Whether a record may run over several lines, in quotes; false for JSON lines.
    """

    encoding: Encoding
    delimiter: Delimiter
    has_header: bool
    columns: tuple[str, ...]
    start: Position = BEGINNING
    is_big_endian: bool = False
    is_quoted: bool = True

    @property
    def codec(self) -> str:
        """Python's name of the encoding, which does not look for a byte-order mark."""
        if self.encoding == "utf-16":
            return "utf-16-be" if self.is_big_endian else "utf-16-le"
        return self.encoding


def decode(data: bytes, codec: str) -> tuple[str, bool]:
    r"""Decode bytes; those that mean nothing in the encoding become lone surrogates.

    Returns
    -------
    text : str
        ``encode`` gives the same bytes again.
    is_clean : bool
        Whether every byte meant something.

    Examples
    --------
    >>> decode(b"a\xff", "utf-8")
    ('a\udcff', False)
    """
    try:
        return data.decode(codec), True
    except UnicodeDecodeError:
        if not codec.startswith("utf-16"):
            return data.decode(codec, "surrogateescape"), False
    even = len(data) // 2 * 2
    return data[:even].decode(codec, "surrogatepass") + "".join(chr(0xDC00 + byte) for byte in data[even:]), False


def is_text(text: str) -> bool:
    """Say whether every byte of it meant something."""
    return text.isascii() or _SURROGATE.search(text) is None


def readable(text: str) -> str:
    """Put the replacement character where bytes meant nothing."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def encoded_length(text: str, codec: str) -> int:
    """Count the bytes that ``decode`` made this text of, a cut-off last byte of UTF-16 aside."""
    return len(text.encode(codec, "surrogatepass" if codec.startswith("utf-16") else "surrogateescape"))


def physical_lines(text: str) -> list[str]:
    r"""Split at "\n", "\r\n" and "\r" alone; each line keeps its end."""
    return list(io.StringIO(text, newline=""))


class Record(NamedTuple):
    """One record of a text, or the first line of one that cannot be read.

    Attributes
    ----------
    first, after : int
        Positions of its first line and of the line behind its last one.
    values : list of str
        Its cells; empty for a blank line, and when it cannot be read.
    fault : str
        Why it cannot be read; empty when it can.
    """

    first: int
    after: int
    values: list[str]
    fault: Fault


def fits(values: list[str], width: int) -> bool:
    """Say whether a record has as many values as the file has columns; delimiters at its end separate nothing."""
    return len(values) == width or (len(values) > width and not any(values[width:]))


def parse_records(lines: list[str], delimiter: str, width: int | None, *, is_last: bool) -> Iterator[Record]:
    """Put physical lines together to records.

    Parameters
    ----------
    lines : list of str
        From the beginning of a record on, with their ends.
    delimiter : str
        One character.
    width : int or None
        Values a record over several lines has to have, or its quote is taken for a stray one.
    is_last : bool
        Nothing comes after these lines. Otherwise a record that is still open at their end is left out.
    """
    first = 0
    while first < len(lines):
        feed = _Feed(lines, first)
        reader = csv.reader(feed, delimiter=delimiter, strict=True)
        fault: Fault = ""
        try:
            for values in reader:
                after = first + reader.line_num
                if after - feed.begin > 1 and width is not None and not fits(values, width):
                    fault = "quote_not_closed"
                    break
                yield Record(feed.begin, after, values, "")
                feed.begin = after
        except csv.Error:
            if feed.is_exhausted and not is_last:
                return
            fault = "quote_not_closed"
        except _TooLong:
            fault = "row_too_long" if feed.size == len(lines[feed.begin]) else "quote_not_closed"
        if not fault:
            return
        yield Record(feed.begin, feed.begin + 1, [], fault)
        first = feed.begin + 1


class _TooLong(Exception):
    """The record has more lines or characters than one may have."""


class _Feed:
    """Hands out physical lines and watches the size of the record they are part of."""

    def __init__(self, lines: list[str], first: int) -> None:
        self.begin = first
        self.size = 0
        self.is_exhausted = False
        self._lines = lines
        self._first = first

    def __iter__(self) -> Iterator[str]:
        lines = self._lines
        for position in range(self._first, len(lines)):
            if position == self.begin:
                self.size = 0
            line = lines[position]
            self.size += len(line)
            if self.size > LONGEST_RECORD or position - self.begin >= MOST_LINES:
                raise _TooLong
            yield line
        self.is_exhausted = True
