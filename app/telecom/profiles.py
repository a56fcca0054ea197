"""Read what a person or program wrote for a field: the one place where values are accepted or refused.

The form, the API and files all come through here, so they accept the same values and give the same sentences.
Each rule is a pattern or a range that the OpenAPI schema repeats exactly.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.telecom.features import MINUTE_FIELDS, US_STATES, Field

FLAG_PATTERN: Final = r"^ *([Yy]([Ee][Ss])?|[Nn][Oo]?) *$"
AREA_CODE_PATTERN: Final = r"^ *[0-9]{3} *$"
STATE_PATTERN: Final = "^ *(" + "|".join(f"[{s[0]}{s[0].lower()}][{s[1]}{s[1].lower()}]" for s in US_STATES) + ") *$"
# Every visible character: no space, control, format, surrogate or private-use code point. Not "." and "..": in an
# address they mean another place, so such a customer could not be shown or erased from a browser.
CUSTOMER_ID_PATTERN: Final = (
    r"^(?!\.{1,2}$)"
    r"[!-~\u00a1-\u00ac\u00ae-\u05ff\u0606-\u061b\u061d-\u06dc\u06de-\u070e\u0710-\u088f\u0892-\u08e1\u08e3-\u167f"
    r"\u1681-\u180d\u180f-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ud7ff\uf900-\ufefe\uff00-\uffef"
    r"\ufffc\ufffd]{1,64}$"
)
_GAP: Final = "[ ,\u00a0\u202f]"
_NUMERIC: Final = re.compile(rf"[+-]?(([0-9]+|[1-9][0-9]{{0,2}}({_GAP}[0-9]{{3}})+)(\.[0-9]*)?|\.[0-9]+)")
_CUSTOMER_ID: Final = re.compile(CUSTOMER_ID_PATTERN)
_EMPTY: Final = ("", None)


class FieldRefused(ValueError):
    """A value that the field does not accept.

    Attributes
    ----------
    code : str
        Stable word for programs: missing, not_a_number, not_whole, out_of_range, not_in_vocabulary, not_three_digits,
        not_an_id.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def missing(field: Field) -> FieldRefused:
    """Say that a required field was left out or empty: "Enter the account length"."""
    return FieldRefused("missing", f"Enter the {field.mid_sentence}")


def missing_minutes(given: Iterable[str]) -> list[tuple[Field, FieldRefused]]:
    """Say which minutes are needed when only some were given; empty when all four or none were.

    Parameters
    ----------
    given : iterable of str
        Names of the minute fields that have a value.
    """
    names = set(given)
    absent = [field for field in MINUTE_FIELDS if field.name not in names]
    if len(absent) in (0, len(MINUTE_FIELDS)):
        return []
    return [
        (field, FieldRefused("missing", f"Enter the {field.mid_sentence} too, or leave all four minutes empty"))
        for field in absent
    ]


def read_value(field: Field, value: Any) -> float | str:
    """Turn what was written into the value that is scored and stored.

    Parameters
    ----------
    field : Field
        The field the value is for.
    value : int, float, str or anything JSON can hold
        Numbers may be text with stray spaces and thousands separators; yes/no and states may be in any case.

    Returns
    -------
    float or str
        A float for numbers and flags (1.0 is yes); upper-case text for codes.

    Raises
    ------
    FieldRefused
        With the sentence a person reads; the value itself is never repeated in it.

    Examples
    --------
    >>> from app.telecom.features import FIELD_BY_NAME
    >>> read_value(FIELD_BY_NAME["total_day_calls"], " 1,024 ")
    1024.0
    >>> read_value(FIELD_BY_NAME["total_day_minutes"], "0,005")  # a decimal comma is not guessed at
    Traceback (most recent call last):
    app.telecom.profiles.FieldRefused: Day minutes must be a number
    >>> read_value(FIELD_BY_NAME["international_plan"], "Y")
    1.0
    """
    if value is None or (isinstance(value, str) and not value.strip(" ")):
        raise missing(field)
    if field.is_number:
        return _read_number(field, value)
    if field.kind == "flag":
        return _read_flag(field, value)
    return _read_state(field, value) if field.vocabulary else _read_area_code(field, value)


def read_customer_id(value: Any) -> str:
    """Check a customer id: 1 to 64 visible characters.

    Raises
    ------
    FieldRefused
        It is not text, is too long, is a dot or two, or holds a space or a character that cannot be seen.
    """
    if not (isinstance(value, str) and _CUSTOMER_ID.fullmatch(value)):
        message = "Customer id must be 1 to 64 visible characters, without spaces, and not . or .."
        raise FieldRefused("not_an_id", message)
    return value


def _read_number(field: Field, value: Any) -> float:
    if isinstance(value, str):
        text = value.strip(" \u00a0\u202f")
        if not _NUMERIC.fullmatch(text):
            raise FieldRefused("not_a_number", f"{field.label} must be a number")
        value = re.sub(_GAP, "", text)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldRefused("not_a_number", f"{field.label} must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number != number:  # NaN is the one number that differs from itself
        raise FieldRefused("not_a_number", f"{field.label} must be a number")
    if not 0 <= number <= field.maximum:
        raise FieldRefused(
            "out_of_range", f"{field.label} must be between 0 and {field.maximum:,.0f} {field.unit}".rstrip()
        )
    if field.kind == "count" and number != int(number):
        raise FieldRefused("not_whole", f"{field.label} must be a whole number")
    return number + 0.0  # -0.0 becomes 0.0


def _read_flag(field: Field, value: Any) -> float:
    if isinstance(value, str) and re.fullmatch(FLAG_PATTERN, value):
        return 1.0 if value.strip(" ")[0] in "Yy" else 0.0
    raise FieldRefused("not_in_vocabulary", f"{field.label} must be yes or no")


def _read_state(field: Field, value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(STATE_PATTERN, value):
        return value.strip(" ").upper()
    raise FieldRefused("not_in_vocabulary", f"{field.label} must be a two-letter US state or DC")


def _read_area_code(field: Field, value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool) and 100 <= value <= 999 and value == int(value):
        return str(int(value))
    if isinstance(value, str) and re.fullmatch(AREA_CODE_PATTERN, value):
        return value.strip(" ")
    raise FieldRefused("not_three_digits", f"{field.label} must be three digits")


def numeric_columns(rows: Iterable[Mapping[str, Any]], names: Iterable[str]) -> dict[str, NDArray[np.float64]]:
    """Gather read values into the frame the core scores: one float64 array of shape (n,) for each name."""
    gathered = list(rows)
    return {name: np.array([row[name] for row in gathered], dtype=np.float64) for name in names}
