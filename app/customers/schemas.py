"""Wire models of the customer routes, and what their parameters may say."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final, get_args

from fastapi import Depends, Query
from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.customers.lists import Filters, Order, Sort, Standing
from app.errors import FieldProblem, InvalidRequest
from app.predictions.sums import Outcome
from app.telecom.policy import TIERS, VALUE_BANDS, Tier, ValueBand
from app.telecom.profiles import CUSTOMER_ID_PATTERN, FieldRefused
from app.telecom.schemas import PredictResponse, Probability, Segment, Usd

PAGE: Final = 50
LARGEST_PAGE: Final = 200
EARLIEST: Final = date(1900, 1, 1)
_LARGEST_CENTS: Final = 2**63 - 1
_LARGEST_SEGMENT: Final = 999
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SEGMENT: Final = re.compile(r"[0-9]{1,3}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# The characters of an id; what an id may not be as a whole, it may begin with.
_PREFIX_PATTERN: Final = "^ *" + CUSTOMER_ID_PATTERN[CUSTOMER_ID_PATTERN.index("[") :].replace("{1,64}$", "{0,64} *$")
_PREFIX: Final = re.compile(_PREFIX_PATTERN)


class CustomerOutcome(BaseModel):
    """What became of a customer, and the day it was observed."""

    outcome: Outcome
    date: str = Field(
        examples=["2026-01-31"],
        description="UTC day, from 1900 on and not in the future.",
        json_schema_extra={"format": "date"},
    )


class CustomerEntry(BaseModel):
    """A customer as lists show them."""

    id: str = Field(examples=["C-1001"])
    tier: Tier
    churn_probability: Probability
    estimated_clv: Usd
    value_at_risk_usd: Usd
    first_seen_at: str
    last_seen_at: str
    outcome: CustomerOutcome | None = Field(description="Null until it is recorded.")
    value_band: ValueBand
    segment: Segment | None = Field(description="Null when the customer was scored without segments.")


class CustomerList(BaseModel):
    """A page of customers."""

    customers: list[CustomerEntry]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class Customer(BaseModel):
    """A customer: the latest profile, the latest prediction, and what became of them."""

    id: str = Field(examples=["C-1001"])
    first_seen_at: str
    last_seen_at: str
    outcome: CustomerOutcome | None = Field(description="Null until it is recorded.")
    profile: dict[str, Any] = Field(description="The inputs of the latest prediction, as POST /predict names them.")
    prediction: PredictResponse
    predicted_at: str
    source: str = Field(description="The request id or the batch job the latest prediction came from.")


class PastPrediction(BaseModel):
    """What was predicted, when, and from which inputs."""

    predicted_at: str
    profile: dict[str, Any]
    prediction: PredictResponse


class PredictionList(BaseModel):
    """A page of a customer's predictions, newest first."""

    predictions: list[PastPrediction]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


def _reader(read: Callable[[str], Any]) -> PlainValidator:
    def validate(value: Any) -> Any:
        try:
            return read(str(value))
        except FieldRefused as refused:
            raise PydanticCustomError(refused.code, "{reason}", {"reason": str(refused)}) from None

    return PlainValidator(validate)


def _one_of(label: str, words: tuple[str, ...], *, optional: bool = False) -> tuple[PlainValidator, WithJsonSchema]:
    offered = ("", *words) if optional else words

    def read(text: str) -> str:
        if text not in offered:
            raise FieldRefused("not_in_vocabulary", f"{label} must be {', '.join(words[:-1])} or {words[-1]}")
        return text

    return _reader(read), WithJsonSchema({"type": "string", "enum": list(offered)})


def _read_limit(text: str) -> int:
    if not (re.fullmatch("0*[0-9]{1,3}", text) and 1 <= int(text) <= LARGEST_PAGE):
        raise FieldRefused("out_of_range", f"Limit must be a whole number from 1 to {LARGEST_PAGE}")
    return int(text)


def _read_prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise FieldRefused("not_an_id", "Beginning of the id must be up to 64 visible characters, without spaces")
    return text.strip(" ")


def _read_cents(text: str) -> int:
    """Turn an amount in USD into cents; less than a cent counts as one."""
    if not text:
        return 0
    usd = float(text) if _NUMBER.fullmatch(text) else -1.0
    if usd < 0:
        raise FieldRefused("out_of_range", "Smallest lifetime value must be a number of USD, 0 or more")
    # Decimals first: 0.29 * 100 is a little more than 29.
    return _LARGEST_CENTS if usd > _LARGEST_CENTS / 200 else math.ceil(round(usd * 100, 4))


def _read_segment(text: str) -> int | None:
    if not text:
        return None
    if not _SEGMENT.fullmatch(text):
        raise FieldRefused("out_of_range", f"Segment must be a whole number from 0 to {_LARGEST_SEGMENT}")
    return int(text)


_tier = _one_of("Tier", TIERS[::-1], optional=True)
_value_band = _one_of("Value band", VALUE_BANDS[::-1], optional=True)
_standing = _one_of("Outcome", get_args(Standing))
_sort = _one_of("Sort", get_args(Sort))
_order = _one_of("Order", ("desc", "asc"))
_AMOUNT: Final = WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "const": ""}]})
_SEGMENT_SCHEMA: Final = WithJsonSchema(
    {"anyOf": [{"type": "integer", "minimum": 0, "maximum": _LARGEST_SEGMENT}, {"type": "string", "const": ""}]}
)
_LIMIT_SCHEMA: Final = WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE})

Limit = Annotated[Any, _reader(_read_limit), _LIMIT_SCHEMA, Query(description="Entries on a page.")]
Cursor = Annotated[str | None, Query(description="Where the page begins: `next` of the page before.")]


def filters_within(
    tier: Annotated[Any, *_tier, Query(description="Only this risk tier; empty for all.")] = "",
    q: Annotated[
        Any,
        _reader(_read_prefix),
        WithJsonSchema({"type": "string", "pattern": _PREFIX_PATTERN}),
        Query(description="Only ids that begin with this, letter for letter."),
    ] = "",
    min_clv: Annotated[Any, _reader(_read_cents), _AMOUNT, Query(description="Smallest lifetime value, USD.")] = 0,
    outcome: Annotated[
        Any, *_standing, Query(description="`current`: not known to have left; `left`: known to have left.")
    ] = "current",
    value_band: Annotated[Any, *_value_band, Query(description="Only this value band; empty for both.")] = "",
) -> Filters:
    """Read which customers of one segment, or of all, a list is to show."""
    return Filters(tier or None, q, min_clv, outcome, value_band or None)


def filters_of(
    within: Annotated[Filters, Depends(filters_within)],
    segment: Annotated[
        Any, _reader(_read_segment), _SEGMENT_SCHEMA, Query(description="Only this segment; empty for all customers.")
    ] = None,
) -> Filters:
    """Read which customers a list is to show."""
    return replace(within, segment=segment)


def order_of(
    sort: Annotated[Any, *_sort, Query(description="What the list is sorted by.")] = "value_at_risk",
    order: Annotated[Any, *_order, Query(description="Largest or latest first, or last.")] = "desc",
) -> Order:
    """Read what a list is sorted by."""
    return Order(sort, order == "desc")


def read_outcome(raw: Any, today: date) -> dict[str, str]:
    """Validate the body of an outcome.

    Raises
    ------
    InvalidRequest
        With one entry for each of the two fields that is wrong, or for what is neither.
    """
    if not isinstance(raw, dict):
        raise InvalidRequest([FieldProblem("", "not_an_object", "Send the outcome as a JSON object")])
    problems = []
    if raw.get("outcome") not in get_args(Outcome):
        problems.append(
            FieldProblem("outcome", "not_in_vocabulary", f"Outcome must be {' or '.join(get_args(Outcome))}")
        )
    if message := _problem_of_day(raw.get("date"), today):
        problems.append(FieldProblem("date", "not_a_day", message))
    if raw.keys() - {"outcome", "date"}:
        problems.append(FieldProblem("", "unknown_field", "Send nothing but outcome and date"))
    if problems:
        raise InvalidRequest(problems)
    return {"outcome": raw["outcome"], "outcome_on": raw["date"]}


def _problem_of_day(value: Any, today: date) -> str | None:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None:
        return "Date must be a day, such as 2026-01-31"
    if day > today:
        return "Date must not be in the future"
    return None if day >= EARLIEST else f"Date must be in {EARLIEST.year} or later"
