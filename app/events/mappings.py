"""The mapping a person writes for a log of their own: what it may say, and what to correct when it cannot be used."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, get_args

from app.errors import FieldProblem
from app.events.columns import CODE_OF_KIND
from app.events.records import FIELDS
from app.events.validation import fold_kind

Format = Literal["jsonl", "csv", "any"]
TsUnit = Literal["us", "ms", "s", "iso", "iso or ms"]
_MOST_TEXT: Final = 200
_KEYS: Final = ("name", "format", "columns", "ts_unit", "kind", "kinds")


class MappingRefused(ValueError):
    """A mapping that a person wrote cannot be used.

    Attributes
    ----------
    problems : list of FieldProblem
        Everything to correct; fields as "columns.ts".
    """

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def problems_of(mapping: Any) -> Iterator[FieldProblem]:
    """Say everything that is to be corrected in a mapping as a person wrote it."""
    if not isinstance(mapping, Mapping) or not isinstance(mapping.get("columns"), Mapping):
        yield FieldProblem("columns", "missing", "Say which columns the fields of an event are read from")
        return
    for key in mapping.keys() - set(_KEYS):
        yield FieldProblem(str(key)[:_MOST_TEXT], "unknown_field", f"A mapping has only {', '.join(_KEYS)}")
    yield from _column_problems(mapping["columns"])
    yield from _kind_problems(mapping, mapping.get("kinds", {}))
    for key, allowed in (("format", get_args(Format)), ("ts_unit", get_args(TsUnit))):
        if mapping.get(key, allowed[0]) not in allowed:
            yield FieldProblem(key, "not_in_vocabulary", f"{key} must be one of {', '.join(allowed)}")
    if not _is_text(mapping.get("name", "own mapping")):
        yield FieldProblem("name", "not_text", "The mapping's name must be text of at most 200 characters")


def _column_problems(columns: Mapping[str, Any]) -> Iterator[FieldProblem]:
    for name, source in columns.items():
        if name not in FIELDS:
            yield FieldProblem("columns", "unknown_field", f"An event has only the fields {', '.join(FIELDS)}")
        elif not _is_text(source):
            yield FieldProblem(f"columns.{name}", "not_text", f"Name the column that holds {name}")
    if "ts" not in columns:
        yield FieldProblem("columns.ts", "missing", "Say which column holds the time (ts)")


def _kind_problems(mapping: Mapping[str, Any], kinds: Any) -> Iterator[FieldProblem]:
    constant = mapping.get("kind") or ""
    if not constant and "kind" not in mapping["columns"]:
        yield FieldProblem(
            "columns.kind", "missing", "Say which column holds the kind, or give one kind for all events"
        )
    if constant and "kind" in mapping["columns"]:
        yield FieldProblem("kind", "twice", "Give a column for the kind or one kind for all events, not both")
    if constant and not (isinstance(constant, str) and fold_kind(constant) in CODE_OF_KIND):
        yield FieldProblem("kind", "not_in_vocabulary", f"The kind must be one of {', '.join(CODE_OF_KIND)}")
    if not isinstance(kinds, Mapping):
        yield FieldProblem("kinds", "not_an_object", "Write kinds as an object: the log's word, then ours")
        return
    for source, kind in kinds.items():
        if not (isinstance(kind, str) and fold_kind(kind) in CODE_OF_KIND):
            shown = str(source)[:_MOST_TEXT]
            message = f"{shown} must become one of {', '.join(CODE_OF_KIND)}"
            yield FieldProblem(f"kinds.{shown}", "not_in_vocabulary", message)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= _MOST_TEXT
