"""A process that works on the pieces of a job's file while the worker stores."""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, Final, NoReturn

ORPHAN_SECONDS: Final = 1.0
NICENESS: Final = 10
"""The service goes first when both want the processor. Not so the worker: it would be put aside with the lock held."""


def side_process(get_ready: Callable[..., None], *arguments: Any) -> ProcessPoolExecutor:
    """Start the process; it gets ready, and ends with the block it is used in, or soon after its parent is gone."""
    return ProcessPoolExecutor(1, get_context("spawn"), _prepare, (os.getpid(), get_ready, *arguments))


def end_at_once() -> NoReturn:
    """End the worker when its other process is lost: what is committed is whole; the service starts both afresh."""
    os._exit(1)


def _prepare(parent: int, get_ready: Callable[..., None], *arguments: Any) -> None:
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that stores says when to stop
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    get_ready(*arguments)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHAN_SECONDS)
    os._exit(1)
