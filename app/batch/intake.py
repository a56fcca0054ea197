"""Look at the first part of a file: what it holds, which column feeds which field, and how a job is to read it."""

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any, Final, NamedTuple

from app.batch.blocks import Block, read_blocks
from app.batch.detection import NotCsv, detect
from app.batch.mapping import (
    columns_by_field,
    is_complete_and_certain,
    missing_fields,
    suggest,
)
from app.batch.records import Delimiter, Dialect, Encoding, Position
from app.batch.scoring import Plan
from app.batch.validation import Problem, read_columns
from app.errors import FieldProblem, InvalidRequest, NotCsvFile
from app.telecom.features import CUSTOMER_ID, FIELDS, MINUTE_FIELDS

TRIAL_ROWS: Final = 200
SAMPLES: Final = 5
SHOWN_CHARACTERS: Final = 80
_ID_LABEL: Final = "Customer id"


class Overrides(NamedTuple):
    """What is known about how a file is written and not to be guessed."""

    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    has_header: bool | None = None


def preview(
    head: bytes, file_bytes: int | None, overrides: Overrides, columns: Mapping[str, str] | None
) -> dict[str, Any]:
    """Say what a file seems to hold, and what would become of its first rows.

    Parameters
    ----------
    head : bytes
        Its first part.
    file_bytes : int or None
        Its size; None when ``head`` is all of it.
    overrides : Overrides
        What a person knows better than a guess.
    columns : mapping of str to str, or None
        Column for each field, as a person chose them; None for our suggestion.

    Raises
    ------
    NotCsvFile
        It is another format, empty, or cannot be read.
    """
    is_whole = file_bytes is None or file_bytes <= len(head)
    dialect = _detected(head, overrides)
    block = _block(head, dialect, is_whole=is_whole)
    rows = list(islice(block.rows(), TRIAL_ROWS))
    suggested = suggest(dialect.columns, rows)
    chosen = columns_by_field(suggested) if columns is None else _present(columns, dialect)
    by_column = {column: name for name, column in chosen.items()}
    missing = [field.alias for field in missing_fields(chosen)]
    in_head = sum(bool("".join(row).strip()) for row in block.rows()) + len(block.broken)
    return {
        "encoding": dialect.encoding,
        "delimiter": dialect.delimiter,
        "has_header": dialect.has_header,
        "columns": [
            {
                "name": column,
                "samples": [row[place][:SHOWN_CHARACTERS] for row in rows[:SAMPLES]],
                "field": by_column.get(column),
                "how": suggested[column].how if by_column.get(column) == suggested[column].field else None,
            }
            for place, column in enumerate(dialect.columns)
        ],
        "fields": _fields(chosen),
        "missing": missing,
        "unmapped": [column for column in dialect.columns if column not in by_column],
        "rows_estimate": in_head if is_whole else round(in_head * (file_bytes or 0) / max(1, block.end.offset)),
        "rows_exact": is_whole,
        "sample_rows": [[cell[:SHOWN_CHARACTERS] for cell in row] for row in rows[:SAMPLES]],
        "trial": None if missing else _trial(block, chosen),
    }


def resolve(head: bytes, mapping: Mapping[str, Any] | None, *, with_reasons: bool = False) -> dict[str, Any]:
    """Fix how a job reads its file and what it says of its rows: the dialect, the column of each field, the reasons.

    Without a mapping the suggestion is taken if no person needs to confirm it. The layout of the results is fixed, too:
    a job that another release goes on with keeps it, and so every row has as many cells as the header.

    Raises
    ------
    NotCsvFile
        It is another format, empty, or cannot be read.
    InvalidRequest
        The mapping names columns that the file does not have, or the suggestion is not certain.
    """
    told = mapping or {}
    dialect = _detected(head, Overrides(told.get("encoding"), told.get("delimiter"), told.get("has_header")))
    columns = told.get("columns") or _certain(dialect, _block(head, dialect, is_whole=False))
    unknown = [name for name, column in columns.items() if column not in dialect.columns]
    if unknown:
        message = "The file has no column of the name that the mapping gives for this field"
        raise InvalidRequest([FieldProblem(name, "no_such_column", message) for name in unknown])
    used = set(columns.values())
    ignored = [column for column in dialect.columns if column not in used]
    return {
        "dialect": asdict(dialect),
        "fields": dict(columns),
        "ignored": ignored,
        "reasons": with_reasons,
        "segments": True,
    }


def as_resolved(told: Mapping[str, Any]) -> tuple[Dialect, Plan]:
    """Read what ``resolve`` fixed and a database kept as JSON."""
    # Jobs of before there were reasons and segments do not mention them.
    plan = Plan(
        told["fields"],
        is_stored=True,
        with_reasons=told.get("reasons", False),
        with_segments=told.get("segments", False),
    )
    return as_dialect(told["dialect"]), plan


def as_dialect(told: Mapping[str, Any]) -> Dialect:
    """Read a dialect that was kept as JSON."""
    return Dialect(**{**told, "columns": tuple(told["columns"]), "start": Position(*told["start"])})


def _present(columns: Mapping[str, str], dialect: Dialect) -> dict[str, str]:
    return {name: column for name, column in columns.items() if column in dialect.columns}


def _certain(dialect: Dialect, block: Block) -> dict[str, str]:
    suggested = suggest(dialect.columns, list(islice(block.rows(), TRIAL_ROWS)))
    columns = columns_by_field(suggested)
    if is_complete_and_certain(suggested):
        return columns
    problems = [
        FieldProblem(field.alias, "missing", f"Name the column that holds the {field.mid_sentence} in a mapping")
        for field in missing_fields(columns)
    ]
    problems += [
        FieldProblem(each.field, "not_certain", "Confirm in a mapping which column holds this field")
        for each in suggested.values()
        if each.field and each.how not in ("name", "classic name")
    ]
    raise InvalidRequest(problems, "The columns of this file need a mapping: see POST /batch/mappings.")


def _detected(head: bytes, overrides: Overrides) -> Dialect:
    try:
        return detect(head, **overrides._asdict())
    except NotCsv as refused:
        raise NotCsvFile(str(refused)) from None


def _block(head: bytes, dialect: Dialect, *, is_whole: bool) -> Block:
    """Read the records of a file's head as one block; unless it is the whole file, its last piece may be cut in two."""
    first, *others = [*read_blocks(io.BytesIO(head), dialect)] or [Block(dialect.columns, end=dialect.start)]
    for other in others if is_whole else others[:-1]:
        first.lines = [*first.lines, *other.lines]
        first.cells += other.cells
        first.broken += other.broken
        first.blank_lines += other.blank_lines
        first.end = other.end
    return first


def _fields(chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    known = [(CUSTOMER_ID, _ID_LABEL, False)]
    known += [(field.alias, field.label, field not in MINUTE_FIELDS) for field in FIELDS]
    return [
        {"field": alias, "label": label, "required": required, "column": chosen.get(alias)}
        for alias, label, required in known
    ]


def _trial(block: Block, chosen: Mapping[str, str]) -> dict[str, Any]:
    places = {name: block.columns.index(column) for name, column in chosen.items()}
    written = {name: block.column(place)[:TRIAL_ROWS] for name, place in places.items()}
    n_rows = min(TRIAL_ROWS, len(block.lines))
    problems = read_columns(written, n_rows).problems
    width = len(block.columns)
    # A row without any value is a blank line to the job.
    refused = [problems[row] for row in problems if "".join(block.cells[row * width : (row + 1) * width]).strip()]
    last_line = block.lines[n_rows - 1] if n_rows else 0
    broken = [each for each in block.broken if each.line <= last_line or n_rows < TRIAL_ROWS]
    found = Counter(Problem("", each.code, each.message) for each in broken)
    found.update(each for row in refused for each in row)
    rejections = [
        {"field": name, "code": code, "message": message, "rows": rows}
        for (name, code, message), rows in found.most_common()
    ]
    scored = n_rows - len(problems)
    return {"rows": scored + len(refused) + len(broken), "scored": scored, "rejections": rejections}
