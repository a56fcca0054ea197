"""Read files of events: whole lines of JSON, or records of a table, become canonical rows or reported lines.

Every line is answered: it becomes an event, is reported with what to correct, or is blank and counted. The rules are
those of ``app.events.validation``, so a file and the API accept the same, but for names of kinds: a file's foreign
name is made fit to keep where the API refuses it.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from app.events.adapters import Adapter
from app.events.columns import CODE_OF_KIND, Micros
from app.events.validation import MOMENT_MESSAGES, check_moment, read_values
from app.telecom.profiles import FieldRefused

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class LineProblem(NamedTuple):
    """A line that became no event.

    Attributes
    ----------
    line : int
        Number of its first line, from 1.
    raw : str
        The line as it was written; empty for the record of a table.
    field : str
        The first canonical field to correct; empty when the line as a whole cannot be read.
    code : str
        Stable word for programs.
    message : str
        What to correct, in sentences.
    row : int
        Place among the lines or records that were handed over, from 0.
    """

    line: int
    raw: str
    field: str
    code: str
    message: str
    row: int


@dataclass
class Block:
    """What some lines say.

    Attributes
    ----------
    events : list of dict
        Canonical rows, in the order of the lines.
    problems : list of LineProblem
        One for each line that became no event.
    blank_lines : int
        Lines without anything in them.
    unknown_kinds : Counter of str
        How many events have a kind outside the vocabulary, by kind; they are among the events.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)
    blank_lines: int = 0
    unknown_kinds: Counter[str] = field(default_factory=Counter)

    def add(self, raw: Mapping[str, Any], adapter: Adapter, now: Micros, line: int, row: int, text: str = "") -> None:
        """Read one source row and put it where it belongs."""
        written = adapter.canonical(raw)
        refused_time: FieldRefused | None = None
        try:
            moment = adapter.moment(written.get("ts"))
            code = check_moment(moment, now)
            if code is not None:
                refused_time = FieldRefused(code, MOMENT_MESSAGES[code])
        except FieldRefused as reason:
            moment, refused_time = 0, reason
        written["ts"] = 0
        event, refused = read_values(written)
        if refused_time is not None:
            refused.append(("ts", refused_time))
        if refused:
            name, first = refused[0]
            message = "; ".join(str(reason) for _, reason in refused)
            self.problems.append(LineProblem(line, text, name, first.code, message, row))
            return
        event["ts"] = moment
        self.events.append(event)
        if event["kind"] not in CODE_OF_KIND:
            self.unknown_kinds[event["kind"]] += 1


def read_lines(data: bytes, adapter: Adapter, first_line: int, now: Micros) -> Block:
    r"""Read lines of JSON, each one object.

    Parameters
    ----------
    data : bytes
        Whole lines that end in "\n" or "\r\n"; the last one may end without.
    adapter : Adapter
    first_line : int
        Number of the first of them. A byte-order mark before line 1 is skipped.
    now : int, microseconds since 1970-01-01 UTC
        Events may not be later, but for ``FUTURE_ALLOWANCE_US``.

    Returns
    -------
    Block
        Reported are lines that are not UTF-8, not JSON (also NaN, Infinity, a name given twice, too many brackets),
        or not an object, and what the validation refuses.
    """
    block = Block()
    if first_line == 1:
        data = data.removeprefix(BYTE_ORDER_MARK)
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    for row, line in enumerate(lines):
        if not line.strip():
            block.blank_lines += 1
            continue
        try:
            text = line.removesuffix(b"\r").decode()
            raw = _DECODER.decode(text)
        except UnicodeDecodeError:
            text = line.decode(errors="replace")
            block.problems.append(LineProblem(first_line + row, text, "", "not_utf8", "The line is not UTF-8", row))
            continue
        except (ValueError, RecursionError) as error:
            message = str(error) if isinstance(error, _NotStrict) else "The line is not JSON"
            block.problems.append(LineProblem(first_line + row, text, "", "not_json", message, row))
            continue
        if not isinstance(raw, dict):
            message = "The line is not a JSON object"
            block.problems.append(LineProblem(first_line + row, text, "", "not_an_object", message, row))
            continue
        block.add(raw, adapter, now, first_line + row, row, text)
    return block


def read_records(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], lines: Sequence[int], adapter: Adapter, now: Micros
) -> Block:
    """Read records of a table.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns.
    rows : iterable of sequence
        The records: texts of a CSV file, or values of any other table (None and NaN are empty).
    lines : sequence of int
        Number of each record's first line.
    adapter : Adapter
    now : int, microseconds since 1970-01-01 UTC

    Returns
    -------
    Block
        A record without any value is a blank line. ``raw`` of the problems is empty.
    """
    block = Block()
    used = [(place, name) for place, name in enumerate(columns) if name in set(adapter.sources)]
    for row, (values, line) in enumerate(zip(rows, lines, strict=True)):
        if not any(value not in ("", None) for value in values):
            block.blank_lines += 1
            continue
        block.add({name: values[place] for place, name in used if place < len(values)}, adapter, now, line, row)
    return block


def read_file(data: bytes, adapter: Adapter, now: Micros) -> Block:
    """Read a whole small file, of JSON lines or of CSV with a header; a training log that fits into memory.

    Raises
    ------
    ValueError
        A CSV file is not UTF-8, has no header, or lacks a column that is needed.
    """
    data = data.removeprefix(BYTE_ORDER_MARK)
    if adapter.format == "jsonl" or (adapter.format == "any" and data.lstrip()[:1] == b"{"):
        return read_lines(data, adapter, 1, now)
    reader = csv.reader(io.StringIO(data.decode(), newline=""))
    columns = next(reader, [])
    missing = adapter.missing(columns)
    if missing:
        raise ValueError(f"the file lacks the column {missing[0]}, which {adapter.name} needs")
    records, lines, line = [], [], reader.line_num + 1
    for record in reader:
        records.append(record)
        lines.append(line)
        line = reader.line_num + 1
    return read_records(columns, records, lines, adapter, now)


class _NotStrict(ValueError):
    """JSON that other readers would understand differently."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _NotStrict("The line gives a name twice")
    return made


def _no_constant(name: str) -> None:
    raise _NotStrict(f"{name} is not a number in JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)
