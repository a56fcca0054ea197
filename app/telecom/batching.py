"""Adaptive batching: requests that arrive together are answered as one frame, without making a lone one wait."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from app.errors import DatabaseBusy

LARGEST_FRAME: Final = 32
"""Requests answered as one frame: what the event loop scores within a few hundred microseconds."""
PATIENCE_SECONDS: Final = 0.002
"""Longest wait for as many requests as the frame before had; a lone client never waits."""


@dataclass
class Waiting:
    """One request that waits for its part of a frame's answers."""

    asked: Sequence[Any]
    request_id: str
    deadline: float
    answers: "asyncio.Future[list[bytes]]"


@dataclass(frozen=True)
class OnItsWay:
    """One request's answers, and the future that says when they may be given, or why not."""

    answers: list[bytes]
    stored: "asyncio.Future[None]"


Process = Callable[[Sequence[Waiting]], Sequence[OnItsWay]]
"""Starts the work for a frame; gives one entry a request, in order."""


class AdaptiveBatcher:
    """Gathers requests while a frame is on its way, and sends them on as the next one.

    When a frame comes back, its clients are about to ask again: the next frame leaves as soon as as many requests have
    gathered as the last one had, or after two milliseconds. So commits are shared by all who are there, and the frame's
    size follows the number of clients by itself. Each request keeps its own deadline and its own verdict.
    """

    def __init__(self, process: Process, most_waiting: int) -> None:
        self._process = process
        self._most_waiting = most_waiting
        self._round: list[Waiting] = []
        self._on_their_way = 0
        self._expected = 1
        self._timer: asyncio.TimerHandle | None = None

    async def answer(self, asked: Sequence[Any], request_id: str, deadline: float) -> list[bytes]:
        """Wait for the answers to one request's customers.

        Raises
        ------
        DatabaseBusy
            At once, when too many requests are waiting already.
        """
        if len(self._round) >= self._most_waiting:
            raise DatabaseBusy
        loop = asyncio.get_running_loop()
        waiting = Waiting(asked, request_id, deadline, loop.create_future())
        self._round.append(waiting)
        if not self._on_their_way:
            if len(self._round) == self._expected:
                loop.call_soon(self._send_round)
            elif self._timer is None:
                self._timer = loop.call_later(PATIENCE_SECONDS, self._send_round)
        return await waiting.answers

    def _send_round(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        gathered, self._round = self._round, []
        for start in range(0, len(gathered), LARGEST_FRAME):
            self._send(gathered[start : start + LARGEST_FRAME])

    def _send(self, frame: Sequence[Waiting]) -> None:
        try:
            sent = self._process(frame)
        except Exception as error:  # the requests must hear of it, or they would wait for ever
            for waiting in frame:
                waiting.answers.set_exception(error)
            return
        self._on_their_way += len(frame)
        for waiting, on_its_way in zip(frame, sent, strict=True):
            on_its_way.stored.add_done_callback(partial(self._come_back, waiting, on_its_way.answers, len(frame)))

    def _come_back(
        self, waiting: Waiting, answers: list[bytes], frame_size: int, stored: "asyncio.Future[None]"
    ) -> None:
        self._on_their_way -= 1
        error = stored.exception()
        if not waiting.answers.done():
            if error:
                waiting.answers.set_exception(error)
            else:
                waiting.answers.set_result(answers)
        if not self._on_their_way:
            self._expected = frame_size
            if len(self._round) >= frame_size:
                self._send_round()
            elif self._round:
                self._timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._send_round)
