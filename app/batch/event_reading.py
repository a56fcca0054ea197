"""Read a piece of a log: events ready to be stored, and every other line with its number and its reason."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.batch.blocks import SHOWN_OF_LONG_LINE, Piece, read_block
from app.batch.blocks import Block as Table
from app.batch.exports import as_bytes, errors_header
from app.batch.records import LONGEST_RECORD, Dialect, decode, readable
from app.batch.validation import Problem
from app.events.adapters import Adapter
from app.events.columns import Micros
from app.events.reading import Block, LineProblem, read_lines, read_records
from app.web.csv_cells import neutralise, write_lines

LINE_COLUMN: Final = "line as it stands"
ERRORS_HEADER: Final = errors_header((LINE_COLUMN,))
_TOO_LONG: Final = Problem(
    "", "row_too_long", f"The line is longer than {LONGEST_RECORD // 1024:,} KiB; only its beginning is shown"
)


@dataclass(frozen=True)
class LogPlan:
    """How to read a log.

    Attributes
    ----------
    dialect : Dialect
        Of the file; one whose records are not quoted holds JSON lines.
    adapter : Adapter
        Which column or key says what.
    now : int, microseconds since 1970-01-01 UTC
        When the file was taken in: later events are refused.
    """

    dialect: Dialect
    adapter: Adapter
    now: Micros


@dataclass
class LogPiece:
    """What a piece of a log says; each of its lines is an event, a rejected row or blank.

    Attributes
    ----------
    events : list of dict
        Canonical events, in the order of the file.
    errors : bytes
        Lines of errors.csv, UTF-8.
    rejected, blank_lines : int
    rejections : Counter of (field, code, message)
        The first problem of each rejected row.
    unknown_kinds : Counter of str
        Events of kinds outside the vocabulary.
    """

    events: list[dict[str, object]] = field(default_factory=list)
    errors: bytes = b""
    rejected: int = 0
    blank_lines: int = 0
    rejections: Counter[Problem] = field(default_factory=Counter)
    unknown_kinds: Counter[str] = field(default_factory=Counter)


Refused = tuple[int, str, Problem]
"""A line's number, the line as it stands, and what is wrong with it."""


def read_log_piece(piece: Piece, plan: LogPlan) -> LogPiece:
    """Read the lines of a piece."""
    dialect = plan.dialect
    if piece.is_cut:
        beginning = decode(piece.data, dialect.codec)[0][:SHOWN_OF_LONG_LINE]
        return _gathered(Block(), [(piece.line, beginning, _TOO_LONG)])
    if not dialect.is_quoted:
        return _read_lines(plain_lines(piece.data, dialect), piece.line, plan)
    return read_table(read_block(piece, dialect), plan)


def _read_lines(data: bytes, first: int, plan: LogPlan) -> LogPiece:
    """Read JSON lines; those that are too long are reported wherever the file was cut."""
    long: list[Refused] = []
    if len(data) > LONGEST_RECORD:
        lines = data.split(b"\n")
        for place, line in enumerate(lines):
            if len(line) > LONGEST_RECORD:
                beginning = line[: 4 * SHOWN_OF_LONG_LINE].decode("utf-8", "replace")[:SHOWN_OF_LONG_LINE]
                long.append((first + place, beginning, _TOO_LONG))
                lines[place] = b""
        data = b"\n".join(lines) if long else data
    block = read_lines(data, plan.adapter, first, plan.now)
    block.blank_lines -= len(long)
    return _gathered(block, sorted(long + [(each.line, each.raw, _problem(each)) for each in block.problems]))


def read_table(table: Table, plan: LogPlan) -> LogPiece:
    """Read the records of a table; one of empty cells is a blank line."""
    rows = list(table.rows())
    block = read_records(table.columns, rows, table.lines, plan.adapter, plan.now)
    refused = [(each.line, as_line(rows[each.row]), _problem(each)) for each in block.problems]
    refused += [(row.line, as_line(row.values), Problem("", row.code, row.message)) for row in table.broken]
    read = _gathered(block, sorted(refused))
    read.blank_lines += table.blank_lines
    return read


def as_line(cells: Sequence[str]) -> str:
    """Write a record as a line of comma-separated cells; a line that could not be read is its own only cell."""
    return cells[0] if len(cells) == 1 else write_lines([cells])[0]


def errors_lines(refused: Iterable[Refused]) -> bytes:
    """Write the lines of errors.csv."""
    cells = ([neutralise(readable(text)), str(line), problem.message] for line, text, problem in refused)
    return as_bytes(write_lines(cells))


def plain_lines(data: bytes, dialect: Dialect) -> bytes:
    r"""Give lines in UTF-8, each ended by "\n" alone."""
    if dialect.encoding != "utf-8":
        data = decode(data, dialect.codec)[0].encode("utf-8", "surrogatepass")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _problem(found: LineProblem) -> Problem:
    return Problem(found.field, found.code, found.message)


def _gathered(block: Block, refused: Sequence[Refused]) -> LogPiece:
    return LogPiece(
        events=block.events,
        errors=errors_lines(refused),
        rejected=len(refused),
        blank_lines=block.blank_lines,
        rejections=Counter(problem for _, _, problem in refused),
        unknown_kinds=block.unknown_kinds,
    )
