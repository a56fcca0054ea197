"""What requests about users may hold: events, ids and the four numbers, as schemas and as the code that reads them."""

from datetime import datetime
from typing import Any, Final

from pydantic import ConfigDict, ValidationError, create_model

from app.errors import FieldProblem, InvalidRequest
from app.events.clock import micros_of
from app.events.columns import KINDS
from app.events.summary_form import FORM_FIELDS
from app.events.validation import (
    EARLIEST,
    LARGEST_NUMBER,
    LONGEST_ID,
    LONGEST_LEVEL,
    MOMENT_MESSAGES,
    MOST_ITEMS,
    check_moment,
    read_event,
)
from app.telecom.profiles import CUSTOMER_ID_PATTERN, FieldRefused, missing, read_customer_id
from app.telecom.schemas import definition, listed

MOST_EVENTS: Final = 10_000
MOST_USERS: Final = 10_000
_LARGEST_ID: Final = 2**53 - 1
"""Of an id that is a number: up to here every program reads the same."""

Schema = dict[str, Any]
_NUMBER_AS_ID: Final[Schema] = {"type": "integer", "minimum": -_LARGEST_ID, "maximum": _LARGEST_ID}
_ABSENT: Final[list[Schema]] = [{"type": "string", "const": ""}, {"type": "null"}]
_DIGITS: Final = r"([0-9]{1,14}(\.[0-9]{0,6})?|\.[0-9]{1,6})"


def _text(longest: int, label: str, example: str) -> Schema:
    text: Schema = {"type": "string", "pattern": "^[^\\u0000]*$", "maxLength": longest}
    return {"anyOf": [text, _NUMBER_AS_ID, {"type": "null"}], "description": label, "examples": [example]}


def _number(least: float, sign: str, label: str, example: float) -> Schema:
    number: Schema = {"type": "number", "minimum": least, "maximum": LARGEST_NUMBER}
    text: Schema = {"type": "string", "pattern": f"^ *{sign}{_DIGITS} *$"}
    return {"anyOf": [number, text, *_ABSENT], "description": label, "examples": [example]}


_USER_ID: Final[Schema] = {"type": "string", "pattern": CUSTOMER_ID_PATTERN}
_EVENT: Final[Schema] = {
    "type": "object",
    "title": "Event",
    "additionalProperties": False,
    "required": ["ts", "kind"],
    "properties": {
        "user_id": {
            "anyOf": [_USER_ID, _NUMBER_AS_ID, *_ABSENT],
            "description": "1 to 64 visible characters; left out when it is not known.",
            "examples": ["101"],
        },
        "session_id": _text(LONGEST_ID, "The visit it belongs to; users may share one, one after the other.", "8812"),
        "item_in_session": {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": MOST_ITEMS},
                {"type": "string", "pattern": "^[0-9]{1,9}$"},
                *_ABSENT,
            ],
            "description": "Its running number within the session, from 0.",
            "examples": [0],
        },
        "ts": {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "integer", "minimum": EARLIEST // 1000},
            ],
            "description": "ISO 8601 with an offset or Z, or milliseconds since 1970; from 2000 on, not in the future.",
            "examples": ["2026-01-31T12:00:00Z"],
        },
        "kind": {
            "type": "string",
            "pattern": "^ *[A-Za-z0-9_-]([A-Za-z0-9_ -]{0,30}[A-Za-z0-9_-])? *$",
            "description": f"{', '.join(kind.name for kind in KINDS)}; any other is kept, and is no signal.",
            "examples": [KINDS[0].name],
        },
        "value": _number(-LARGEST_NUMBER, "[+-]?", "Money in the log's currency, or a count.", 9.99),
        "duration_seconds": _number(0, r"\+?", "How long it lasted.", 240.5),
        "item_id": _text(LONGEST_ID, "What was played, read or bought.", "song-17"),
        "level": _text(LONGEST_LEVEL, "The user's plan at that time.", "paid"),
    },
}
EVENTS_SCHEMA: Final[Schema] = {
    "type": "array",
    "items": _EVENT,
    "minItems": 1,
    "maxItems": MOST_EVENTS,
    "examples": [
        [
            {
                "user_id": "101",
                "session_id": "8812",
                "item_in_session": 0,
                "ts": "2026-01-31T12:00:00Z",
                "kind": "play",
                "duration_seconds": 240.5,
            },
            {"user_id": 101, "ts": 1769860900000, "kind": "purchase", "value": 9.99},
        ]
    ],
}
USER_IDS_SCHEMA: Final[Schema] = {
    "type": "array",
    "items": {"anyOf": [_USER_ID, _NUMBER_AS_ID]},
    "minItems": 1,
    "maxItems": MOST_USERS,
    "examples": [["101", "202"]],
}


def read_events(raw: Any, moment: datetime) -> list[dict[str, Any]]:
    """Validate a JSON array of events; ``moment`` is now.

    Raises
    ------
    InvalidRequest
        Not an array, empty, too long, or some events are wrong; each entry names its row (from 0) and field.
    """
    present = micros_of(moment)
    rows: list[dict[str, Any]] = []
    problems: list[FieldProblem] = []
    for row, item in enumerate(_items(raw, MOST_EVENTS, "events")):
        values, found = read_event(item, row)
        if not found and (code := check_moment(values["ts"], present)):
            found = [FieldProblem("ts", code, MOMENT_MESSAGES[code], row)]
        rows.append(values)
        problems += found
    _refuse(problems)
    return rows


def read_ids(raw: Any) -> list[str]:
    """Validate a JSON array of user ids; numbers are written as text.

    Raises
    ------
    InvalidRequest
        Not an array, empty, too long, or something in it is no id; each entry names its row (from 0).
    """
    ids: list[str] = []
    problems: list[FieldProblem] = []
    for row, item in enumerate(_items(raw, MOST_USERS, "user ids")):
        try:
            ids.append(read_customer_id(_as_text(item)))
        except FieldRefused as refused:
            problems.append(FieldProblem("", refused.code, str(refused).replace("Customer id", "User id"), row))
    _refuse(problems)
    return ids


def _as_text(item: Any) -> Any:
    is_number = isinstance(item, int | float) and not isinstance(item, bool)
    return str(int(item)) if is_number and abs(item) <= _LARGEST_ID and item == int(item) else item


def _items(raw: Any, most: int, noun: str) -> list[Any]:
    if not isinstance(raw, list):
        raise InvalidRequest([FieldProblem("", "not_an_array", f"Send a JSON array of {noun}")])
    if not 1 <= len(raw) <= most:
        raise InvalidRequest([FieldProblem("", "wrong_length", f"Send between 1 and {most:,} {noun}")])
    return raw


def _refuse(problems: list[FieldProblem]) -> None:
    if problems:
        shown = listed(problems)
        more = f"There are {len(problems):,} problems; the first {len(shown)} are listed. Nothing was stored."
        raise InvalidRequest(shown, more if len(shown) < len(problems) else None)


SummaryRequest = create_model(
    "SummaryRequest",
    __config__=ConfigDict(
        extra="forbid",
        title="Summary of a user",
        json_schema_extra={"examples": [{f.alias: f.example for f in FORM_FIELDS.values()}]},
    ),
    __doc__="The last 30 days of a user in three numbers, and the days since the last activity.",
    **{field.name: definition(field) for field in FORM_FIELDS.values()},
)  # type: ignore[call-overload]
SUMMARY_SCHEMA: Final[Schema] = SummaryRequest.model_json_schema(by_alias=True)
_BY_ALIAS: Final = {field.alias: field for field in FORM_FIELDS.values()}


def read_summary(raw: Any) -> dict[str, float]:
    """Validate the four numbers.

    Raises
    ------
    InvalidRequest
        With one entry for each field to correct, in the order of the form.
    """
    try:
        return dict(SummaryRequest.model_validate(raw).__dict__)
    except ValidationError as error:
        raise InvalidRequest(
            [_problem(item) for item in error.errors(include_url=False, include_input=False)]
        ) from None


def _problem(item: Any) -> FieldProblem:
    key = str(item["loc"][0]) if item["loc"] else ""
    if item["type"] == "missing":
        return FieldProblem(key, "missing", str(missing(_BY_ALIAS[key])))
    if item["type"] == "extra_forbidden":
        return FieldProblem("", "unknown_field", f"Send nothing but {', '.join(_BY_ALIAS)}")
    if key not in _BY_ALIAS:
        return FieldProblem("", "not_an_object", "Send the four numbers as a JSON object")
    return FieldProblem(key, item["type"], item["msg"])
