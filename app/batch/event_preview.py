"""Say what a log seems to hold, and what would become of its first rows, before anything is stored."""

import io
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from app.batch.blocks import read_pieces
from app.batch.event_counts import MOST_KINDS
from app.batch.event_intake import AUTO, Head, as_planned, fields_of, read_adapter, read_head, resolve_head
from app.batch.event_reading import LogPiece, read_log_piece
from app.batch.intake import SAMPLES, SHOWN_CHARACTERS
from app.batch.progress import REJECTIONS_LISTED
from app.events.adapters import ADAPTERS, Adapter, suggest
from app.events.columns import CODE_OF_KIND
from app.events.records import FIELDS

LABELS: Final[Mapping[str, str]] = {
    "user_id": "User id",
    "session_id": "Session id",
    "item_in_session": "Number within the session",
    "ts": "When it happened",
    "kind": "What happened",
    "value": "Money or count",
    "duration_seconds": "Seconds it lasted",
    "item_id": "Item",
    "level": "Plan",
}
REQUIRED: Final = frozenset({"ts", "kind"})


def preview_log(
    data: bytes, file_bytes: int | None, name: str, mapping: Mapping[str, Any] | None, now: str
) -> dict[str, Any]:
    """Say what a log seems to hold.

    Parameters
    ----------
    data : bytes
        Its first part.
    file_bytes : int or None
        Its size; None when ``data`` is all of it.
    name : str
        Name of an adapter, or ``AUTO``.
    mapping : mapping or None
        A mapping to try instead.
    now : str
        The present moment.

    Raises
    ------
    NotEventFile
        It is neither JSON lines nor CSV.
    InvalidRequest
        The mapping is none.
    """
    is_whole = file_bytes is None or file_bytes <= len(data)
    head = read_head(data, is_whole=is_whole)
    adapter = _adapter(head, name, mapping)
    missing = adapter.missing(head.columns) if adapter else []
    fields = fields_of(adapter, head) if adapter else _by_name(head)
    can_try = adapter is not None and not missing
    read, read_bytes = _read(data, head, name, mapping, now, is_whole=is_whole) if can_try else (LogPiece(), 0)
    # The head keeps the first rows alone; what cannot be read is counted by its lines.
    rows = len(read.events) + read.rejected if can_try else max(len(head.rows), data.count(b"\n"))
    scale = 1.0 if is_whole else (file_bytes or 0) / max(1, read_bytes or len(data))
    return {
        "format": head.format,
        "adapter": adapter.name if adapter and mapping is None else None,
        "suggested": name == AUTO and mapping is None and adapter is not None,
        "columns": _columns(head, adapter, fields),
        "fields": [
            {"field": field, "label": LABELS[field], "required": field in REQUIRED, "column": fields.get(field)}
            for field in FIELDS
        ],
        "missing": missing,
        "unmapped": [column for column in head.columns if column not in _used(adapter, fields)],
        "kinds": _kinds(head, adapter),
        "rows_estimate": round(rows * scale),
        "rows_exact": is_whole and can_try,
        "trial": _trial(read) if can_try else None,
    }


def _adapter(head: Head, name: str, mapping: Mapping[str, Any] | None) -> Adapter | None:
    if mapping is not None:
        return read_adapter(mapping)
    return suggest(head.columns) if name == AUTO else ADAPTERS[name]


def _by_name(head: Head) -> dict[str, str]:
    """Find columns that are called as our fields, but for how the words are put together."""
    plain = {_plain(column): column for column in reversed(head.columns)}
    return {field: plain[_plain(field)] for field in FIELDS if _plain(field) in plain}


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _used(adapter: Adapter | None, fields: Mapping[str, str]) -> set[str]:
    return set(adapter.sources if adapter else fields.values())


def _columns(head: Head, adapter: Adapter | None, fields: Mapping[str, str]) -> list[dict[str, Any]]:
    by_column = {column: field for field, column in fields.items()}
    if adapter:
        sources = {
            field: source if isinstance(source, tuple) else (source,) for field, source in adapter.columns.items()
        }
        by_column = {column: field for field, columns in sources.items() for column in columns}
    return [
        {"name": name[:SHOWN_CHARACTERS], "samples": _samples(head, name), "field": by_column.get(name)}
        for name in head.columns
    ]


def _samples(head: Head, column: str) -> list[str]:
    """Give the first values there are."""
    given = [row[column] for row in head.rows if row.get(column) not in (None, "")]
    return [str(value)[:SHOWN_CHARACTERS] for value in given[:SAMPLES]]


def _kinds(head: Head, adapter: Adapter | None) -> list[dict[str, Any]]:
    """Say how the words for what happened are read; null for a word that is none of our kinds."""
    source = adapter.columns.get("kind") if adapter else None
    if adapter is None or not isinstance(source, str):
        return []
    words = Counter(str(row[source]) for row in head.rows if row.get(source) not in (None, ""))
    read = {word: adapter.canonical({source: word})["kind"] for word in words}
    return [
        {"source": word[:SHOWN_CHARACTERS], "kind": read[word] if read[word] in CODE_OF_KIND else None, "rows": rows}
        for word, rows in words.most_common(MOST_KINDS)
    ]


def _read(
    data: bytes, head: Head, name: str, mapping: Mapping[str, Any] | None, now: str, *, is_whole: bool
) -> tuple[LogPiece, int]:
    """Read the rows as a job would; gives how many bytes that took."""
    plan = as_planned(resolve_head(head, name, mapping), now)
    pieces = list(read_pieces(io.BytesIO(data), plan.dialect))
    if not is_whole and len(pieces) > 1:
        pieces.pop()
    total = LogPiece()
    for piece in pieces:
        read = read_log_piece(piece, plan)
        total.events += read.events
        total.rejected += read.rejected
        total.rejections.update(read.rejections)
    return total, pieces[-1].end.offset if pieces else 0


def _trial(read: LogPiece) -> dict[str, Any]:
    found = read.rejections.most_common(REJECTIONS_LISTED)
    rejections = [
        {"field": name, "code": code, "message": message, "rows": rows} for (name, code, message), rows in found
    ]
    accepted = len(read.events)
    return {"rows": accepted + read.rejected, "accepted": accepted, "rejections": rejections}
