"""Read what a person or program wrote for an event: the one place where events are accepted or refused.

The API and files come through here. Texts are kept as they are; numbers written for ids become text (101 and 101.0
are the user "101"). A text never holds NUL or half a surrogate pair, which no database keeps.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any, Final

from app.errors import FieldProblem
from app.events.columns import DAY_US, SECOND_US, Micros
from app.events.records import FIELDS
from app.telecom.profiles import FieldRefused, read_customer_id

LONGEST_ID: Final = 128
"""Characters of the id of a session or an item."""
LONGEST_LEVEL: Final = 32
KIND_PATTERN: Final = r"[a-z0-9_ -]{1,32}"
MOST_ITEMS: Final = 2**31 - 1
LARGEST_NUMBER: Final = 1e15
"""Of an amount or a duration: sums of a log stay exact enough, and finite."""
FUTURE_ALLOWANCE_US: Final = 300 * SECOND_US
"""How far a clock may be ahead of ours."""
EARLIEST: Final[Micros] = 10_957 * DAY_US
"""2000-01-01 00:00 UTC."""
MOMENT_MESSAGES: Final[Mapping[str, str]] = {
    "in_the_future": "This is more than five minutes in the future: correct the clock or the time zone",
    "before_2000": "This is before the year 2000: times are ISO 8601 or whole milliseconds since 1970",
}
"""What to correct, by the code of ``check_moment``."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)
_ISO: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_KIND: Final = re.compile(KIND_PATTERN)
_NOT_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
_DIGITS: Final = re.compile(r"[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def read_event(raw: Any, row: int | None = None) -> tuple[dict[str, Any], list[FieldProblem]]:
    """Validate one event that came through the API.

    Parameters
    ----------
    raw : mapping
        By canonical name. ``ts`` and ``kind`` have to be there, every other field may be missing or null.
    row : int, optional
        Its place in the batch, for the problems.

    Returns
    -------
    values : dict
        A canonical row; empty when there are problems.
    problems : list of FieldProblem
        Everything to correct. Whether ``ts`` is in the future is for ``check_moment``.
    """
    if not isinstance(raw, Mapping):
        return {}, [FieldProblem("", "not_an_object", "Send each event as a JSON object", row)]
    values, refused = read_values(raw)
    problems = [FieldProblem(field, reason.code, str(reason), row) for field, reason in refused]
    for name in raw:
        if name not in _READERS:
            known = name if isinstance(name, str) and len(name) <= LONGEST_ID and not _NOT_TEXT.search(name) else ""
            message = "This is not a field of an event: remove it"
            problems.append(FieldProblem(known, "unknown_field", message, row))
    return ({} if problems else values), problems


def read_values(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, FieldRefused]]]:
    """Read every field of an event; a field that was refused is None in the values.

    Parameters
    ----------
    raw : mapping
        By canonical name; other names are not looked at.
    """
    values: dict[str, Any] = {}
    refused: list[tuple[str, FieldRefused]] = []
    for name, read in _READERS.items():
        try:
            values[name] = read(raw.get(name))
        except FieldRefused as reason:
            values[name] = None
            refused.append((name, reason))
    return values, refused


def check_moment(ts: Micros, now: Micros) -> str | None:
    """Give the code of ``MOMENT_MESSAGES`` for a moment no event may have; None for every other, however old.

    Examples
    --------
    >>> now = 20_000 * DAY_US
    >>> check_moment(now - 1_900 * DAY_US, now), check_moment(now + 299 * SECOND_US, now)
    (None, None)
    >>> check_moment(now + 301 * SECOND_US, now), check_moment(now // 1000, now)
    ('in_the_future', 'before_2000')
    """
    if ts > now + FUTURE_ALLOWANCE_US:
        return "in_the_future"
    return "before_2000" if ts < EARLIEST else None


def read_moment(value: Any) -> Micros:
    """Read the time of an event: ISO 8601 with an offset or Z, or whole milliseconds since 1970.

    Raises
    ------
    FieldRefused
        It is missing or neither of the two.

    Examples
    --------
    >>> read_moment("2018-11-01T22:57:10.796+01:00") == read_moment(1541109430796) == 1541109430796000
    True
    """
    if isinstance(value, str):
        if _DIGITS.fullmatch(value):
            return int(value) * 1000
        return read_iso(value, needs_offset=True)
    if value is None:
        raise FieldRefused("missing", "Enter when the event happened")
    return read_number_of(1000, value)


def read_iso(value: Any, *, needs_offset: bool) -> Micros:
    """Read an ISO 8601 date and time; without an offset it is UTC, or refused.

    A ``datetime`` is read as well. Digits beyond microseconds are dropped.
    """
    if isinstance(value, str):
        if value.isspace() or not value:
            raise FieldRefused("missing", "Enter when the event happened")
        if not _ISO.fullmatch(value):
            raise FieldRefused("not_a_time", _TIME_MESSAGE)
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError:
            raise FieldRefused("not_a_time", "There is no such date or time") from None
    if not isinstance(value, datetime):
        raise FieldRefused("missing" if value is None else "not_a_time", _TIME_MESSAGE)
    if value.tzinfo is not None:
        return (value - _EPOCH) // _MICROSECOND
    if needs_offset:
        raise FieldRefused("not_a_time", "Say the time zone: end the time with Z or an offset such as +01:00")
    return (value - _NAIVE_EPOCH) // _MICROSECOND


def read_number_of(unit_us: int, value: Any) -> Micros:
    """Read a moment that was written as a number of seconds, milliseconds or microseconds since 1970."""
    if isinstance(value, str):
        value = _number(value, "not_a_time", _TIME_MESSAGE) if not _DIGITS.fullmatch(value) else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or abs(value) > 1e18:
        raise FieldRefused("not_a_time", _TIME_MESSAGE)
    if isinstance(value, float) and not value.is_integer():
        if unit_us != SECOND_US:
            raise FieldRefused("not_a_time", _TIME_MESSAGE)
        return round(value * SECOND_US)
    moment = int(value) * unit_us
    if abs(moment) > _LAST_MOMENT:
        raise FieldRefused("not_a_time", "There is no such date or time")
    return moment


def fold_kind(text: str) -> str:
    """Turn a foreign name of a kind into one that can be kept: lower case, other characters than a kind's as _."""
    return re.sub(r"[^a-z0-9_ -]", "_", text.strip(" ").lower())[:32].strip(" ")


def is_empty(value: Any) -> bool:
    """Say whether nothing was written: null, NaN of a table, or a text of spaces."""
    return value is None or value != value or (isinstance(value, str) and not value.strip(" "))


def _read_user(value: Any) -> str | None:
    return None if value is None or value == "" else _user(value if isinstance(value, str) else _whole(value, "User"))


@lru_cache(maxsize=1 << 16)
def _user(text: str) -> str | None:
    if not text.strip(" "):
        return None
    try:
        return read_customer_id(text)
    except FieldRefused as refused:
        raise FieldRefused(refused.code, str(refused).replace("Customer id", "User id")) from None


def _whole(value: Any, label: str) -> str:
    """Write the number of an id as text: 101 and 101.0 are "101"."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    raise FieldRefused("not_an_id", f"{label} id must be text or a whole number")


def _text_reader(label: str, longest: int) -> Callable[[Any], str | None]:
    @lru_cache(maxsize=1 << 14)
    def check(text: str) -> str | None:
        if not text.strip(" "):
            return None
        if len(text) > longest:
            raise FieldRefused("too_long", f"{label} must have at most {longest} characters")
        if _NOT_TEXT.search(text):
            raise FieldRefused("not_text", f"{label} must not hold NUL or half of a character pair")
        return text

    def read(value: Any) -> str | None:
        if value is None:
            return None
        return check(value if isinstance(value, str) else _whole(value, label.removesuffix(" id")))

    return read


def _read_item_number(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_ITEMS:
        message = f"Item in session must be a whole number from 0 to {MOST_ITEMS:,}"
        raise FieldRefused("not_whole", message)
    return value


def _read_amount(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return _number(value, "not_a_number", f"Value must be a number up to {LARGEST_NUMBER:,.0f}")


def _read_duration(value: Any) -> float | None:
    if value is None or value == "":
        return None
    message = f"Duration must be a number of seconds from 0 to {LARGEST_NUMBER:,.0f}"
    seconds = _number(value, "not_a_number", message)
    if seconds < 0:
        raise FieldRefused("out_of_range", message)
    return seconds


def _number(value: Any, code: str, message: str) -> float:
    if isinstance(value, str):
        value = value.strip(" ")
        value = float(value) if len(value) <= 40 and _NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_NUMBER:
        raise FieldRefused(code, message)
    return float(value) + 0.0  # -0.0 becomes 0.0


def _read_kind(value: Any) -> str:
    if isinstance(value, str):
        return _kind(value)
    if value is None:
        raise FieldRefused("missing", "Enter the kind of the event")
    raise FieldRefused("not_a_kind", _KIND_MESSAGE)


@lru_cache(maxsize=1 << 10)
def _kind(text: str) -> str:
    folded = text.strip(" ").lower()
    if not folded:
        raise FieldRefused("missing", "Enter the kind of the event")
    if not _KIND.fullmatch(folded):
        raise FieldRefused("not_a_kind", _KIND_MESSAGE)
    return folded


_TIME_MESSAGE: Final = "Time must be ISO 8601 with an offset or Z, or whole milliseconds since 1970"
_KIND_MESSAGE: Final = "Kind must be 1 to 32 letters, digits, spaces, _ or -"
_LAST_MOMENT: Final = 253_402_300_800 * SECOND_US
"""The year 10000, where dates end."""
_READERS: Final[dict[str, Callable[[Any], Any]]] = dict(
    zip(
        FIELDS,
        (
            _read_user,
            _text_reader("Session id", LONGEST_ID),
            _read_item_number,
            read_moment,
            _read_kind,
            _read_amount,
            _read_duration,
            _text_reader("Item id", LONGEST_ID),
            _text_reader("Level", LONGEST_LEVEL),
        ),
        strict=True,
    )
)
