"""What the queries about users may say, and the sentences when they cannot be."""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final

from fastapi import Path as PathParameter
from fastapi import Query
from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.events.ranking import Wanted
from app.events.users import STANDINGS
from app.telecom.policy import TIERS
from app.telecom.profiles import CUSTOMER_ID_PATTERN

PAGE: Final = 50
LARGEST_PAGE: Final = 200
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# The characters of an id; what an id may not be as a whole, it may begin with.
_PREFIX_PATTERN: Final = "^ *" + CUSTOMER_ID_PATTERN[CUSTOMER_ID_PATTERN.index("[") :].replace("{1,64}$", "{0,64} *$")
_PREFIX: Final = re.compile(_PREFIX_PATTERN)


def _refused(code: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{reason}", {"reason": message})


def _one_of(label: str, words: tuple[str, ...], *, optional: bool) -> tuple[PlainValidator, WithJsonSchema]:
    offered = ("", *words) if optional else words

    def read(value: Any) -> str:
        if value not in offered:
            raise _refused("not_in_vocabulary", f"{label} must be {', '.join(words[:-1])} or {words[-1]}")
        return str(value)

    return PlainValidator(read), WithJsonSchema({"type": "string", "enum": list(offered)})


def _text(read: Callable[[str], Any], schema: dict[str, Any]) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(lambda value: read(str(value))), WithJsonSchema(schema)


def _read_limit(text: str) -> int:
    if not (re.fullmatch("0*[0-9]{1,3}", text) and 1 <= int(text) <= LARGEST_PAGE):
        raise _refused("out_of_range", f"Limit must be a whole number from 1 to {LARGEST_PAGE}")
    return int(text)


def _read_prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise _refused("not_an_id", "Beginning of the id must be up to 64 visible characters, without spaces")
    return text.strip(" ")


def _read_day(text: str) -> date | None:
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _refused("not_a_day", "As of must be a day, such as 2026-01-31")


Limit = Annotated[
    Any,
    *_text(_read_limit, {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}),
    Query(description="Entries on a page."),
]
Cursor = Annotated[str | None, Query(description="Where the page begins: `next` of the page before.")]
UserIdPath = Annotated[str, PathParameter(description="Percent-encoded: an id may hold a slash.", examples=["101"])]
AsOf = Annotated[
    Any,
    *_text(_read_day, {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "const": ""}]}),
    Query(description="UTC day the answer looks from; empty for the day after the log's newest event."),
]


def wanted_of(
    tier: Annotated[
        Any, *_one_of("Tier", TIERS[::-1], optional=True), Query(description="Only this risk tier; empty for all.")
    ] = "",
    q: Annotated[
        Any,
        *_text(_read_prefix, {"type": "string", "pattern": _PREFIX_PATTERN}),
        Query(description="Only ids that begin with this, letter for letter."),
    ] = "",
    standing: Annotated[
        Any,
        *_one_of("Standing", STANDINGS, optional=False),
        Query(description="`active`: somebody to keep; `inactive`: silent for too long; `cancelled`: gone."),
    ] = "active",
) -> Wanted:
    """Read which users a list is to show."""
    return Wanted(tier or None, q, standing)
