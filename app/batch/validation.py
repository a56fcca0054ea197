"""Read a block of written values by column: the form's rules and sentences, at a file's speed.

Each distinct text of a column is read by ``profiles.read_value`` once and remembered, so the rules are the form's.
Plain decimals have a way of their own, which a test holds to the same answers.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.telecom.features import CUSTOMER_ID, FIELDS, MINUTE_FIELDS, MINUTE_NAMES, Field
from app.telecom.profiles import FieldRefused, missing_minutes, read_customer_id, read_value
from app.web.csv_cells import restore

Floats = NDArray[np.float64]
REMEMBERED: Final = 10_000
"""Distinct texts of a column that are kept; more are forgotten together and read again."""
LONGEST_REMEMBERED: Final = 32
NOT_GIVEN: Final = -1.0
"""Stands for an empty cell of a field that may be empty; NaN stands for a refused one."""
_MISSING: Final = float("nan")
_PLAIN_NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,30})?")


class Problem(NamedTuple):
    """One thing to correct in a row: wire name of the field, stable code, sentence."""

    field: str
    code: str
    message: str


@dataclass(frozen=True)
class Read:
    """What a block's rows say.

    Attributes
    ----------
    numbers : dict of str to ndarray, shape (n,)
        Numeric fields and flags by name; NaN where the value was refused, ``NOT_GIVEN`` for empty minutes.
    codes : dict of str to list of str or None, length n
        Fields with a vocabulary or digits, in upper case; None where refused.
    customer_ids : list of str or None, length n
        None where there is none.
    problems : dict of int to list of Problem
        For each row that cannot be scored everything to correct, in the order of the form.
    """

    numbers: dict[str, Floats]
    codes: dict[str, list[Any]]
    customer_ids: list[Any]
    problems: dict[int, list[Problem]]


def read_columns(columns: Mapping[str, Sequence[str]], n_rows: int) -> Read:
    """Read the written values of n rows.

    Parameters
    ----------
    columns : mapping of str to sequence of str, length n
        By wire name of the field. A field without a column is empty in every row.
    n_rows : int

    Returns
    -------
    Read
        For every row what ``read_customer`` says of the same texts.
    """
    written = {alias: columns.get(alias) or [""] * n_rows for alias in (*_ALIASES, CUSTOMER_ID)}
    numbers: dict[str, Floats] = {}
    codes: dict[str, list[Any]] = {}
    refused: dict[str, NDArray[np.bool_]] = {}
    for field in FIELDS:
        read = map(_remembered(field).__getitem__, written[field.alias])
        if field.kind == "code":
            codes[field.name] = values = list(read)
            refused[field.alias] = np.array([value is None for value in values], dtype=np.bool_)
        else:
            numbers[field.name] = np.fromiter(read, np.float64, n_rows)
            refused[field.alias] = np.isnan(numbers[field.name])
    customer_ids, refused[CUSTOMER_ID] = _customer_ids(written[CUSTOMER_ID])
    given = np.array([numbers[name] != NOT_GIVEN for name in MINUTE_NAMES])
    is_partial = np.logical_xor(given.any(axis=0), given.all(axis=0))
    is_bad = np.logical_or.reduce([*refused.values(), is_partial])
    rows = np.flatnonzero(is_bad).tolist()
    problems = {row: list(_problems(row, written, refused, given if is_partial[row] else None)) for row in rows}
    return Read(numbers, codes, customer_ids, problems)


def _customer_ids(written: Sequence[str]) -> tuple[list[str | None], NDArray[np.bool_]]:
    refused = np.zeros(len(written), dtype=np.bool_)
    ids: list[str | None] = []
    for row, text in enumerate(written):
        try:
            ids.append(read_customer_id(restore(text)) if text.strip(" ") else None)
        except FieldRefused:
            ids.append(None)
            refused[row] = True
    return ids, refused


def _problems(
    row: int,
    written: Mapping[str, Sequence[str]],
    refused: Mapping[str, NDArray[np.bool_]],
    given: NDArray[np.bool_] | None,
) -> Iterator[Problem]:
    """Name everything that is wrong with one row; ``given`` is None unless some of its minutes are missing."""
    for alias, is_refused in refused.items():
        if is_refused[row]:
            yield _reasons(alias)[written[alias][row]]
    if given is not None:
        names = [name for name, is_given in zip(MINUTE_NAMES, given[:, row], strict=True) if is_given]
        for field, reason in missing_minutes(names):
            yield Problem(field.alias, reason.code, str(reason))


class Remembered(dict[Any, Any]):
    """What a function says of a text or number, remembered while there is room."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, key: Any) -> Any:
        value = self._read(key)
        if not isinstance(key, str) or len(key) <= LONGEST_REMEMBERED:
            if len(self) >= REMEMBERED:
                self.clear()
            self[key] = value
        return value


@cache
def _remembered(field: Field) -> Remembered:
    refused = None if field.kind == "code" else _MISSING
    may_be_empty = field in MINUTE_FIELDS

    def read(text: str) -> Any:
        text = restore(text)
        if may_be_empty and not text.strip(" "):
            return NOT_GIVEN
        try:
            return read_value(field, text)
        except FieldRefused:
            return refused

    def read_number(text: str) -> Any:
        # Columns where hardly a number occurs twice are read at every row: the plainest spelling has a way of its own.
        if _PLAIN_NUMBER.fullmatch(text):
            number = float(text)
            if number <= field.maximum and (field.kind == "amount" or number.is_integer()):
                return number
        return read(text)

    return Remembered(read_number if field.is_number else read)


@cache
def _reasons(alias: str) -> Remembered:
    field = _BY_ALIAS.get(alias)

    def read(text: str) -> Problem:
        try:
            if field is None:
                read_customer_id(restore(text))
            else:
                read_value(field, restore(text))
        except FieldRefused as reason:
            return Problem(alias, reason.code, str(reason))
        raise AssertionError(f"{alias} was refused and is accepted")

    return Remembered(read)


_BY_ALIAS: Final[Mapping[str, Field]] = {field.alias: field for field in FIELDS}
_ALIASES: Final = tuple(_BY_ALIAS)
