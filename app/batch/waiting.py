"""Wait for another process's result without waiting for ever."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from multiprocessing import active_children
from typing import Final, NoReturn, TypeVar

LOOK_SECONDS: Final = 0.5
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
        if len(active_children()) < processes:
            lost()
