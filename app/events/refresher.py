"""Score users whose events or whose day have changed: at once for a request's own, in the background for all others."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import structlog
from sqlalchemy import Engine, Row

from app.db.engine import reading
from app.db.moments import timestamp
from app.db.writer import GroupWriter
from app.errors import Unavailable
from app.events import users
from app.events.clock import begin_of
from app.events.columns import Events, Micros, concatenate
from app.events.feature_table import FEATURE_NAMES
from app.events.features import FeatureFrame, features_as_of
from app.events.labels import in_population
from app.events.ranking import read_users
from app.events.records import events_of
from app.events.scoring import EventModel, Scores, score_features
from app.events.store import finish
from app.telecom.policy import TIERS

log = structlog.get_logger()

MOST_AT_ONCE: Final = 200
"""Users a request refreshes before it answers; the others follow in the background."""
PATIENCE_SECONDS: Final = 0.5
"""Time a request spends on that."""
POLL_SECONDS: Final = 1.0
"""How soon the background notices what another process has stored."""
_FRAME_USERS: Final = 64
_FRAME_EVENTS: Final = 20_000
"""A frame of so many users or events keeps a core for less than 50 ms."""
_ROUND: Final = 512
_PAUSE_SECONDS: Final = 0.02
"""Left to others between two frames."""
_AFTER_FAILURE_SECONDS: Final = 30.0

Stored = dict[str, Any]
"""A score as ``users.store_scores`` takes it."""


def score_frame(model: EventModel, frame: Events, moment: Micros) -> tuple[FeatureFrame, Scores]:
    """Work features and scores of every user of a frame out, from the events before a moment."""
    features = features_as_of(frame, moment, model.windows)
    return features, score_features(model.columns_of(features.values, FEATURE_NAMES), model, moment)


def score_users(engine: Engine, model: EventModel, due: Sequence[Row[Any]], clock: date) -> Iterator[list[Stored]]:
    """Score users from their stored events, a frame at a time; nothing is held while a frame is with the caller."""
    for part in _parts(due):
        with reading(engine) as connection:
            frames = [events_of(user.id, users.read_records(connection, user.id)) for user in part]
        yield _scores(model, concatenate(frames), [user.changes for user in part], clock)


def _parts(due: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    """Cut users into frames by what is stored of them."""
    begin = events = 0
    for place, user in enumerate(due):
        if place > begin and (place - begin == _FRAME_USERS or events + user.events > _FRAME_EVENTS):
            yield due[begin:place]
            begin, events = place, 0
        events += user.events
    if begin < len(due):
        yield due[begin:]


def score_due_users(
    engine: Engine, model: EventModel, now: datetime, progress: Callable[[int], object] = lambda _: None
) -> int:
    """Score every user who is due, and say how many that were; for programs without a server.

    ``progress`` hears how many have been scored so far. Events that are stored meanwhile leave their users due.
    """
    scored = 0
    while True:
        with reading(engine) as connection:
            clock = users.clock_of(connection, now)
            due = users.read_due(connection, clock, _ROUND) if clock else []
        if clock is None or not due:
            return scored
        rows = [row for frame in score_users(engine, model, due, clock) for row in frame]
        with engine.begin() as connection:
            stored = users.store_scores(connection, rows)
        scored += stored
        progress(scored)
        if not stored:
            return scored


def _scores(model: EventModel, frame: Events, changes: Sequence[int], clock: date) -> list[Stored]:
    features, scores = score_frame(model, frame, begin_of(clock))
    asked = in_population(frame, begin_of(clock), model.windows.observation_days)
    standings = np.select([asked, features.active], ["active", "cancelled"], "inactive").tolist()
    day, scored_at = clock.isoformat(), timestamp(datetime.now(UTC))
    return [
        {
            "key": user_id,
            "changes": seen,
            "standing": standing,
            "as_of": day,
            "churn_probability": probability,
            "tier": TIERS[tier],
            "model_version": model.version,
            "scored_at": scored_at,
        }
        for user_id, seen, standing, probability, tier in zip(
            frame.user_ids, changes, standings, scores.probability.tolist(), scores.tier.tolist(), strict=True
        )
    ]


class Refresher:
    """Keeps the scores of the log's users current while the service runs."""

    def __init__(self, engine: Engine, writer: GroupWriter, model: EventModel | None) -> None:
        self._engine = engine
        self._writer = writer
        self._model = model
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work in the background; without a model there is nothing to do."""
        if self._model is not None:
            self._task = asyncio.create_task(self._run(self._model))

    async def stop(self) -> None:
        """End the work in the background; what it has not stored stays due."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """Say that users have become due."""
        self._wake.set()

    async def refresh(self, user_ids: Sequence[str]) -> tuple[list[Stored], str | None]:
        """Score a request's users as far as its time allows, without storing the scores; also gives the log's clock."""
        return await asyncio.to_thread(self._refresh, user_ids[:MOST_AT_ONCE])

    def _refresh(self, user_ids: Sequence[str]) -> tuple[list[Stored], str | None]:
        stop = time.monotonic() + PATIENCE_SECONDS
        rows: list[Stored] = []
        with reading(self._engine) as connection:
            clock = users.clock_of(connection, datetime.now(UTC))
            due = list(read_users(connection, user_ids).values()) if self._model else []
        if clock is None:
            return rows, None
        for frame in score_users(self._engine, self._model, due, clock) if self._model else ():
            rows += frame
            if time.monotonic() > stop:
                break
        return rows, clock.isoformat()

    async def _run(self, model: EventModel) -> None:
        is_new = True
        while True:
            worked = 0
            try:
                if is_new and await asyncio.to_thread(self._is_outdated, model):
                    await asyncio.shield(self._writer.submit(users.outdate, [{"model_version": model.version}]))
                is_new = False
                worked = await self._round(model)
            except Unavailable as refused:
                log.warning("refresh_postponed", code=refused.code)
            except Exception as error:  # one user's odd events must not end the work for all others
                log.error("refresh_failed", error=type(error).__name__)
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)
            if not worked:
                self._wake.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)

    async def _round(self, model: EventModel) -> int:
        """Score and store the next users who are due, a frame at a time, and say how many there were."""
        clock, due = await asyncio.to_thread(self._read_due)
        if clock is None or not due:
            return 0
        frames = score_users(self._engine, model, due, clock)
        while rows := await asyncio.to_thread(next, frames, None):
            await asyncio.shield(self._writer.submit(finish, [{"scores": rows, "key": None}]))
            await asyncio.sleep(_PAUSE_SECONDS)
        return len(due)

    def _is_outdated(self, model: EventModel) -> bool:
        with reading(self._engine) as connection:
            return users.is_outdated(connection, model.version)

    def _read_due(self) -> tuple[date | None, Sequence[Row[Any]]]:
        with reading(self._engine) as connection:
            clock = users.clock_of(connection, datetime.now(UTC))
            return clock, users.read_due(connection, clock, _ROUND) if clock else []
