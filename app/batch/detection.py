"""Find out how a file is written from its first part: encoding, delimiter, header and columns."""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final, get_args

from app.batch.records import Delimiter, Dialect, Encoding, Position, decode, encoded_length, parse_records
from app.batch.records import physical_lines as split
from app.web.csv_cells import restore

HEAD_BYTES: Final = 256 * 1024
"""How much of a file is looked at; the header and the first rows must lie within."""
MOST_COLUMNS: Final = 16_384
"""As many as a spreadsheet has; each costs time before the first row is read."""
DELIMITERS: Final[tuple[Delimiter, ...]] = get_args(Delimiter)
_ROWS_COMPARED: Final = 100
_NAMED: Final = "and choose that file."
_OTHER_FORMATS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xd0\xcf\x11\xe0", f"This is an Excel workbook. Save it as CSV {_NAMED}"),
    (b"PK\x05\x06", "This is an empty ZIP archive. Choose a CSV file."),
    (b"PK\x03\x04", "This is a ZIP archive. Unpack it and choose the CSV file in it."),
    (b"\x1f\x8b", "This file is compressed with gzip. Unpack it and choose the CSV file in it."),
    (b"BZh", "This file is compressed with bzip2. Unpack it and choose the CSV file in it."),
    (b"\xfd7zXZ", "This file is compressed with xz. Unpack it and choose the CSV file in it."),
    (b"\x28\xb5\x2f\xfd", "This file is compressed with zstd. Unpack it and choose the CSV file in it."),
    (b"7z\xbc\xaf", "This is a 7-Zip archive. Unpack it and choose the CSV file in it."),
    (b"Rar!", "This is a RAR archive. Unpack it and choose the CSV file in it."),
    (b"%PDF-", f"This is a PDF document. Export its table as CSV {_NAMED}"),
    (b"PAR1", f"This is a Parquet file. Score it with scripts/score, or save it as CSV {_NAMED}"),
    (b"SQLite format 3", f"This is a database. Export the table as CSV {_NAMED}"),
    (b"{", f"This is JSON. Save it as CSV {_NAMED}"),
    (b"[{", f"This is JSON. Save it as CSV {_NAMED}"),
    (b"<", f"This is a web page or XML. Save its table as CSV {_NAMED}"),
)
_IN_ARCHIVE: Final[tuple[tuple[bytes, str], ...]] = (
    (b"[Content_Types].xml", f"This is an Excel workbook. Save it as CSV {_NAMED}"),
    (b"xl/", f"This is an Excel workbook. Save it as CSV {_NAMED}"),
    (b"opendocument.spreadsheet", f"This is an OpenDocument spreadsheet. Save it as CSV {_NAMED}"),
)
_NUMBER: Final = re.compile(r"\s*[+-]?[0-9][0-9.,\u00a0\u202f ]*\s*")
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?\s*', re.I)
# Control characters that no text holds, NUL aside: one NUL is a row's problem, not the file's.
_CONTROLS: Final = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f]")


class NotCsv(ValueError):
    """The content is not a CSV text; the message is a sentence for the person who chose the file."""


def detect(
    head: bytes,
    *,
    encoding: Encoding | None = None,
    delimiter: Delimiter | None = None,
    has_header: bool | None = None,
    of: str = "customer",
) -> Dialect:
    """Find out how a file is written.

    Parameters
    ----------
    head : bytes
        The first ``HEAD_BYTES`` of the file, or all of a shorter one.
    encoding, delimiter, has_header
        What is known already and not to be guessed.
    of : str
        What a row is about, for the sentences of a refusal.

    Raises
    ------
    NotCsv
        It is empty, another format, not text, or its header cannot be read.

    Examples
    --------
    >>> dialect = detect(b"State;Day mins;State\\r\\nKS;265,1;x\\r\\n")
    >>> dialect.encoding, dialect.delimiter, dialect.columns
    ('utf-8', ';', ('State', 'Day mins', 'State (2)'))
    """
    head = head[:HEAD_BYTES]
    _refuse_other_formats(head)
    mark, found, is_big_endian = encoding_of(head, encoding)
    bare = Dialect(found, ",", True, (), is_big_endian=is_big_endian)
    text, _ = decode(head[mark:], bare.codec)
    lines = split(text)
    if len(head) == HEAD_BYTES:
        lines.pop()  # cut somewhere in its middle
        if not lines:
            raise NotCsv(f"The first row is longer than {HEAD_BYTES // 1024} KiB. Choose a file with a row a {of}.")
    if not text.strip("\ufeff \t\r\n\0;,|"):
        raise NotCsv(f"The file is empty. Choose a file with a header and a row for each {of}.")
    if len(_CONTROLS.findall(text, 0, 10_000)) > min(len(text), 10_000) / 100:
        raise NotCsv(f"This is not a text file. Save the table as CSV {_NAMED}")
    first = 0
    named = _SEPARATOR_LINE.fullmatch(lines[0])
    if named and len(lines) > 1 and named[1] in DELIMITERS:
        first, delimiter = 1, delimiter or next(each for each in DELIMITERS if each == named[1])
    while first < len(lines) - 1 and not lines[first].strip():
        first += 1
    delimiter = delimiter or _delimiter(lines[first:])
    rows = list(islice(parse_records(lines[first:], delimiter, None, is_last=True), _ROWS_COMPARED))
    if rows[0].fault or not rows[0].values:
        raise NotCsv("The first row cannot be read: a quotation mark in it is not closed. Correct it and try again.")
    if len(rows[0].values) > MOST_COLUMNS:
        raise NotCsv(f"The file has more than {MOST_COLUMNS:,} columns. Choose a file with a row for each {of}.")
    has_header = _has_header([row.values for row in rows if row.values]) if has_header is None else has_header
    data = first + (rows[0].after if has_header else 0)
    start = Position(mark + encoded_length("".join(lines[:data]), bare.codec), data + 1)
    names = [_readable(restore(name)).strip() for name in rows[0].values] if has_header else [""] * len(rows[0].values)
    return Dialect(found, delimiter, has_header, _named_apart(names), start, is_big_endian)


def _refuse_other_formats(head: bytes) -> None:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    for magic, sentence in _OTHER_FORMATS:
        if text.startswith(magic):
            inside = [found for name, found in _IN_ARCHIVE if name in head] if magic.startswith(b"PK") else []
            raise NotCsv((*inside, sentence)[0])
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise NotCsv(f"This file is written in UTF-32. Save it as UTF-8 {_NAMED}")


def encoding_of(head: bytes, known: Encoding | None = None) -> tuple[int, Encoding, bool]:
    """Give the length of the byte-order mark, the encoding and whether its bytes are in big-endian order."""
    if known in (None, "utf-8") and head.startswith(codecs.BOM_UTF8):
        return len(codecs.BOM_UTF8), "utf-8", False
    if known in (None, "utf-16") and head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return len(codecs.BOM_UTF16_LE), "utf-16", head.startswith(codecs.BOM_UTF16_BE)
    pairs = len(head) // 2
    zeros = [head[place : 2 * pairs : 2].count(0) for place in (0, 1)]
    # In a Latin text every second byte of UTF-16 is zero; a broken UTF-8 file has a few zeros, anywhere.
    if known == "utf-16" or (known is None and pairs and max(zeros) > 0.6 * pairs and min(zeros) < 0.05 * pairs):
        return 0, "utf-16", zeros[0] > zeros[1]
    return 0, known or _one_byte_or_more(head), False


def _one_byte_or_more(head: bytes) -> Encoding:
    if len(head) == HEAD_BYTES:
        head = head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1] or head
    text, is_clean = decode(head, "utf-8")
    if is_clean:
        return "utf-8"
    broken = sum("\udc80" <= character <= "\udcff" for character in text)
    whole = sum(character > "\x7f" for character in text) - broken
    # One bad byte in a text that is UTF-8 otherwise is its row's problem.
    return "utf-8" if whole > broken else "windows-1252"


def _delimiter(lines: list[str]) -> Delimiter:
    """Choose the delimiter that gives most rows the same number of values, and of equals the one that gives more."""

    def consistency(delimiter: Delimiter) -> tuple[float, int]:
        records = islice(parse_records(lines, delimiter, None, is_last=True), _ROWS_COMPARED)
        widths = Counter(len(record.values) for record in records if record.values)
        width, rows = widths.most_common(1)[0] if widths else (0, 0)
        return (round(rows / widths.total(), 1), width) if width > 1 else (0.0, width)

    return max(DELIMITERS, key=consistency)


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Say whether the first row names columns: it has few numbers where the others have many."""
    numbers = [sum(_NUMBER.fullmatch(cell) is not None for cell in row) for row in rows]
    if not numbers[0]:
        return True
    return len(rows) > 1 and numbers[0] < sorted(numbers[1:])[len(numbers[1:]) // 2] / 2


def _readable(name: str) -> str:
    """Put the replacement character where bytes mean nothing: a name is stored, sent and written to files."""
    return name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _named_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Give every column a name of its own."""
    used: dict[str, int] = {}
    taken = set(names)
    given = []
    for number, written in enumerate(names, start=1):
        name = wanted = written or f"Column {number}"
        while name in used or (name != written and name in taken):
            used[wanted] = used.get(wanted, 1) + 1
            name = f"{wanted} ({used[wanted]})"
        used.setdefault(name, 1)
        given.append(name)
    return tuple(given)
