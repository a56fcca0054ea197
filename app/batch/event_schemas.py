"""Wire models of the routes for logs, before their jobs."""

from typing import Any, Final, Literal

import jiter
from pydantic import BaseModel, ConfigDict, Field

from app.batch.event_intake import read_adapter
from app.batch.schemas import Rejection
from app.errors import FieldProblem, InvalidRequest
from app.events.columns import CODE_OF_KIND
from app.events.records import FIELDS

AdapterName = Literal["auto", "music", "retail_invoices", "retail_lines", "canonical"]
MOST_WORDS: Final = 1_000
"""Words for kinds that a mapping may translate."""
_COLUMN: Final[Any] = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"\S"}
_KIND: Final[Any] = {"type": "string", "enum": list(CODE_OF_KIND)}
_NO_KIND_COLUMN: Final[Any] = {"properties": {"columns": {"not": {"required": ["kind"]}}}}
LOG_MAPPING_SCHEMA: Final[dict[str, Any]] = {
    "title": "LogMapping",
    "type": "object",
    "description": "Which column of a log holds which field, and what its words for kinds mean.",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"\S"},
        "format": {"type": "string", "enum": ["jsonl", "csv", "any"]},
        "columns": {
            "type": "object",
            "properties": {field: _COLUMN for field in FIELDS},
            "required": ["ts"],
            "additionalProperties": False,
        },
        "ts_unit": {"type": "string", "enum": ["us", "ms", "s", "iso", "iso or ms"]},
        "kind": {**_KIND, "description": "Kind of every event, when no column says it."},
        "kinds": {"type": "object", "additionalProperties": _KIND, "maxProperties": MOST_WORDS},
    },
    "required": ["columns"],
    "additionalProperties": False,
    "oneOf": [
        {"title": "A kind for all", "required": ["kind"], **_NO_KIND_COLUMN},
        {
            "title": "A column for the kind",
            "properties": {"columns": {"required": ["kind"]}},
            "not": {"required": ["kind"]},
        },
    ],
    "examples": [
        {
            "columns": {"user_id": "uid", "ts": "time", "kind": "action", "session_id": "visit"},
            "ts_unit": "ms",
            "kinds": {"watch": "play", "pay": "purchase"},
        }
    ],
}


class LogColumn(BaseModel):
    """One column of a log, or one key of its objects."""

    name: str
    samples: list[str]
    field: str | None = Field(description="The field it is read for; null when none.")


class LogField(BaseModel):
    """One field of an event."""

    field: str
    label: str
    required: bool
    column: str | None = Field(description="The column it is read from; several are joined with +.")


class LogKind(BaseModel):
    """One word that the log has for what happened."""

    source: str
    kind: str | None = Field(description="Our kind; null for a word that is kept and is no signal of its own.")
    rows: int


class LogTrial(BaseModel):
    """What would become of the first rows; which of them are stored already is not looked at."""

    rows: int
    accepted: int
    rejections: list[Rejection]


class LogPreview(BaseModel):
    """What a log seems to hold, before anything is stored."""

    format: Literal["csv", "jsonl"]
    adapter: str | None = Field(description="Null for a mapping, and when it is not certain what the columns hold.")
    suggested: bool = Field(description="Whether the adapter was found from the columns.")
    columns: list[LogColumn]
    fields: list[LogField]
    missing: list[str] = Field(description="Columns without which no line could be read.")
    unmapped: list[str] = Field(description="Columns that are not read.")
    kinds: list[LogKind]
    rows_estimate: int
    rows_exact: bool
    trial: LogTrial | None = Field(description="Null when it is not certain how to read the log.")


class StoredLogMapping(BaseModel):
    """A mapping of a log's columns with the id that jobs refer to."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "0199f000-0000-7000-8000-000000000000"}]})

    id: str


def read_log_mapping(raw: Any) -> dict[str, Any]:
    """Validate a mapping; raises InvalidRequest with everything to correct."""
    if isinstance(raw, dict) and "kind" in raw and not raw["kind"]:
        message = f"The kind must be one of {', '.join(CODE_OF_KIND)}"
        raise InvalidRequest([FieldProblem("kind", "not_in_vocabulary", message)])
    if isinstance(raw, dict) and isinstance(kinds := raw.get("kinds"), dict) and len(kinds) > MOST_WORDS:
        raise InvalidRequest([FieldProblem("kinds", "too_many", f"Translate at most {MOST_WORDS:,} words for kinds")])
    read_adapter(raw)
    mapping: dict[str, Any] = raw
    return mapping


def read_trial_log_mapping(text: str | None) -> dict[str, Any] | None:
    """Read a mapping that a person tries out, sent as JSON in the address."""
    if text is None:
        return None
    try:
        return read_log_mapping(jiter.from_json(text.encode(), allow_inf_nan=False, catch_duplicate_keys=True))
    except ValueError:
        raise InvalidRequest([FieldProblem("mapping", "not_json", "Send the mapping as a JSON object")]) from None
