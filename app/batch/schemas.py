"""Wire models of the batch routes."""

import json
from collections import Counter
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema
from sqlalchemy import Row

from app.batch.event_counts import EventCounts
from app.batch.event_report import EventReport, report_of
from app.batch.mapping import missing_fields
from app.batch.progress import (
    REJECTIONS_LISTED,
    UNFINISHED,
    Counts,
    State,
    seconds_left,
    speed,
    tier_counts,
)
from app.errors import FieldProblem, InvalidRequest
from app.telecom.features import CORE_FIELDS, CUSTOMER_ID, FIELDS, MINUTE_FIELDS
from app.telecom.schemas import listed

Encoding = Literal["utf-8", "utf-16", "windows-1252"]
Delimiter = Literal[",", ";", "\t", "|"]
How = Literal["name", "classic name", "likeness", "content"]
_EXAMPLE: Final[Any] = {"examples": [{"columns": {field.alias: field.column for field in FIELDS}}]}


COUNTS: Final[dict[str, type[Counts] | type[EventCounts]]] = {"customers": Counts, "events": EventCounts}
KNOWN: Final = {field.alias for field in FIELDS} | {CUSTOMER_ID}
_MINUTES: Final = [field.alias for field in MINUTE_FIELDS]
_COLUMNS_SCHEMA: Final[Any] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in (CUSTOMER_ID, *(field.alias for field in FIELDS))},
    "required": [field.alias for field in CORE_FIELDS],
    "additionalProperties": False,
    "anyOf": [
        {"title": "With minutes", "required": _MINUTES},
        {"title": "Without minutes", "not": {"anyOf": [{"required": [name]} for name in _MINUTES]}},
    ],
}
_SENTENCES: Final = {
    "": "Send the mapping as a JSON object",
    "columns": "Name a column for each field, as text",
    "encoding": "Choose utf-8, utf-16 or windows-1252, or leave it out",
    "delimiter": "Choose the comma, the semicolon, the tab or the bar, or leave it out",
    "has_header": "Send true or false, or leave it out",
}
_NO_PART: Final = "This is not a part of a mapping: remove it"


class ColumnPreview(BaseModel):
    """One column of the file."""

    name: str = Field(description="Its header; a repeated one gets a number, a missing one a name.")
    samples: list[str]
    field: str | None = Field(description="Our field that it seems to hold; null when none.")
    how: How | None = Field(description="What the suggestion rests on.")


class FieldPreview(BaseModel):
    """One of our fields."""

    field: str
    label: str
    required: bool
    column: str | None


class Rejection(BaseModel):
    """One reason why rows could not be scored."""

    field: str = Field(description="Wire name of the field; empty when the whole row is at fault.")
    code: str
    message: str
    rows: int


class Trial(BaseModel):
    """What would become of the first rows under the suggested mapping."""

    rows: int
    scored: int
    rejections: list[Rejection]


class Preview(BaseModel):
    """What a file seems to hold, before anything is stored."""

    model_config = ConfigDict(title="FilePreview")

    encoding: Encoding
    delimiter: Delimiter
    has_header: bool
    columns: list[ColumnPreview]
    fields: list[FieldPreview]
    missing: list[str] = Field(description="Required fields that no column was found for.")
    unmapped: list[str] = Field(description="Columns that would not be used for the score.")
    rows_estimate: int
    rows_exact: bool
    sample_rows: list[list[str]]
    trial: Trial | None


class Mapping(BaseModel):
    """Which column of the file feeds which field, as a person confirmed it."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra=_EXAMPLE)

    columns: Annotated[
        dict[str, str],
        Field(max_length=64, description="Field by wire name: column. Each field has a column of its own."),
        WithJsonSchema(_COLUMNS_SCHEMA),
    ]
    encoding: Encoding | None = Field(None, description="Null: found from the file.")
    delimiter: Delimiter | None = Field(None, description="Null: found from the file.")
    has_header: bool | None = Field(None, description="Null: found from the file.")


class StoredMapping(Mapping):
    """A mapping with the id that jobs refer to."""

    id: str


def read_mapping(raw: Any) -> Mapping:
    """Validate a mapping.

    Raises
    ------
    InvalidRequest
        It names a field that is not ours, uses a column twice, or leaves out a required field.
    """
    try:
        mapping = Mapping.model_validate(raw)
    except ValidationError as error:
        found = [(str((*item["loc"], "")[0]), item["type"]) for item in error.errors(include_url=False)]
        problems = [FieldProblem(_echoed(part), code, _SENTENCES.get(part, _NO_PART)) for part, code in found]
        raise InvalidRequest(listed(problems)) from None
    problems = [
        FieldProblem(_echoed(name), "unknown_field", "This is not a field of a customer: remove it")
        for name in mapping.columns
        if name not in KNOWN
    ]
    uses = Counter(mapping.columns.values())
    problems += [
        FieldProblem(name, "column_used_twice", "Choose a column that feeds no other field")
        for name, column in mapping.columns.items()
        if uses[column] > 1
    ]
    problems += [
        FieldProblem(field.alias, "missing", f"Choose the column that holds the {field.mid_sentence}")
        for field in missing_fields(mapping.columns)
    ]
    if problems:
        raise InvalidRequest(listed(problems))
    return mapping


def _echoed(name: str) -> str:
    """Repeat a name that was sent if it is as harmless as a field's; anything else is not sent back."""
    return name if name.isidentifier() and name.isascii() and len(name) <= 64 else ""


def read_trial_mapping(text: str | None) -> dict[str, str] | None:
    """Read the column for each field that a preview tries out; raises InvalidRequest when it is not such an object."""
    if text is None:
        return None
    try:
        columns = TypeAdapter(dict[str, str]).validate_json(text)
    except ValidationError:
        columns = {"": ""}
    if columns.keys() <= KNOWN:
        return columns
    message = "Send a JSON object that names a column for each field"
    raise InvalidRequest([FieldProblem("mapping", "not_a_mapping", message)])


class Job(BaseModel):
    """A file on its way: rows in = rows scored + rows rejected, or for a log as its report says."""

    id: str
    kind: Literal["customers", "events"]
    file_name: str
    file_bytes: int
    state: State
    reason: str | None = Field(description="Why it failed or was interrupted, as a sentence.")
    created_at: str
    started_at: str | None
    finished_at: str | None
    rows_known: int = Field(description="Rows of the file: counted from line ends until the file has been read.")
    rows_exact: bool
    rows_done: int
    rows_scored: int
    rows_rejected: int
    blank_lines: int
    duplicate_rows: int = Field(description="Rows whose customer occurs earlier in the file: the last one stands.")
    rows_without_customer_id: int = Field(description="Scored, but not in the list of customers.")
    rows_with_warnings: int
    rows_per_second: float | None
    seconds_left: int | None = Field(description="Null until the speed is known.")
    tiers: dict[str, int]
    rejections: list[Rejection]
    models: list[str] = Field(examples=[["telecom-usage/1"]])
    mapping: dict[str, str] = Field(description="Column for each field.")
    ignored_columns: list[str] = Field(description="Kept in the results, not used for the score.")
    reasons: bool = Field(description="Whether the results say why, for Medium and High rows.")
    results_ready: bool
    errors_ready: bool
    events: EventReport | None = Field(description="What became of a log; null for a file of customers.")


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[Job]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


def rejections_of(counts: Counts | EventCounts) -> list[Rejection]:
    """List the most frequent reasons first."""
    most = counts.rejections.most_common(REJECTIONS_LISTED)
    return [Rejection(field=name, code=code, message=message, rows=rows) for (name, code, message), rows in most]


def as_job(row: Row[Any]) -> Job:
    """Show a job as its row and its counts stand."""
    counts = COUNTS[row.kind].from_json(row.counts)
    told = json.loads(row.mapping)
    is_finished = row.state not in UNFINISHED
    is_running = row.state == "running"
    names = ("id", "kind", "file_name", "file_bytes", "state", "reason", "rows_known", "rows_done")
    return Job(
        **{name: getattr(row, name) for name in (*names, "created_at", "started_at", "finished_at")},
        **_of_customers(counts if isinstance(counts, Counts) else Counts()),
        events=None if isinstance(counts, Counts) else report_of(counts),
        rows_exact=row.state == "done",
        rows_rejected=counts.rejected,
        blank_lines=counts.blank_lines,
        duplicate_rows=counts.duplicates,
        rows_per_second=round(pace) if (pace := speed(row.rows_done, row.active_seconds)) else None,
        seconds_left=seconds_left(row.rows_done, row.rows_known, row.active_seconds) if is_running else None,
        rejections=rejections_of(counts),
        models=json.loads(row.models),
        mapping=told["fields"],
        ignored_columns=told["ignored"],
        reasons=told.get("reasons", False),
        results_ready=is_finished and row.results_bytes > 0 and isinstance(counts, Counts),
        errors_ready=is_finished and row.errors_bytes > 0 and counts.rejected > 0,
    )


def _of_customers(counts: Counts) -> dict[str, Any]:
    return {
        "rows_scored": counts.scored,
        "rows_without_customer_id": counts.without_id,
        "rows_with_warnings": counts.with_warnings,
        "tiers": tier_counts(counts.tiers),
    }
