"""Answer for users of the log: lists, one user now or on an earlier day, many at once, or four numbers."""

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine

from app.db.engine import reading
from app.errors import ModelNotReady, UserNotFound
from app.events import ranking, users
from app.events.answers import SIMULATED, answer_summary, answer_user, is_simulated, note_of
from app.events.champions import EventModels, forest_of
from app.events.clock import begin_of
from app.events.columns import Events, Floats, Micros
from app.events.labels import in_population
from app.events.ranking import Wanted
from app.events.records import events_of
from app.events.refresher import score_frame, score_users
from app.events.requests import read_summary
from app.events.scoring import EventModel
from app.events.timeline import timeline
from app.events.value import ValueModel, value_of
from app.explanations.trees import Forest
from app.registry.service import Registry
from app.web import cursors

_LONGEST_ID: Final = 64
_MOST_EVENTS_AT_ONCE: Final = 1_000_000
"""Events of users without a current score that POST /batch_predict reads, in about a second; the others are told."""
_UNKNOWN: Final = "There is no user with this id in the log."
_TOLD: Final = ("churn_probability", "tier", "as_of", "standing")
_NOT_SCORED: Final = "Not scored yet. Ask again in a moment."


class UserService:
    """Answers from the stored events and scores, with the versions that were loaded at the start."""

    def __init__(self, engine: Engine, registry: Registry, models: EventModels, value_model: ValueModel | None) -> None:
        self._engine = engine
        self._registry = registry
        self._models = models
        self._value_model = value_model
        self._forests: dict[str, Forest] = {}
        self._one_at_a_time = threading.Lock()

    def list_users(self, wanted: Wanted, cursor: str | None, limit: int) -> dict[str, Any]:
        """Give a page of users; raises InvalidRequest when the cursor is not one of this list."""
        question = ("users", wanted)
        after = _position(cursors.unseal(question, cursor))
        with reading(self._engine) as connection:
            clock = users.clock_of(connection, datetime.now(UTC))
            rows = ranking.read_page(connection, wanted, after, limit + 1) if clock else []
            counted = ranking.count_users(connection, clock)
        more = len(rows) > limit
        return {
            "users": [ranking.user_entry(row, clock) for row in rows[:limit]] if clock else [],
            "next": cursors.seal(question, ranking.position(rows[limit - 1])) if more else None,
            "as_of": clock.isoformat() if clock else None,
            "horizon_days": self._models.churn.horizon_days if self._models.churn else None,
            "users_known": counted.users,
            "pending": counted.pending,
            "tiers": counted.tiers,
            "caution": SIMULATED if self._models.churn and is_simulated(self._card(self._models.churn)) else None,
        }

    def list_events(self, user_id: str, cursor: str | None, limit: int) -> dict[str, Any]:
        """Give a page of a user's events, newest first; raises UserNotFound, InvalidRequest."""
        question = ("events", known_id(user_id))
        before = cursors.unseal(question, cursor)
        with reading(self._engine) as connection:
            rows = ranking.read_events(connection, user_id, (before[0], before[1]) if before else None, limit + 1)
            if not rows and users.find(connection, user_id) is None:
                raise UserNotFound
        last = rows[limit - 1] if len(rows) > limit else None
        return {
            "events": [ranking.event_entry(row) for row in rows[:limit]],
            "next": cursors.seal(question, [last.ts, last.digest]) if last else None,
        }

    def answer(self, user_id: str, as_of: date | None) -> dict[str, Any]:
        """Answer one user as of a day, from all stored events before it.

        Raises
        ------
        UserNotFound
            Nobody in the log has this id.
        ModelNotReady
            No version answers for users of a log.
        """
        events, clock = self._events_of(user_id)
        model = self._churn_model()
        day = as_of or clock
        answer = answer_user(events, begin_of(day), begin_of(clock), model, self._forest(model))
        worth = value_of(events, begin_of(day), self._value_model) if self._value_model else None
        return {"user_id": user_id, "as_of": day.isoformat(), **answer, "model": self._used(model), "value": worth}

    def answer_summary(self, raw: Any) -> dict[str, Any]:
        """Answer four numbers; raises InvalidRequest, ModelNotReady."""
        values = read_summary(raw)
        model = self._models.summary
        if model is None:
            raise ModelNotReady
        return {**answer_summary(values, model, self._forest(model)), "model": self._used(model)}

    def show_timeline(self, user_id: str) -> dict[str, Any]:
        """Draw up to half a year of a user; raises UserNotFound, ModelNotReady."""
        events, clock = self._events_of(user_id)
        model = self._churn_model()

        def scores_at(moments: Sequence[Micros]) -> Floats:
            return np.array([_score_at(model, events, moment) for moment in moments])

        drawn = timeline(events, begin_of(clock), scores_at, model.cut_points, model.horizon_days)
        return {"user_id": user_id, "as_of": clock.isoformat(), **drawn}

    def answer_many(self, ids: Sequence[str]) -> dict[str, Any]:
        """Answer every id in order: from the stored score if it is current, else from the events, else as it stands.

        Raises
        ------
        ModelNotReady
            No version answers for users of a log.
        """
        model = self._churn_model()
        with reading(self._engine) as connection:
            clock = users.clock_of(connection, datetime.now(UTC))
            found = ranking.read_users(connection, sorted(set(map(str, ids))))
        fresh = self._score(model, list(found.values()), clock) if clock else {}
        predictions = [_prediction(user_id, found.get(user_id), fresh, clock) for user_id in ids]
        unknown = sum(not prediction["found"] for prediction in predictions)
        return {"predictions": predictions, "count": len(predictions), "unknown": unknown}

    def _score(self, model: EventModel, found: Sequence[Any], clock: date) -> dict[str, dict[str, Any]]:
        """Score users whose stored score is not current, as many as can be read in time."""
        due, left = [], _MOST_EVENTS_AT_ONCE
        for user in sorted((user for user in found if user.due < clock.isoformat()), key=lambda user: user.events):
            left -= user.events
            if left < 0:
                break
            due.append(user)
        return {row["key"]: row for frame in score_users(self._engine, model, due, clock) for row in frame}

    def _churn_model(self) -> EventModel:
        if self._models.churn is None:
            raise ModelNotReady
        return self._models.churn

    def _events_of(self, user_id: str) -> tuple[Events, date]:
        with reading(self._engine) as connection:
            clock = users.clock_of(connection, datetime.now(UTC))
            if clock is None or users.find(connection, known_id(user_id)) is None:
                raise UserNotFound
            return events_of(user_id, users.read_records(connection, user_id)), clock

    def _forest(self, model: EventModel) -> Forest:
        with self._one_at_a_time:
            if model.name not in self._forests:
                self._forests[model.name] = forest_of(self._registry, model)
            return self._forests[model.name]

    def _card(self, model: EventModel) -> Mapping[str, Any]:
        return self._registry.card(model.name)

    def _used(self, model: EventModel) -> dict[str, str]:
        card = self._card(model)
        return {
            "name": model.name,
            "version": model.version,
            "trained_on": str(card.get("trained_on", "")),
            "note": note_of(model, card),
        }


def known_id(user_id: str) -> str:
    """Check that the database can be asked for this id; raises UserNotFound."""
    if not user_id or "\0" in user_id or len(user_id) > _LONGEST_ID:
        raise UserNotFound
    return user_id


def _position(written: list[Any] | None) -> ranking.Position | None:
    return None if written is None else (written[0], str(written[1]))


def _score_at(model: EventModel, events: Events, moment: Micros) -> float:
    """Score one user at a moment; not a number where the model may not be asked."""
    if not in_population(events, moment, model.windows.observation_days)[0]:
        return float("nan")
    return float(score_frame(model, events, moment)[1].probability[0])


def _prediction(user_id: str, row: Any, fresh: Mapping[str, Mapping[str, Any]], clock: date | None) -> dict[str, Any]:
    if row is None or clock is None:
        return {"user_id": user_id, "found": False, "message": _UNKNOWN}
    scored = fresh.get(user_id)
    told = {name: scored[name] if scored else getattr(row, name) for name in _TOLD}
    return {
        "user_id": user_id,
        "found": True,
        **told,
        "is_current": scored is not None or row.due >= clock.isoformat(),
        "message": _NOT_SCORED if told["as_of"] is None else None,
    }
