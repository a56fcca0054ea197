"""Suggest which column of a file feeds which field; certain where a name is known, careful everywhere else."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from app.batch.exports import is_own_column
from app.telecom.features import CORE_FIELDS, CUSTOMER_ID, FIELDS, MINUTE_FIELDS, US_STATES, YES_NO, Field

How = Literal["name", "classic name", "likeness", "content"]
CERTAIN: Final = frozenset({"name", "classic name"})
LEAST_LIKENESS: Final = 0.88
_MOST_COMPARED: Final = 500
"""Columns that are compared letter by letter; in a wider file only words are."""
_FEWEST_SAMPLES: Final = 3
_MOST_OF: Final = 0.95

_SAME_WORD: Final[Mapping[str, str]] = {
    **dict.fromkeys(("acct", "acc", "acnt"), "account"),
    **dict.fromkeys(("len", "lgth"), "length"),
    **dict.fromkeys(("intl", "international", "internat", "int", "abroad"), "international"),
    **dict.fromkeys(("min", "mins", "minute"), "minutes"),
    **dict.fromkeys(("call", "calls"), "calls"),
    **dict.fromkeys(("eve", "evng", "evenings"), "evening"),
    **dict.fromkeys(("nite", "nights"), "night"),
    **dict.fromkeys(("days", "daytime"), "day"),
    **dict.fromkeys(("cust", "client", "subscriber", "customers"), "customer"),
    **dict.fromkeys(("serv", "svc", "srv", "support"), "service"),
    **dict.fromkeys(("msg", "msgs", "message"), "messages"),
    **dict.fromkeys(("vmail", "vm", "voicemail"), "voice mail"),
    **dict.fromkeys(("identifier", "key"), "id"),
}
_SAYS_NOTHING: Final = frozenset(
    ("total", "number", "num", "nbr", "no", "nr", "of", "the", "count", "cnt", "monthly", "per", "month", "us", "usage")
)
_OTHER_THINGS: Final = frozenset((
    "charge", "charges", "cost", "price", "bill", "revenue", "churn", "churned", "left", "exited", "attrition", "label",
    "target", "outcome", "probability", "score", "date", "rate", "avg", "average", "max", "last",
))  # fmt: skip
_ID_NAMES: Final = frozenset((
    "customer id", "customer", "customer code", "customer ref", "customer reference", "account id", "account",
    "account code", "contract id", "user id", "id", "phone", "msisdn",
))  # fmt: skip


@dataclass(frozen=True)
class Suggestion:
    """The field (wire name) that a column seems to hold and what that rests on; None for no field."""

    field: str | None = None
    how: How | None = None


def suggest(columns: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> dict[str, Suggestion]:
    """Suggest a field for every column of a file; a field is suggested once at most.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns, each once.
    rows : sequence of sequence of str
        Some rows, for what only the content tells.

    Returns
    -------
    dict of str to Suggestion
        By column, in order. Charges, labels and the columns of this service's own files are left alone.

    Examples
    --------
    >>> found = suggest(["Total day minutes", "acct length", "Total day charge", "churn_risk"])
    >>> [(each.field, each.how) for each in found.values()]
    [('totalDayMinutes', 'classic name'), ('accountLength', 'likeness'), (None, None), (None, None)]
    """
    found: dict[str, Suggestion] = {}
    free = [column for column in columns if not is_own_column(column)]
    steps: list[tuple[How, Callable[[str], Sequence[str]]]] = [
        ("name", _by_name),
        ("classic name", _by_classic_name),
        ("likeness", _by_words),
    ]
    if len(free) <= _MOST_COMPARED:
        steps.append(("likeness", _by_spelling))
    for how, fields_of in steps:
        taken = {each.field for each in found.values()}
        for column in free:
            field = next((alias for alias in fields_of(column) if alias not in taken), None)
            if column not in found and field is not None:
                found[column] = Suggestion(field, how)
                taken.add(field)
    _by_content(free, {name: [row[place] for row in rows] for place, name in enumerate(columns)}, found)
    return {column: found.get(column, Suggestion()) for column in columns}


def columns_by_field(suggestions: Mapping[str, Suggestion]) -> dict[str, str]:
    """Turn suggestions around: the column for each field that has one."""
    return {each.field: column for column, each in suggestions.items() if each.field is not None}


def missing_fields(mapping: Mapping[str, str]) -> list[Field]:
    """List the fields without which no row could be scored; the minutes are needed when some of them are mapped."""
    minutes = [field for field in MINUTE_FIELDS if field.alias in mapping]
    needed = FIELDS if minutes else CORE_FIELDS
    return [field for field in needed if field.alias not in mapping]


def is_complete_and_certain(suggestions: Mapping[str, Suggestion]) -> bool:
    """Say whether a file may be scored without a person who confirms the suggestion."""
    used = [each for each in suggestions.values() if each.field is not None]
    return not missing_fields(columns_by_field(suggestions)) and all(each.how in CERTAIN for each in used)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().lower()


def _words(name: str) -> list[str]:
    """Cut a name into words, each in the one form that is compared: "CustServCalls" -> customer service calls."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = " ".join(_SAME_WORD.get(word, word) for word in _plain(apart).split()).split()
    return [word for word in words if word not in _SAYS_NOTHING]


def _by_name(column: str) -> Sequence[str]:
    return _NAMES.get(column.strip().lower(), ()) or _NAMES.get(_plain(column), ())


def _by_classic_name(column: str) -> Sequence[str]:
    return _CLASSIC_NAMES.get(_plain(column), ())


def _by_words(column: str) -> Sequence[str]:
    words = _words(column)
    return (CUSTOMER_ID,) if " ".join(words) in _ID_NAMES else _WORDS.get(" ".join(sorted(words)), ())


def _by_spelling(column: str) -> Sequence[str]:
    """Find the one field whose words are spelled almost like the column's."""
    words = _words(column)
    if not words or _OTHER_THINGS & set(words):
        return ()
    written = " ".join(words)
    alike = {
        alias: max(SequenceMatcher(None, written, " ".join(form)).ratio() for form in forms)
        for alias, forms in _FORMS.items()
    }
    best = max(alike, key=lambda alias: alike[alias])
    return (best,) if alike[best] >= LEAST_LIKENESS else ()


def _by_content(columns: Sequence[str], values: Mapping[str, list[str]], found: dict[str, Suggestion]) -> None:
    """Add what only the values tell, where one column and one field are left for each other."""
    taken = {each.field for each in found.values()}
    kinds: tuple[tuple[Callable[[str], bool], list[Field]], ...] = (
        (_is_state, [field for field in FIELDS if field.vocabulary == US_STATES]),
        (_is_flag, [field for field in FIELDS if field.kind == "flag"]),
        (_is_area_code, [field for field in FIELDS if field.kind == "code" and not field.vocabulary]),
    )
    for holds, fields in kinds:
        left = [field.alias for field in fields if field.alias not in taken]
        alike = [
            column
            for column in columns
            if column not in found and not _OTHER_THINGS & set(_words(column)) and _mostly(holds, values[column])
        ]
        if len(left) == len(alike) == 1:
            found[alike[0]] = Suggestion(left[0], "content")


def _mostly(holds: Callable[[str], bool], values: Sequence[str]) -> bool:
    given = [value.strip() for value in values if value.strip()]
    return len(given) >= _FEWEST_SAMPLES and sum(map(holds, given)) >= _MOST_OF * len(given) and len(set(given)) > 1


def _is_state(value: str) -> bool:
    return value.upper() in US_STATES


def _is_flag(value: str) -> bool:
    return value.lower() in {*YES_NO, *(word[0] for word in YES_NO)}


def _is_area_code(value: str) -> bool:
    # North American area codes never begin with 0 or 1.
    return len(value) == len("415") and value.isdecimal() and value.isascii() and value > "2"


_NAMES: Final = {
    name: (field.alias,) for field in FIELDS for name in (field.alias.lower(), field.name, _plain(field.label))
} | {CUSTOMER_ID.lower(): (CUSTOMER_ID,), "customer id": (CUSTOMER_ID,)}
_CLASSIC_NAMES: Final = {_plain(field.column): (field.alias,) for field in FIELDS}
_FORMS: Final = {field.alias: [_words(field.column), _words(field.label), _words(field.alias)] for field in FIELDS} | {
    CUSTOMER_ID: [["customer", "id"]]
}
_WORDS: Final = {" ".join(sorted(form)): (alias,) for alias, forms in _FORMS.items() for form in forms}
