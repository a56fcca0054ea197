"""Score what a block's rows say: the rows without a problem, each by the version for its field set."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.batch.validation import NOT_GIVEN, Floats, Read
from app.telecom.features import MINUTE_NAMES, FieldSet
from app.telecom.scoring import Scores, ScoringModel, Warned, score, warnings_for

Models = Mapping[FieldSet, ScoringModel]
FIELD_SETS: Final[tuple[FieldSet, ...]] = ("core", "usage")


@dataclass(frozen=True)
class Answers:
    """Answers for the n rows of a block that can be scored, in the order of the file.

    Attributes
    ----------
    is_scored : list of bool or None
        Which rows of the block these are; None when they are all of them.
    numbers : dict of str to ndarray, shape (n,)
        Numeric fields and flags by name; ``NOT_GIVEN`` for minutes that are not known.
    codes : dict of str to list of str, length n
    customer_ids : list of str or None, length n
    scores : Scores
        Arrays of shape (n,).
    field_sets : list of int, length n
        Position in ``FIELD_SETS`` of the version that answered.
    warnings : dict of int to list of Warned
        By position among the n; only rows that have any.
    """

    is_scored: list[bool] | None
    numbers: dict[str, Floats]
    codes: dict[str, list[Any]]
    customer_ids: list[Any]
    scores: Scores
    field_sets: list[int]
    warnings: dict[int, list[Warned]]


def answer(read: Read, n_rows: int, models: Models) -> Answers:
    """Score the rows that have no problem.

    Raises
    ------
    KeyError
        No version answers for a field set that is needed.
    """
    is_scored: list[bool] | None = None
    numbers, codes, customer_ids = read.numbers, read.codes, read.customer_ids
    if read.problems:
        mask = np.ones(n_rows, dtype=np.bool_)
        mask[list(read.problems)] = False
        is_scored = mask.tolist()
        numbers = {name: values[mask] for name, values in numbers.items()}
        codes = {name: list(compress(values, is_scored)) for name, values in codes.items()}
        customer_ids = list(compress(customer_ids, is_scored))
    field_sets = (numbers[MINUTE_NAMES[0]] != NOT_GIVEN).astype(np.intp)
    scores, warned = _score(numbers, field_sets, models)
    warnings: dict[int, list[Warned]] = {}
    for row, found in warned:
        warnings.setdefault(row, []).append(found)
    return Answers(is_scored, numbers, codes, customer_ids, scores, field_sets.tolist(), warnings)


def _score(
    numbers: dict[str, Floats], field_sets: NDArray[np.intp], models: Models
) -> tuple[Scores, list[tuple[int, Warned]]]:
    """Score each field set's rows as one frame and put the answers back in order."""
    parts = [np.flatnonzero(field_sets == place) for place in range(len(FIELD_SETS))]
    merged: dict[str, NDArray[Any]] = {}
    warned: list[tuple[int, Warned]] = []
    for field_set, rows in zip(FIELD_SETS, parts, strict=True):
        if not rows.size and field_sets.size:
            continue
        own = numbers if rows.size == field_sets.size else {name: values[rows] for name, values in numbers.items()}
        warned += [(int(rows[found.row]), found) for found in warnings_for(own, models[field_set])]
        for name, values in vars(score(own, models[field_set])).items():
            if rows.size == field_sets.size:
                merged[name] = values
            else:
                merged.setdefault(name, np.empty(field_sets.size, values.dtype))[rows] = values
    return Scores(**merged), warned
