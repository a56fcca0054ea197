"""What a person may say about a campaign and a cut-point, and the sentences when it cannot be."""

import re
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.errors import FieldProblem, InvalidRequest
from app.performance.money import Inputs

MOST_USD: Final = 1_000_000
SAVE_RATE: Final = 3 / 10
SAVE_RATE_REACH: Final = 1 / 10
"""How far to either side the save rate's range goes when nobody says."""
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,20}\.?[0-9]{0,20}|\.[0-9]{1,20})(?:[eE][+-]?[0-9]{1,3})?")


def _number(label: str, least: float, most: float, *, optional: bool = False) -> tuple[Any, WithJsonSchema]:
    """Read a number that a person typed, and say in our own words what it may be."""

    def read(value: Any) -> float | None:
        text = "" if value is None else str(value).strip(" ")
        if optional and not text:
            return None
        number = float(text) if _NUMBER.fullmatch(text) else least - 1
        if not least <= number <= most:
            message = f"{label} must be a number from {least:g} to {most:,.0f}"
            raise PydanticCustomError("out_of_range", "{reason}", {"reason": message})
        return number + 0.0

    described: dict[str, Any] = {"type": "number", "minimum": least, "maximum": most}
    empty = {"anyOf": [described, {"type": "string", "const": ""}]}
    return PlainValidator(read), WithJsonSchema(empty if optional else described)


ChosenCutPoint = Annotated[
    Any, *_number("Cut-point", 0, 1, optional=True), Query(description="The chosen one; empty for the best.")
]


def inputs_of(
    contact_cost: Annotated[
        Any, *_number("Cost of a contact (USD)", 0, MOST_USD), Query(description="USD for each call.")
    ] = 1,
    offer_cost: Annotated[
        Any, *_number("Cost of an offer (USD)", 0, MOST_USD), Query(description="USD for each offer.")
    ] = 10,
    save_rate: Annotated[
        Any, *_number("Save rate", 0, 1), Query(description="Share of leavers who stay for the offer.")
    ] = SAVE_RATE,
    save_rate_low: Annotated[
        Any, *_number("Lowest save rate", 0, 1, optional=True), Query(description="Empty: 0.1 below the save rate.")
    ] = None,
    save_rate_high: Annotated[
        Any, *_number("Highest save rate", 0, 1, optional=True), Query(description="Empty: 0.1 above the save rate.")
    ] = None,
    value_share: Annotated[
        Any, *_number("Value saved", 0, 1), Query(description="Share of the expected remaining charges that is kept.")
    ] = 1,
) -> Inputs:
    """Read what a person assumes about a campaign.

    Raises
    ------
    InvalidRequest
        The range of the save rate does not hold the save rate.
    """
    low = max(0.0, round(save_rate - SAVE_RATE_REACH, 6)) if save_rate_low is None else save_rate_low
    high = min(1.0, round(save_rate + SAVE_RATE_REACH, 6)) if save_rate_high is None else save_rate_high
    problems = []
    if low > save_rate:
        message = "Lowest save rate must not be above the save rate"
        problems.append(FieldProblem("save_rate_low", "out_of_range", message))
    if high < save_rate:
        message = "Highest save rate must not be below the save rate"
        problems.append(FieldProblem("save_rate_high", "out_of_range", message))
    if problems:
        raise InvalidRequest(problems)
    return Inputs(contact_cost, offer_cost, save_rate, low, high, value_share)
