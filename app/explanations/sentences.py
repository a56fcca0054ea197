"""Reasons in words, made from the same numbers as the contributions: a value, and always the typical one beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import numpy as np

from app.explanations.contributions import Explained
from app.telecom.features import FIELD_BY_NAME, Columns, Field

Direction = Literal["up", "down"]

LEAST_CONTRIBUTION: Final = 0.01
"""On the scale of the forest's score: what moves it by less is no reason."""
MOST_UP: Final = 3
MOST_DOWN: Final = 2
_NAMED: Final = 2
"""Fields that a one-sentence message names."""
_TYPICAL_DECIMALS: Final = 1
_TENURE: Final = "account_length"
# Small numbers, of which a person has a picture. The median says what at least half of the customers do.
_MOST_CUSTOMERS: Final = {"customer_service_calls": "make", "total_intl_calls": "make", "number_vmail_messages": "have"}
NOTE: Final = (
    "Association, not a promise: customers with these values left less often. "
    "Nobody has tested what happens when a customer's values are changed."
)


@dataclass(frozen=True)
class Reason:
    """One sentence about one field; ``contribution`` is on the scale of the forest's score."""

    direction: Direction
    field: str
    contribution: float
    text: str


def reasons(
    explained: Explained, columns: Columns, typical: Mapping[str, float], row: int = 0, up: int = MOST_UP,
    down: int = MOST_DOWN,
) -> list[Reason]:  # fmt: skip
    """Say what moves a customer's score most: up to ``up`` reasons that raise it, then up to ``down`` that lower it.

    Parameters
    ----------
    explained : Explained
        Contributions to the forest's score.
    columns : mapping of str to ndarray, shape (n,)
        The frame that was explained.
    typical : mapping of str to float
        ``ScoringModel.typical`` of the version that answered.
    row : int
        The customer's place in the frame.

    Returns
    -------
    list of Reason
        Largest first within each direction; a contribution below ``LEAST_CONTRIBUTION`` is no reason.
    """
    contributions = explained.contributions[row]
    order = np.argsort(-contributions, kind="stable").tolist()
    raising = [place for place in order if contributions[place] >= LEAST_CONTRIBUTION][:up]
    lowering = [place for place in order[::-1] if contributions[place] <= -LEAST_CONTRIBUTION][:down]
    chosen: list[tuple[Direction, int]] = [("up", place) for place in raising] + [("down", p) for p in lowering]
    found = []
    for direction, place in chosen:
        name = explained.fields[place]
        text = reason_text(FIELD_BY_NAME[name], float(columns[name][row]), typical[name])
        found.append(Reason(direction, name, float(contributions[place]), text))
    return found


def shown_value(field: Field, value: float) -> float | str:
    """Give a value as people and programs read it: yes or no for a flag, a whole number without a fraction."""
    if field.kind == "flag":
        return "yes" if value else "no"
    return int(value) if value == int(value) else value


def shown_typical(field: Field, typical: float) -> float | str:
    """Give a typical value to one decimal.

    Examples
    --------
    >>> shown_typical(FIELD_BY_NAME["total_day_minutes"], 179.95), shown_typical(FIELD_BY_NAME["account_length"], 100.0)
    (180, 100)
    """
    if field.kind == "flag":
        return shown_value(field, float(typical >= 0.5))
    return shown_value(field, round(typical + 1e-9, _TYPICAL_DECIMALS))  # 179.95 is a little less in binary


def number_text(number: float) -> str:
    """Write a number with thousands separators, as exact as it is stored, as the pages do.

    Examples
    --------
    >>> number_text(1234.5), number_text(6.0), number_text(16666666666.7)
    ('1,234.5', '6', '16,666,666,666.7')
    """
    whole, _, decimals = f"{Decimal(repr(round(float(number), 10))):,f}".partition(".")
    return f"{whole}.{decimals.rstrip('0')}".rstrip(".")


def reason_text(field: Field, value: float, typical: float) -> str:
    """Name a value and the typical one beside it.

    Examples
    --------
    >>> reason_text(FIELD_BY_NAME["customer_service_calls"], 6, 1)
    '6 customer service calls; most customers make 1 or fewer'
    >>> reason_text(FIELD_BY_NAME["total_day_minutes"], 265.1, 179.95)
    '265.1 day minutes a month; typical 180'
    >>> reason_text(FIELD_BY_NAME["account_length"], 128, 100)
    'Customer for 128 months; typical 100'
    >>> reason_text(FIELD_BY_NAME["international_plan"], 1, 0)
    'Has the international plan; most customers do not'
    """
    usual = shown_typical(field, typical)
    if isinstance(usual, str):
        plan = field.label.lower()
        if value:
            return f"Has the {plan}; most customers {'have it too' if usual == 'yes' else 'do not'}"
        return f"Has no {plan}; most customers have {'one' if usual == 'yes' else 'none'}"
    if field.name == _TENURE:
        return f"Customer for {_months(value)}; typical {number_text(usual)}"
    verb = _MOST_CUSTOMERS.get(field.name)
    if verb is None or value == usual:
        return f"{_quantity(field, value)}; typical {number_text(usual)}"
    side = " or more" if value < usual else " or fewer" if usual else ""
    return f"{_quantity(field, value)}; most customers {verb} {number_text(usual)}{side}"


def score_message(explained: Explained, columns: Columns, row: int = 0) -> str:
    """Say in one sentence what mainly drives the score: the two largest contributions in the direction it went.

    Examples
    --------
    >>> columns = {"customer_service_calls": np.array([6.0]), "account_length": np.array([128.0])}
    >>> explained = Explained(tuple(columns), 0.17, np.array([0.67]), np.array([[0.48, 0.02]]))
    >>> score_message(explained, columns)
    'The risk is raised mainly by 6 customer service calls and 128 months as a customer.'
    """
    moved = float(explained.total[row]) - explained.base
    if not (abs(explained.contributions[row]) >= LEAST_CONTRIBUTION).any():
        return "Nothing about this customer moves the risk by much: it stays near the average."
    if abs(moved) < LEAST_CONTRIBUTION:
        raising, lowering = (_mainly(explained, columns, row, sign, LEAST_CONTRIBUTION) for sign in (1, -1))
        return f"What raises the risk ({raising}) and what lowers it ({lowering}) cancel out."
    word = "raised" if moved > 0 else "lowered"
    return f"The risk is {word} mainly by {_mainly(explained, columns, row, np.sign(moved), LEAST_CONTRIBUTION)}."


def clv_message(explained: Explained, columns: Columns, row: int = 0) -> str:
    """Say in one sentence where the lifetime value comes from."""
    total, start = float(explained.total[row]), f"A customer of average values is worth {money_text(explained.base)}"
    moved = total - explained.base
    least = 0.01 * abs(explained.base)
    if abs(moved) < least:
        return f"{start}, and this one is close to that."
    named = _mainly(explained, columns, row, np.sign(moved), least)
    verb = "raises" if moved > 0 else "lowers"
    floor = "; a value below zero is given as zero" if total < 0 else ""
    return f"{start}; what {verb} that most: {named}{floor}."


def change_text(field: Field, before: float, after: float) -> str:
    """Say what would be different about a customer.

    Examples
    --------
    >>> change_text(FIELD_BY_NAME["customer_service_calls"], 6, 3)
    '3 customer service calls instead of 6'
    >>> change_text(FIELD_BY_NAME["international_plan"], 1, 0)
    'Without the international plan'
    """
    if field.kind == "flag":
        return f"{'With' if after else 'Without'} the {field.label.lower()}"
    return f"{_quantity(field, after)} instead of {number_text(before)}"


def moved_text(field: Field, before: float, after: float, contribution: float) -> str:
    """Say what changed between two predictions of a customer and where it moved the risk.

    Examples
    --------
    >>> moved_text(FIELD_BY_NAME["customer_service_calls"], 1, 6, 0.3)
    'Customer service calls went from 1 to 6, which raises the risk'
    """
    effect = f"which {'raises' if contribution > 0 else 'lowers'} the risk"
    if field.kind == "flag":
        return f"{'Took' if after else 'Gave up'} the {field.label.lower()}, {effect}"
    return f"{field.label} went from {number_text(before)} to {number_text(after)}, {effect}"


def money_text(usd: float) -> str:
    """Write whole US dollars: the models are not good to the cent."""
    return f"{'-' if round(usd) < 0 else ''}${abs(round(usd)):,}"


def in_words(parts: Sequence[str]) -> str:
    """Join parts as a sentence does: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def _mainly(explained: Explained, columns: Columns, row: int, sign: float, least: float) -> str:
    """Name the largest contributions of one sign."""
    pushes = sign * explained.contributions[row]
    places: Iterable[int] = np.argsort(-pushes, kind="stable")[:_NAMED].tolist()
    strong = [place for place in places if pushes[place] >= least] or list(places)[:1]
    return in_words([_named(FIELD_BY_NAME[explained.fields[place]], columns, row) for place in strong])


def _named(field: Field, columns: Columns, row: int) -> str:
    value = float(columns[field.name][row])
    if field.kind == "flag":
        return f"having {'the' if value else 'no'} {field.label.lower()}"
    return f"{_months(value)} as a customer" if field.name == _TENURE else _quantity(field, value)


def _quantity(field: Field, value: float) -> str:
    """Write a value with its noun: "6 customer service calls", "265.1 day minutes a month", "1 day call a month"."""
    noun = field.label.lower()
    if field.name == _TENURE:
        return _months(value)
    one = noun.removesuffix("s") if value == 1 else noun
    return f"{number_text(value)} {one}{' a month' if field.unit.endswith('a month') else ''}"


def _months(value: float) -> str:
    return f"{number_text(value)} month{'' if value == 1 else 's'}"
