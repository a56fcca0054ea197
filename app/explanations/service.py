"""Explain answers: give or find the answer, take the forest of the version that gave it, and put reasons into words."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Engine

from app.db.engine import reading
from app.errors import ExplanationsBusy, ModelNotReady, PredictionNotFound, SealBroken, VersionGone
from app.explanations.answers import wire_closest_change, wire_clv, wire_difference, wire_explanation
from app.explanations.changes import Model, Prediction, split_difference
from app.explanations.closest_change import Levers, closest_change
from app.explanations.contributions import ClvTerms, explain, explain_clv
from app.explanations.trees import TREES, Forest
from app.predictions.store import find_prediction
from app.registry.service import MOST_KEPT, Registry, read_file
from app.telecom.answers import full_answer
from app.telecom.champions import ready_to_score
from app.telecom.features import MODELLED_FIELDS
from app.telecom.profiles import numeric_columns
from app.telecom.schemas import read_customer
from app.telecom.scoring import ScoringModel
from app.telecom.service import Customer, TelecomService

Parameters = TypeVarTuple("Parameters")
Result = TypeVar("Result")

_THREADS: Final = 2
"""Explanations at a time: a crowd of them leaves the threads of other requests alone."""
_MOST_WAITING: Final = 64
"""Explanations that wait for a thread; whoever comes later is better served by trying again than by a longer queue."""


@dataclass(frozen=True)
class _Version:
    """All that explaining the answers of one sealed version takes."""

    scoring: ScoringModel
    forest: Forest
    terms: ClvTerms | None
    levers: Levers


class ExplanationService:
    """Explains new and stored answers; keeps the forests it has read."""

    def __init__(self, registry: Registry, telecom: TelecomService, engine: Engine) -> None:
        self._registry = registry
        self._telecom = telecom
        self._engine = engine
        self._threads = CapacityLimiter(_THREADS)
        self._asked = 0
        self._one_at_a_time = threading.Lock()
        self._versions: dict[tuple[str, str], _Version] = {}

    async def in_thread(self, work: Callable[[*Parameters], Result], *arguments: *Parameters) -> Result:
        """Do one of the methods below in one of the few threads that explain; raises ExplanationsBusy."""
        if self._asked >= _THREADS + _MOST_WAITING:
            raise ExplanationsBusy
        self._asked += 1
        try:
            return await to_thread.run_sync(partial(work, *arguments), limiter=self._threads)
        finally:
            self._asked -= 1

    def explain(self, customer: Customer) -> dict[str, Any]:
        """Answer a customer without storing it, and explain the answer; raises ModelNotReady."""
        version = self._champion(customer)
        return _explained(self._telecom.unstored_answer(customer), customer, version)

    def explain_prediction(self, prediction_id: str) -> dict[str, Any]:
        """Explain a stored answer by the version that gave it.

        Raises
        ------
        PredictionNotFound
            There is no such prediction.
        VersionGone
            The version that answered is no longer on this server.
        """
        row = None
        if "\0" not in prediction_id:
            with reading(self._engine) as connection:
                row = find_prediction(connection, prediction_id)
        if row is None:
            raise PredictionNotFound
        answer = full_answer(row, self._telecom.personas)
        return _explained(answer, _stored_customer(row), self._version_of(row))

    def find_closest_change(self, customer: Customer) -> dict[str, Any]:
        """Search for the smallest change of real levers that lowers the tier; raises ModelNotReady."""
        version = self._champion(customer)
        before = self._telecom.unstored_answer(customer)
        changed = closest_change(customer, version.scoring, version.levers)
        after = self._telecom.unstored_answer({**customer, **changed}) if changed else None
        return wire_closest_change(customer, before, changed or {}, after)

    def explain_difference(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """Say why the score moved between two rows of ``predictions``; raises VersionGone."""
        sides = [self._side(row) for row in (before, after)]
        try:
            difference = split_difference(*sides)
        except ValueError as error:
            raise VersionGone("No version on this server can read the customer at both times.") from error
        return wire_difference((before, after), sides, difference)

    def _side(self, row: Mapping[str, Any]) -> Prediction:
        version = self._version_of(row)
        return Prediction(_stored_customer(row), Model(version.scoring, version.forest), row["churn_probability"])

    def _champion(self, customer: Customer) -> _Version:
        scoring = self._telecom.model_for(customer)
        try:
            return self._version(scoring.name, scoring.version)
        except VersionGone as error:
            raise ModelNotReady(error.detail) from error

    def _version_of(self, row: Mapping[str, Any]) -> _Version:
        return self._version(row["model_name"], row["model_version"])

    def _version(self, name: str, version: str) -> _Version:
        with self._one_at_a_time:
            known = self._versions.get((name, version))
            if known is None:
                sealed = self._registry.sealed(name, version)
                forest = read_file(sealed, TREES)
                try:
                    known = _Version(
                        ready_to_score(sealed),
                        Forest.from_npz(forest),
                        ClvTerms.from_card(sealed.card),
                        Levers.from_card(sealed.card),
                    )
                except (SealBroken, KeyError, TypeError, ValueError) as error:
                    raise VersionGone(f"Version {version} of {name} cannot be explained.") from error
                self._versions[name, version] = known
                if len(self._versions) > MOST_KEPT:
                    del self._versions[next(iter(self._versions))]
            return known


def _explained(answer: dict[str, Any], customer: Customer, version: _Version) -> dict[str, Any]:
    columns = numeric_columns([customer], MODELLED_FIELDS[version.scoring.field_set])
    explained = explain(columns, version.scoring, version.forest)
    typical = version.scoring.typical
    clv = None
    if version.terms is not None:
        clv = wire_clv(answer, columns, typical, explain_clv(columns, version.terms))
    return {"answer": answer, "explanation": wire_explanation(answer, columns, typical, explained), "clv": clv}


def _stored_customer(row: Mapping[str, Any]) -> Customer:
    customer, problems = read_customer(json.loads(row["profile"]))
    if problems:
        raise VersionGone("This release cannot read the stored customer any more. Score the customer again.")
    return customer
