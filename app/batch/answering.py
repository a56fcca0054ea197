"""Score what a block's rows say: the rows without a problem, each by the version for its field set."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.batch.validation import NOT_GIVEN, Floats, Read
from app.telecom.features import MINUTE_NAMES, Columns, FieldSet
from app.telecom.scoring import Scores, ScoringModel, Warned, outside_training_range, score, warnings_for
from app.telecom.segmenter import UNASSIGNED, Segmenter

Models = Mapping[FieldSet, ScoringModel]
Explain = Callable[[Columns, ScoringModel], list[str]]
"""A frame of n customers and the version that scored it, to the reasons for each score, in words."""
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
    segments : ndarray, shape (n,), intp
        ``UNASSIGNED`` without a segmenter.
    personas : tuple of str
        What each segment is called; empty without a segmenter.
    reasons : list of str, length n, or None
        Why the score is what it is, empty for the lowest tier; None when nobody asked.
    """

    is_scored: list[bool] | None
    numbers: dict[str, Floats]
    codes: dict[str, list[Any]]
    customer_ids: list[Any]
    scores: Scores
    field_sets: list[int]
    warnings: dict[int, list[Warned]]
    segments: NDArray[np.intp]
    personas: tuple[str, ...] = ()
    reasons: list[str] | None = None


def answer(
    read: Read, n_rows: int, models: Models, segmenter: Segmenter | None = None, explain: Explain | None = None
) -> Answers:
    """Score the rows that have no problem.

    Parameters
    ----------
    read : Read
        What n_rows rows say; at least one of them has no problem.
    models : mapping of str to ScoringModel
        For each field set the version that answers.
    segmenter : Segmenter, optional
        Assigns the rows to their segments; without one they stay unassigned.
    explain : callable, optional
        Gives the reasons, which are asked for rows above the lowest tier only.

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
    scored: dict[str, NDArray[Any]] = {}
    segments = np.full(field_sets.size, UNASSIGNED, np.intp)
    warnings: dict[int, list[Warned]] = {}
    reasons: dict[int, str] = {}
    for field_set, rows, own in _frames(numbers, field_sets):
        model = models[field_set]
        outside = outside_training_range(own, model)
        scores = score(own, model, outside)
        _put_in_place(scored, scores, rows, field_sets.size)
        if segmenter:
            segments[rows] = segmenter.assign(own, field_set, scores.clv_usd)
        for found in warnings_for(own, model, outside):
            warnings.setdefault(int(rows[found.row]), []).append(found)
        if explain:
            called = np.flatnonzero(scores.tier)
            told = explain({name: values[called] for name, values in own.items()}, model) if called.size else ()
            reasons.update(zip(rows[called].tolist(), told, strict=True))
    return Answers(
        is_scored=is_scored,
        numbers=numbers,
        codes=codes,
        customer_ids=customer_ids,
        scores=Scores(**scored),
        field_sets=field_sets.tolist(),
        warnings=warnings,
        segments=segments,
        personas=segmenter.personas if segmenter else (),
        reasons=[reasons.get(row, "") for row in range(field_sets.size)] if explain else None,
    )


def _put_in_place(scored: dict[str, NDArray[Any]], scores: Scores, rows: NDArray[np.intp], size: int) -> None:
    """Merge the scores of some rows into those of the block, in the order of the file."""
    for name, values in vars(scores).items():
        if rows.size == size:
            scored[name] = values
        else:
            scored.setdefault(name, np.empty(size, values.dtype))[rows] = values


def _frames(
    numbers: dict[str, Floats], field_sets: NDArray[np.intp]
) -> Iterator[tuple[FieldSet, NDArray[np.intp], dict[str, Floats]]]:
    """Part the rows by field set: each set that has any, the places of its rows, and their values as one frame."""
    for place, field_set in enumerate(FIELD_SETS):
        rows = np.flatnonzero(field_sets == place)
        if rows.size:
            is_all = rows.size == field_sets.size
            yield field_set, rows, numbers if is_all else {name: values[rows] for name, values in numbers.items()}
