"""Wait for another process's result without waiting for ever."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from multiprocessing import active_children
from multiprocessing.context import SpawnProcess
from typing import Final, NoReturn, TypeVar

LOOK_SECONDS: Final = 0.5
Part = TypeVar("Part")
Result = TypeVar("Result")


def result_of(future: "Future[Result]", processes: int, lost: Callable[[], NoReturn]) -> Result:
    """Wait for a result of a pool of processes; call ``lost`` when one of them is gone.

    A pool notices a process that was killed, but not while it was sending: half a result is in the pipe, and the other
    end of the pipe is open in this very process. Shutting such a pool down would wait for ever too, so ``lost`` has to
    end the process.
    """
    while True:
        done, _ = wait([future], LOOK_SECONDS)
        if done:
            return future.result()
        # Of our kind only: a library may keep processes of its own.
        if sum(isinstance(child, SpawnProcess) for child in active_children()) < processes:
            lost()


def in_order(
    submit: "Callable[[Part], Future[Result]]", parts: Iterator[Part], ahead: int, lost: Callable[[], NoReturn]
) -> Iterator[tuple[Part, Result]]:
    """Keep a few parts ahead in one other process, and give each back with its result, in their order."""
    waiting: deque[tuple[Part, Future[Result]]] = deque()
    while True:
        while len(waiting) <= ahead and (part := next(parts, None)) is not None:
            waiting.append((part, submit(part)))
        if not waiting:
            return
        part, future = waiting.popleft()
        yield part, result_of(future, 1, lost)
