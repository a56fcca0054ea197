"""The worker process: takes jobs from the queue, scores their files in chunks, commits each chunk exactly once.

Start it with ``python -m app.batch.worker``; the service does so itself. It ends when its standard input closes.
"""

import fcntl
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.batch import store
from app.batch.job_files import settle
from app.batch.job_run import JobRun, Stopped
from app.batch.queue import job_task, open_queue
from app.batch.supervisor import HEARTBEAT
from app.db.engine import is_own_fault, open_engine
from app.db.moments import now
from app.settings import Settings, load_settings
from app.web.logs import configure_logging

log = structlog.get_logger()

IDLE_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.2
CACHE_MIB: Final = 96
"""Room for the index pages that a file in no order touches again and again."""


def main() -> int:
    """Work until there has been nothing to do for a while, or until asked to stop; returns the exit code."""
    os.umask(0o077)
    settings = load_settings()
    configure_logging(settings)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_await_end_of_input, args=(stop,), daemon=True).start()
    engine = open_engine(settings.resolved_database_url, CACHE_MIB)
    try:
        with _only_worker(settings.batch_dir, stop):
            return Worker(settings, engine, stop).work()
    finally:
        engine.dispose()


class Worker:
    """Runs jobs one after the other and shows a sign of life with every step."""

    def __init__(self, settings: Settings, engine: Engine, stop: threading.Event) -> None:
        self._settings = settings
        self._engine = engine
        self._stop = stop
        self._exit_code = 0
        self._queue = open_queue(settings.queue_url, settings.batch_dir)
        job_task(self._queue, self._run)

    def work(self) -> int:
        """Take jobs from the queue until it has been empty for a while; returns the exit code."""
        self._correct_states()
        idle_since = time.monotonic()
        while not self._stop.is_set() and time.monotonic() - idle_since < IDLE_SECONDS:
            self.beat()
            task = self._next()
            if task is not None:
                self._queue.execute(task)
            elif not self._recover():
                self._stop.wait(POLL_SECONDS)
                continue
            idle_since = time.monotonic()
        return self._exit_code

    def beat(self) -> None:
        """Show that this process gets on."""
        (self._settings.batch_dir / HEARTBEAT).touch()

    def _correct_states(self) -> None:
        """Say of jobs that an earlier life left running that they are not: whoever fails now must be the only one."""
        with suppress(DBAPIError), self._engine.begin() as connection:
            store.end_abandoned(connection, "interrupted", "Its process ended. The job goes on by itself.", None)

    def _next(self) -> Any:
        try:
            return self._queue.dequeue()
        except Exception as error:  # whichever queue it is, its driver's errors are its own
            log.warning("queue_not_read", error=type(error).__name__)
            return None

    def _recover(self) -> bool:
        """Run the oldest job that the queue has lost, or cannot give; false when there is none."""
        try:
            with self._engine.connect().execution_options(read_only=True) as connection:
                lost = store.unfinished_jobs(connection)
        except DBAPIError:
            return False
        if lost:
            self._run(lost[0].id)
        return bool(lost)

    def _run(self, job_id: str) -> None:
        """Run one job to its end; what goes wrong is recorded, and the process stays fit for the next one."""
        try:
            with self._engine.begin() as connection:
                job = store.take_over(connection, job_id, now())
            if job is not None:
                JobRun(self._settings, self._engine, job, self.beat, self._stop).run()
        except Stopped:
            return None
        except DBAPIError as error:
            if is_own_fault(error):
                return self._give_up(job_id, error)
            # The database is away: the job stays as it is, and is taken up again when it is back.
            log.warning("job_waits_for_database", job=job_id)
            self._stop.wait(POLL_SECONDS)
        except BrokenProcessPool:
            # Its scoring process was killed: this one ends too, and the service starts both afresh.
            self._exit_code = 1
            self._stop.set()
        except Exception as error:  # the job must not stay "running" for ever
            self._give_up(job_id, error)

    def _give_up(self, job_id: str, error: Exception) -> None:
        # The place is logged, the message is not: it may repeat a customer's row.
        place = traceback.format_tb(error.__traceback__)[-5:]
        log.error("job_failed", job=job_id, error=type(error).__name__, place=place)
        reason = f"Something went wrong on our side ({type(error).__name__})."
        job = None
        with suppress(DBAPIError), self._engine.begin() as connection:  # unless it is recorded, the job is tried again
            job = store.give_up(connection, job_id, reason, now())
        if job is not None:
            settle(self._settings.batch_dir / job_id, job.results_bytes, job.errors_bytes)


@contextmanager
def _only_worker(folder: Path, stop: threading.Event) -> Iterator[None]:
    """Wait until no other worker uses the folder: one of an earlier life may be finishing its last chunk."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "worker.lock").open("a") as lock:
        while not stop.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                (folder / HEARTBEAT).touch()
                stop.wait(0.05)
            else:
                break
        yield


def _await_end_of_input(stop: threading.Event) -> None:
    """Notice that the service is gone: its end of the pipe is closed by the system, however it ended."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
