"""Files as they really come: what is in them, and what has to become of every line."""

import csv
import gzip
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.batch.answering import Explain
from app.batch.blocks import PIECE_BYTES, read_block, read_pieces
from app.batch.detection import detect
from app.batch.exports import errors_header, results_header
from app.batch.mapping import columns_by_field, suggest
from app.batch.records import Dialect
from app.batch.scoring import Plan, score_block
from app.registry.service import load_registry
from app.settings import ROOT
from app.telecom.champions import scoring_models
from app.telecom.features import FIELDS
from app.telecom.segmenter import Segmenter

MODELS = scoring_models(load_registry(ROOT / "models"))
NAMES = ("customerId", *(field.alias for field in FIELDS))


@dataclass
class Read:
    """Everything that came of a file."""

    dialect: Dialect
    plan: Plan
    scored: int = 0
    rejected: int = 0
    blank_lines: int = 0
    results: bytes = b""
    errors: bytes = b""
    rejections: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    stored: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def reported_lines(self) -> list[int]:
        return [int(row["telelink_line"]) for row in rows_of(self.errors)]

    @property
    def codes(self) -> set[str]:
        return {code for _, code, _ in self.rejections}


def read_file(
    data: bytes,
    mapping: Mapping[str, str] | None = None,
    size: int = PIECE_BYTES,
    segmenter: Segmenter | None = None,
    explain: Explain | None = None,
    with_segments: bool = True,
    **known: Any,
) -> Read:
    """Read, score and report a whole file."""
    dialect = detect(data, **known)
    fields = mapping or columns_by_field(suggest(dialect.columns))
    plan = Plan(fields, is_stored=True, with_reasons=explain is not None, with_segments=with_segments)
    header = results_header(dialect.columns, with_segments=with_segments, with_reasons=plan.with_reasons)
    read = Read(dialect, plan, results=header, errors=errors_header(dialect.columns))
    for piece in read_pieces(io.BytesIO(data), dialect, size=size):
        block = score_block(read_block(piece, dialect), plan, MODELS, segmenter=segmenter, explain=explain)
        read.scored += block.scored
        read.rejected += block.rejected
        read.blank_lines += block.blank_lines
        read.results += block.results
        read.errors += block.errors
        read.rejections.update(block.rejections)
        for name, values in block.stored.items():
            read.stored.setdefault(name, []).extend(values)
    return read


def rows_of(data: bytes) -> list[dict[str, str]]:
    """Read one of our own files with Python's reader, which is strict about quotes."""
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True))


def a_row(**changes: Any) -> dict[str, str]:
    """A row that can be scored."""
    return {**{field.alias: str(field.example) for field in FIELDS}, "customerId": "C-1", **changes}


def a_file(
    *rows: Mapping[str, str], names: Sequence[str] = NAMES, delimiter: str = ",", end: str = "\r\n", **style: Any
) -> str:
    """Write rows as a CSV text with a header."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, **style)
    writer.writerows([names, *([row.get(name, "") for name in names] for row in rows)])
    return text.getvalue()


def lines(*texts: str) -> bytes:
    return "".join(f"{text}\r\n" for text in texts).encode()


def written(row: Mapping[str, str], names: Iterable[str] = NAMES) -> str:
    return ",".join(row[name] for name in names)


HEADER = ",".join(NAMES)
GOOD = written(a_row())
TWO = a_file(a_row(), a_row(customerId="C-2"))


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return buffer.getvalue()


@dataclass(frozen=True)
class Odd:
    """A file and what has to become of it."""

    content: bytes
    scored: int = 0
    reported: tuple[int, ...] = ()
    codes: frozenset[str] = frozenset()
    blank_lines: int = 0


def odd(content: bytes, scored: int, *reported: int, codes: str = "", blank_lines: int = 0) -> Odd:
    return Odd(content, scored, reported, frozenset(codes.split()), blank_lines)


WIDE = [f"x{number}" for number in range(10_000)]
ODD: dict[str, Odd] = {
    "plain": odd(TWO.encode(), 2),
    "byte-order mark": odd(TWO.encode("utf-8-sig"), 2),
    "UTF-16 with a mark": odd(TWO.encode("utf-16"), 2),
    "UTF-16 big-endian with a mark": odd(b"\xfe\xff" + TWO.encode("utf-16-be"), 2),
    "UTF-16 without a mark": odd(TWO.encode("utf-16-le"), 2),
    "UTF-16 big-endian without a mark": odd(TWO.encode("utf-16-be"), 2),
    "UTF-16 cut in the middle of a unit": odd(TWO.encode("utf-16") + b"\x31", 2, 4, codes="wrong_encoding"),
    "UTF-16 with half a pair": odd((HEADER + f"\n{GOOD}\n\ud800{GOOD}").encode("utf-16", "surrogatepass"), 1, 3,
                                   codes="wrong_encoding"),
    "Latin-1": odd(a_file(a_row(note="J\xf6rg")  , names=(*NAMES, "note")).encode("latin-1"), 1),
    "Windows-1252 with an undefined byte": odd(
        lines(f"{HEADER},Stra\xdfe", f"{GOOD},a").replace(b"\xc3\x9f", b"\xdf") + f"{GOOD},".encode() + b"\x81\r\n",
        1, 3, codes="wrong_encoding"),
    "a bad byte in UTF-8": odd(
        f"{HEADER},Stra\xdfe\n{GOOD},\xf6\xe4\xfc\n{GOOD},".encode() + b"\xff\n" + f"{GOOD},x".encode(),
        2, 3, codes="wrong_encoding"),
    "bad bytes in the header": odd(
        f"{HEADER},\xf6\xe4".encode() + b"\xff,x\xff\xfe\r\n" + f"{GOOD},\xf6\xe4,y".encode(), 1),
    "NUL in a number": odd(lines(HEADER, GOOD, GOOD.replace("128", "12\x008")), 1, 3, codes="not_a_number"),
    "NUL in the id": odd(lines(HEADER, GOOD.replace("C-1", "C\x00")), 0, 2, codes="not_an_id"),
    "a mark inside": odd(lines(HEADER, GOOD, f"\ufeff{HEADER}", f"\ufeff{GOOD}"), 1, 3, 4,
                         codes="not_a_number not_in_vocabulary not_three_digits not_an_id"),
    "CR only": odd(TWO.replace("\r\n", "\r").encode(), 2),
    "LF only": odd(TWO.replace("\r\n", "\n").encode(), 2),
    "mixed line ends": odd(f"{HEADER}\r\n{GOOD}\r{GOOD}\n{GOOD}".encode(), 3),
    "no line end at the end": odd(TWO.rstrip().encode(), 2),
    "blank lines": odd(lines("", HEADER, "", GOOD, "   ", ",,,", "", GOOD, "", ""), 2, blank_lines=6),
    "a line of empty cells": odd(lines(HEADER, GOOD, "," * (len(NAMES) - 1), GOOD), 2, blank_lines=1),
    "header only": odd(lines(HEADER), 0),
    "header only, without its line end": odd(HEADER.encode(), 0),
    "every cell quoted": odd(a_file(a_row(), a_row(), quoting=csv.QUOTE_ALL).encode(), 2),
    "quoted newlines": odd(a_file(a_row(note="a\r\nb\nc"), a_row(), names=("note", *NAMES)).encode(), 2),
    "quoted CR": odd(a_file(a_row(note="a\rb"), a_row(accountLength=""), names=("note", *NAMES)).encode(), 1, 4,
                     codes="missing"),
    "a doubled quote": odd(a_file(a_row(note='6" pipe'), names=("note", *NAMES)).encode(), 1),
    "a quote inside a cell": odd(lines(f"note,{HEADER}", f'6" pipe,{GOOD}', f"x,{GOOD}"), 2),
    "a quote that is never closed": odd(lines(f"note,{HEADER}", f'"open,{GOOD}', f"x,{GOOD}", f"y,{GOOD}"), 2, 2,
                                        codes="quote_not_closed"),
    "text behind a closing quote": odd(lines(f"note,{HEADER}", f'"a"b,{GOOD}', f"x,{GOOD}"), 1, 2,
                                       codes="quote_not_closed"),
    "a quote that the next line closes, and all values there": odd(
        lines(f"note,{HEADER}", f'"open,{GOOD}', f'x",{GOOD}', f"y,{GOOD}"), 2),
    "a quote that the next line closes, and a value too many": odd(
        lines(f"note,{HEADER}", f'"open,{GOOD}', f'x",{GOOD},1', f"y,{GOOD}"), 1, 2, 3,
        codes="quote_not_closed too_many_values"),
    "quoted newlines and a trailing delimiter": odd(
        lines(f"note,{HEADER}", f'"a\nb",{GOOD},', f"y,{GOOD},"), 2),
    "a quote at the end of the file": odd(lines(f"{HEADER},note", f"{GOOD},x") + f'{GOOD},"'.encode(), 1, 3,
                                          codes="quote_not_closed"),
    "a quote that hides 150 lines": odd(
        lines(f"note,{HEADER}", f'"open,{GOOD}', *[f"x,{GOOD}"] * 150, f'close",{GOOD}'), 151, 2,
        codes="quote_not_closed"),
    "too few and too many values": odd(lines(HEADER, GOOD, GOOD + ",1", "C-3,1", GOOD), 2, 3, 4,
                                       codes="too_many_values too_few_values"),
    "an unquoted thousands separator": odd(lines(HEADER, GOOD.replace("128", "1,280")), 0, 2, codes="too_many_values"),
    "a trailing delimiter in every line": odd(lines(*(f"{line}," for line in (HEADER, GOOD, GOOD))), 2),
    "a trailing delimiter in every row": odd(lines(HEADER, f"{GOOD},", f"{GOOD},,"), 2),
    "semicolons": odd(a_file(a_row(), delimiter=";").encode(), 1),
    "tabs": odd(a_file(a_row(), delimiter="\t").encode(), 1),
    "pipes": odd(a_file(a_row(), delimiter="|").encode(), 1),
    "Excel's separator line": odd(b"sep=;\r\n" + a_file(a_row(), a_row(state=""), delimiter=";").encode(), 1, 4,
                                  codes="missing"),
    "decimal commas": odd(a_file(a_row(totalDayMinutes="265,1"), delimiter=";").encode(), 0, 2, codes="not_a_number"),
    "spaces that do not break": odd(a_file(a_row(totalDayMinutes="1\xa0265.1\xa0", totalDayCalls="\u202f1\u202f024"))
                                    .encode(), 1),
    "thousands separators": odd(a_file(a_row(totalDayMinutes="1,265.10", totalDayCalls="1 024")).encode(), 1),
    "a duplicate header": odd(lines(f"{HEADER},state", f"{GOOD},XX"), 1),
    "a header without names": odd(lines(f",{HEADER},", f"0,{GOOD},z"), 1),
    "a missing column": odd(a_file(a_row(), names=NAMES[:-1]).encode(), 0, 2, codes="missing"),
    "extra columns": odd(a_file(a_row(extra="y"), names=("extra", *NAMES, "more")).encode(), 1),
    "ten thousand columns": odd(lines(",".join([HEADER, *WIDE]), ",".join([GOOD, *WIDE]), GOOD), 1, 3,
                                codes="too_few_values"),
    "one long cell": odd(lines(f"{HEADER},note", f"{GOOD},{'x' * 900_000}", f"{GOOD},y"), 2),
    "a line over 1 MiB": odd(lines(f"{HEADER},note", f"{GOOD},{'x' * 2_000_000}", f"{GOOD},y"), 1, 2,
                             codes="row_too_long"),
    "a last line over 1 MiB": odd(lines(f"{HEADER},note", f"{GOOD},y") + f"{GOOD},{'x' * 3_000_000}".encode(), 1, 3,
                                  codes="row_too_long"),
    "a line over 1 MiB in UTF-16": odd(f"{HEADER},note\r\n{GOOD},{'x' * 1_500_000}\r\n{GOOD},y".encode("utf-16"), 1, 2,
                                       codes="row_too_long"),
    "a cell over 1 MiB in quotes": odd(
        lines(f"note,{HEADER}", '"' + f"{'x' * 20_000}\r\n" * 60 + f'",{GOOD}', f"y,{GOOD}"), 1, *range(2, 63),
        codes="quote_not_closed too_few_values"),
}  # fmt: skip

EMPTY, WORKBOOK, ARCHIVE = "The file is empty", "This is an Excel workbook", "This is a ZIP archive"
REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", EMPTY),
    "only a byte-order mark": (b"\xef\xbb\xbf", EMPTY),
    "only line ends": (b"\r\n\r\n\n", EMPTY),
    "only delimiters": (b",,,,\r\n,,,,\r\n", EMPTY),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), WORKBOOK),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), WORKBOOK),
    "ods": (zipped("mimetype-application/vnd.oasis.opendocument.spreadsheet"), "This is an OpenDocument spreadsheet"),
    "zip": (zipped("customers.csv"), ARCHIVE),
    "gzip": (gzip.compress(TWO.encode()), "This file is compressed with gzip"),
    "pdf": (b"%PDF-1.7\n...", "This is a PDF document"),
    "parquet": (b"PAR1\x15\x04", "This is a Parquet file"),
    "json": (b' [{"accountLength": 1}]', "This is JSON"),
    "html": (b"<html><table></table></html>", "This is a web page"),
    "UTF-32": (TWO.encode("utf-32"), "This file is written in UTF-32"),
    "noise": (bytes(range(256)) * 40, "This is not a text file"),
    "zeros": (bytes(5_000), "The file is empty"),
    "a header in quotes without end": (b'"customerId,state\n1,2\n3,4\n', "The first row cannot be read"),
    "more columns than a spreadsheet has": (b",".join([b"x"] * 16_385) + b"\n1\n", "The file has more than 16,384"),
    "one line of a megabyte": (b"x," * 600_000, "The first row is longer than 256 KiB"),
}
