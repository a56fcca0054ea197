"""Declared mappings from logs as they are written elsewhere to the canonical event.

An adapter names, for each canonical field, the column or key it is read from. Four ship with the project; a person
writes more of them as a small JSON object, ``Adapter.from_mapping``.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import copysign
from typing import Any, Final

from app.events.columns import SECOND_US, Micros
from app.events.mappings import Format, MappingRefused, TsUnit, problems_of
from app.events.records import FIELDS
from app.events.validation import LONGEST_ID, fold_kind, is_empty, read_iso, read_moment, read_number_of

Source = str | tuple[str, ...]
_UNITS: Final = {"us": 1, "ms": 1000, "s": SECOND_US}


@dataclass(frozen=True)
class Adapter:
    """How one kind of log is read.

    Attributes
    ----------
    name : str
        What it is called.
    format : str
        "jsonl" (one JSON object a line), "csv", or "any" of the two.
    columns : mapping of str to str or tuple of str
        The source of each canonical field. Several sources of ``item_id`` are joined, those of ``value`` multiplied.
    ts_unit : str
        "iso" (ISO 8601; UTC where no offset is written), or a number of "s", "ms" or "us" since 1970. "iso or ms" is
        the API's own rule, which wants an offset.
    kind : str
        Kind of every event, when no column says it; otherwise empty.
    kinds : mapping of str to str
        Our name of a source's kind. Kinds that are not in it keep their name, in lower case.
    has_negative_refunds : bool
        A negative value is a refund of the positive amount.
    refund_prefix : str
        Sessions (invoices) whose id begins so are refunds.
    has_numeric_ids : bool
        User ids are whole numbers, which a table may have written as "13085.0".
    """

    name: str
    format: Format
    columns: Mapping[str, Source]
    ts_unit: TsUnit
    kind: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)
    has_negative_refunds: bool = False
    refund_prefix: str = ""
    has_numeric_ids: bool = False

    @classmethod
    def from_mapping(cls, mapping: Any) -> "Adapter":
        """Read the mapping a person wrote.

        Parameters
        ----------
        mapping : dict
            ``columns`` (canonical field to source column; ``ts`` is needed), ``ts_unit`` (default "iso"), ``kind``
            (constant) or a column for ``kind`` with ``kinds`` (source word to ours), ``format`` and ``name``.

        Raises
        ------
        MappingRefused
            With everything to correct.

        Examples
        --------
        >>> Adapter.from_mapping({"columns": {"ts": "time", "user_id": "uid"}, "kind": "purchase"}).kind
        'purchase'
        >>> Adapter.from_mapping({"columns": {"user_id": "uid"}, "kind": "purchase"})
        Traceback (most recent call last):
        app.events.mappings.MappingRefused: Say which column holds the time (ts)
        """
        problems = list(problems_of(mapping))
        if problems:
            raise MappingRefused(problems)
        return cls(
            name=mapping.get("name", "own mapping"),
            format=mapping.get("format", "any"),
            columns=dict(mapping["columns"]),
            ts_unit=mapping.get("ts_unit", "iso"),
            kind=fold_kind(mapping.get("kind") or ""),
            kinds={source: fold_kind(kind) for source, kind in mapping.get("kinds", {}).items()},
        )

    def to_mapping(self) -> dict[str, Any]:
        """Write the adapter as ``from_mapping`` reads it; what only the shipped ones have is left out."""
        columns = {name: source for name, source in self.columns.items() if isinstance(source, str)}
        written: dict[str, Any] = {"name": self.name, "format": self.format, "columns": columns}
        return written | {"ts_unit": self.ts_unit, "kind": self.kind, "kinds": dict(self.kinds)}

    @property
    def sources(self) -> tuple[str, ...]:
        """Every column or key that is read, each once."""
        named = [source if isinstance(source, tuple) else (source,) for source in self.columns.values()]
        return tuple(dict.fromkeys(column for sources in named for column in sources))

    def missing(self, columns: Iterable[str]) -> list[str]:
        """List the columns without which no line could be read; an optional one that is absent is simply empty."""
        needed = [self.columns["ts"], *([] if self.kind else [self.columns["kind"]])]
        have = set(columns)
        return [name for name in needed if isinstance(name, str) and name not in have]

    def canonical(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Give what a source row says for each canonical field, as it was written; ``ts`` is left to ``moment``."""
        values: dict[str, Any] = {}
        for name, source in self.columns.items():
            value = raw.get(source) if isinstance(source, str) else _combined(name, [raw.get(part) for part in source])
            if isinstance(value, str):
                value = value.strip(" ")
            values[name] = None if is_empty(value) else value
        if self.has_numeric_ids and isinstance(user := values.get("user_id"), str):
            values["user_id"] = user.removesuffix(".0")
        values["kind"] = self._kind_of(values)
        return values

    def moment(self, value: Any) -> Micros:
        """Read the time as this log writes it.

        Raises
        ------
        FieldRefused
            It is missing or not written so.
        """
        if self.ts_unit == "iso or ms":
            return read_moment(value)
        if self.ts_unit == "iso" or value is None:
            return read_iso(value, needs_offset=False)
        return read_number_of(_UNITS[self.ts_unit], value)

    def _kind_of(self, values: dict[str, Any]) -> Any:
        if not self.kind:
            kind = values.get("kind")
            return self.kinds.get(kind) or fold_kind(kind) if isinstance(kind, str) else kind
        value, session = values.get("value"), values.get("session_id")
        amount = _as_number(value) if self.has_negative_refunds else None
        if amount is not None and copysign(1.0, amount) < 0:
            values["value"] = -amount
            return "refund"
        is_refund = self.refund_prefix and isinstance(session, str) and session.startswith(self.refund_prefix)
        return "refund" if is_refund else self.kind


def suggest(columns: Iterable[str]) -> Adapter | None:
    """Find the shipped adapter whose columns a log has; None when it has those of none.

    Examples
    --------
    >>> found = suggest(["customer_id", "invoice", "ts", "amount", "lines"])
    >>> found.name if found else None
    'retail_invoices'
    """
    have = set(columns)
    for adapter in ADAPTERS.values():
        needed = ("ts", "kind") if adapter.name == "canonical" else adapter.sources
        if have.issuperset(needed):
            return adapter
    return None


def _combined(name: str, parts: list[Any]) -> Any:
    if name == "item_id":
        joined = " - ".join(str(part) for part in parts if not is_empty(part))
        if len(joined) <= LONGEST_ID:
            return joined
        # Only equality matters, so that a long name keeps its beginning and a digest of the whole.
        digest = hashlib.blake2b(joined.encode("utf-8", "replace"), digest_size=8).hexdigest()
        return f"{joined[: LONGEST_ID - 17]}~{digest}"
    product = 1.0
    for part in parts:
        number = _as_number(part)
        if number is None:
            return part
        product *= number
    return product


def _as_number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        return None


_MUSIC_KINDS: Final = {
    "NextSong": "play",
    "Home": "visit",
    "About": "visit",
    "Login": "login",
    "Logout": "logout",
    "Settings": "settings",
    "Save Settings": "settings",
    "Help": "help",
    "Error": "error",
    "Upgrade": "plan",
    "Downgrade": "plan",
    "Cancel": "plan",
    "Submit Upgrade": "upgrade",
    "Submit Downgrade": "downgrade",
    "Cancellation Confirmation": "cancel",
    "Thumbs Up": "like",
    "Thumbs Down": "dislike",
    "Add Friend": "social",
    "Add to Playlist": "save",
    "Roll Advert": "advert",
    "Search": "search",
}
MUSIC: Final = Adapter(
    name="music",
    format="jsonl",
    columns={
        "user_id": "userId",
        "session_id": "sessionId",
        "item_in_session": "itemInSession",
        "ts": "ts",
        "kind": "page",
        "duration_seconds": "length",
        "item_id": ("artist", "song"),
        "level": "level",
    },
    ts_unit="ms",
    kinds=_MUSIC_KINDS,
)
RETAIL_INVOICES: Final = Adapter(
    name="retail_invoices",
    format="csv",
    columns={"user_id": "customer_id", "session_id": "invoice", "ts": "ts", "value": "amount"},
    ts_unit="iso",
    kind="purchase",
    has_negative_refunds=True,
    has_numeric_ids=True,
)
RETAIL_LINES: Final = Adapter(
    name="retail_lines",
    format="csv",
    columns={
        "user_id": "Customer ID",
        "session_id": "Invoice",
        "ts": "InvoiceDate",
        "value": ("Quantity", "Price"),
        "item_id": "StockCode",
    },
    ts_unit="iso",
    kind="purchase",
    has_negative_refunds=True,
    refund_prefix="C",
    has_numeric_ids=True,
)
CANONICAL: Final = Adapter(name="canonical", format="any", columns={name: name for name in FIELDS}, ts_unit="iso or ms")
ADAPTERS: Final[Mapping[str, Adapter]] = {
    adapter.name: adapter for adapter in (MUSIC, RETAIL_INVOICES, RETAIL_LINES, CANONICAL)
}
"""The adapters that ship, by name."""
