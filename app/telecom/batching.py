"""Adaptive batching: requests that arrive together are answered as one frame, without making a lone one wait."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

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


Process = Callable[[Sequence[Waiting]], "asyncio.Future[list[bytes]]"]
"""Starts the work for a frame; the future holds the answers of all its requests, in order."""


class AdaptiveBatcher:
    """Gathers requests while a frame is on its way, and sends them on as the next one.

    When a frame comes back, its clients are about to ask again: the next frame leaves as soon as as many requests have
    gathered as the last one had, or after two milliseconds. So commits are shared by all who are there, and the frame's
    size follows the number of clients by itself.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._round: list[Waiting] = []
        self._on_their_way = 0
        self._expected = 1
        self._timer: asyncio.TimerHandle | None = None

    async def answer(self, asked: Sequence[Any], request_id: str, deadline: float) -> list[bytes]:
        """Wait for the answers to one request's customers; fails as the frame fails."""
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
        def come_back(done: "asyncio.Future[list[bytes]]") -> None:
            self._on_their_way -= 1
            if error := done.exception():
                _refuse(frame, error)
            else:
                _give(frame, done.result())
            if not self._on_their_way:
                self._expected = len(frame)
                self._send_or_wait()

        try:
            self._process(frame).add_done_callback(come_back)
        except Exception as error:  # the requests must hear of it, or they would wait for ever
            _refuse(frame, error)
        else:
            self._on_their_way += 1

    def _send_or_wait(self) -> None:
        if len(self._round) >= self._expected:
            self._send_round()
        elif self._round:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._send_round)


def _give(frame: Sequence[Waiting], answers: Sequence[bytes]) -> None:
    left = iter(answers)
    for waiting in frame:
        own = [next(left) for _ in waiting.asked]
        if not waiting.answers.done():
            waiting.answers.set_result(own)


def _refuse(frame: Sequence[Waiting], error: BaseException) -> None:
    for waiting in frame:
        if not waiting.answers.done():
            waiting.answers.set_exception(error)
