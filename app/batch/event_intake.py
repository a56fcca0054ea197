"""Look at the first part of a log: how it is written, what its columns or keys are, and how a job is to read it."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal

from app.batch.blocks import read_block, read_pieces
from app.batch.detection import NotCsv, detect, encoding_of
from app.batch.event_reading import LogPlan, plain_lines
from app.batch.intake import as_dialect
from app.batch.records import Dialect, Position, decode
from app.errors import FieldProblem, InvalidRequest, NotEventFile
from app.events.adapters import ADAPTERS, Adapter, suggest
from app.events.columns import SECOND_US
from app.events.mappings import MappingRefused
from app.telecom.schemas import listed

AUTO: Final = "auto"
SAMPLE_ROWS: Final = 200
BETWEEN: Final = " + "
"""Stands between the columns that are read together for one field."""
NO_FIT: Final = (
    "It is not certain what the columns of this log hold: choose an adapter, or see POST /batch/event-mappings."
)
_AN_ARRAY: Final = (
    "This is one JSON array. Write each event on a line of its own, or send them in parts to POST /update_user_events."
)
_PARQUET: Final = "This is a Parquet file. Load it with scripts/load_events, or save it as CSV and choose that file."


@dataclass(frozen=True)
class Head:
    """The first part of a log.

    Attributes
    ----------
    dialect : Dialect
    columns : tuple of str
        Columns of a CSV file; keys of the first JSON objects, in the order they come.
    rows : list of dict
        The first rows: value by column, as text in a CSV file.
    """

    dialect: Dialect
    columns: tuple[str, ...]
    rows: list[dict[str, Any]]

    @property
    def format(self) -> Literal["csv", "jsonl"]:
        """How the file is written."""
        return "csv" if self.dialect.is_quoted else "jsonl"


def detect_log(head: bytes) -> Dialect:
    """Find out how a log is written.

    Raises
    ------
    NotEventFile
        It is neither JSON lines nor CSV, or its header cannot be read.
    """
    mark, encoding, is_big_endian = encoding_of(head)
    lines = Dialect("utf-16" if encoding == "utf-16" else "utf-8", ",", False, ("event",), Position(mark, 1),
                    is_big_endian, is_quoted=False)  # fmt: skip
    text = decode(head[mark:], lines.codec)[0].lstrip()
    if text.startswith("{"):
        return lines
    if text.startswith("["):
        raise NotEventFile(_AN_ARRAY)
    if head.startswith(b"PAR1"):
        raise NotEventFile(_PARQUET)
    try:
        return detect(head, of="event")
    except NotCsv as refused:
        raise NotEventFile(str(refused)) from None


def read_head(head: bytes, *, is_whole: bool) -> Head:
    """Read the first rows of a log; its last line may be cut in two unless the head is the whole of it.

    Raises
    ------
    NotEventFile
        As ``detect_log``.
    """
    dialect = detect_log(head)
    pieces = list(read_pieces(io.BytesIO(head), dialect))
    if not is_whole and len(pieces) > 1:
        pieces.pop()
    if dialect.is_quoted:
        table = [row for piece in pieces for row in read_block(piece, dialect).rows() if any(row)]
        rows = [dict(zip(dialect.columns, row, strict=True)) for row in table[:SAMPLE_ROWS]]
        return Head(dialect, dialect.columns, rows)
    lines = [line for piece in pieces for line in plain_lines(piece.data, dialect).split(b"\n")]
    rows = list(islice(filter(None, map(_as_object, lines)), SAMPLE_ROWS))
    return Head(dialect, tuple(dict.fromkeys(key for row in rows for key in row)), rows)


def resolve_log(head: bytes, adapter: str, mapping: Mapping[str, Any] | None) -> dict[str, Any]:
    """Fix how a job reads its log: the dialect, the adapter and the column of each field.

    Raises
    ------
    NotEventFile
        It is neither JSON lines nor CSV, or its header cannot be read.
    InvalidRequest
        The adapter does not fit the log, or none is named and none is certain.
    """
    return resolve_head(read_head(head, is_whole=False), adapter, mapping)


def resolve_head(head: Head, name: str, mapping: Mapping[str, Any] | None) -> dict[str, Any]:
    """Do what ``resolve_log`` does for a log whose first rows were read."""
    adapter = choose(head, name, mapping)
    if missing := adapter.missing(head.columns):
        message = "The log has no column of the name that the adapter or the mapping gives for this field"
        absent = [field for field, source in adapter.columns.items() if source in missing]
        raise InvalidRequest([FieldProblem(field, "no_such_column", message) for field in absent], NO_FIT)
    used = set(adapter.sources)
    return {
        "dialect": asdict(head.dialect),
        "adapter": adapter.name if ADAPTERS.get(adapter.name) is adapter else adapter.to_mapping(),
        "fields": fields_of(adapter, head),
        "ignored": [column for column in head.columns if column not in used],
    }


def choose(head: Head, name: str, mapping: Mapping[str, Any] | None) -> Adapter:
    """Take the mapping, or the adapter of this name, or the one whose columns the log has; raises InvalidRequest."""
    if mapping is not None:
        return read_adapter(mapping)
    adapter = suggest(head.columns) if name == AUTO else ADAPTERS[name]
    if adapter is None:
        message = "Choose an adapter, or say in a mapping what the columns hold"
        raise InvalidRequest([FieldProblem("adapter", "not_certain", message)], NO_FIT)
    return adapter


def read_adapter(mapping: Any) -> Adapter:
    """Read a mapping that a person wrote; raises InvalidRequest with everything to correct."""
    try:
        return Adapter.from_mapping(mapping)
    except MappingRefused as refused:
        raise InvalidRequest(listed(refused.problems)) from None


def fields_of(adapter: Adapter, head: Head) -> dict[str, str]:
    """Name the column of each field; several are joined. Keys of JSON lines may come up behind the head."""
    have = set(adapter.sources) if head.format == "jsonl" else set(head.columns)
    named = {field: (source,) if isinstance(source, str) else source for field, source in adapter.columns.items()}
    return {field: BETWEEN.join(sources) for field, sources in named.items() if have.issuperset(sources)}


def as_planned(told: Mapping[str, Any], created_at: str) -> LogPlan:
    """Read what ``resolve_log`` fixed and a database kept as JSON."""
    name = told["adapter"]
    adapter = ADAPTERS[name] if isinstance(name, str) else Adapter.from_mapping(name)
    moment = int(datetime.fromisoformat(created_at).timestamp() * SECOND_US)
    return LogPlan(as_dialect(told["dialect"]), adapter, moment)


def _as_object(line: bytes) -> dict[str, Any] | None:
    """Read a line if it is a JSON object; what is wrong with it otherwise is told by the job."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
