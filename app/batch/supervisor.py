"""Keep the worker process: start it when there is work, notice within seconds when it dies, hangs or eats memory."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.batch import store
from app.batch.job_files import drop_strays, drop_upload, settle
from app.db.moments import now, timestamp
from app.settings import ROOT, Settings

log = structlog.get_logger()

LOOK_SECONDS: Final = 0.5
SILENCE_SECONDS: Final = 8.0
"""A worker that shows no sign of life for so long hangs: its longest single step takes a fraction of a second."""
LONGEST_PAUSE_SECONDS: Final = 4.0
STOP_SECONDS: Final = 10.0
HEARTBEAT: Final = "heartbeat"
DAY_SECONDS: Final = 86_400.0


class Supervisor:
    """Runs at most one worker process for this data folder.

    The worker ends by itself when it has been idle for a while, and when this process is gone: its standard input is
    a pipe that closes then.
    """

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._work_came = asyncio.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = 0.0
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch; unfinished jobs of an earlier life go on."""
        self._watching = asyncio.create_task(self._watch())

    def wake(self) -> None:
        """Say that a job was queued."""
        self._work_came.set()

    async def stop(self) -> None:
        """End the worker after the chunk at hand; its job is marked interrupted and goes on at the next start."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        if self._process is not None:
            await asyncio.to_thread(self._end, self._process)

    async def _watch(self) -> None:
        while True:
            try:
                if self._process is None:
                    await self._await_work()
                else:
                    await asyncio.sleep(LOOK_SECONDS)
                    await asyncio.to_thread(self._look_after, self._process)
            except DBAPIError as error:
                log.warning("jobs_wait_for_database", error=type(error).__name__)
                await asyncio.sleep(1.0)
            except Exception as error:  # a watch that ended would mean no job ever again
                log.error("worker_not_watched", error=type(error).__name__)
                await asyncio.sleep(LONGEST_PAUSE_SECONDS)

    async def _await_work(self) -> None:
        self._work_came.clear()
        await asyncio.to_thread(self._drop_old_files)
        if await asyncio.to_thread(self._has_work):
            await asyncio.sleep(self._pause)
            self._process = await asyncio.to_thread(self._spawn)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._work_came.wait(), DAY_SECONDS)

    def _drop_old_files(self) -> None:
        """Remove what was kept long enough; the files go first, so that a kill forgets none."""
        oldest = timestamp(datetime.now(UTC) - timedelta(days=self._settings.job_files_days))
        with self._engine.connect().execution_options(read_only=True) as connection:
            old = store.finished_before(connection, oldest)
            ended = store.finished_before(connection, now())
            known = store.all_ids(connection)
        drop_strays(self._settings.batch_dir, known)
        root = self._settings.batch_dir
        folders = {folder.name: folder for folder in root.iterdir()} if root.is_dir() else {}
        for job_id in folders.keys() & set(ended):
            drop_upload(folders[job_id])  # a kill may have left it
        for job_id in folders.keys() & set(old):
            shutil.rmtree(folders[job_id], ignore_errors=True)
        if old:
            with self._engine.begin() as connection:
                store.forget_files(connection, oldest)

    def _has_work(self) -> bool:
        with self._engine.connect().execution_options(read_only=True) as connection:
            return bool(store.unfinished_jobs(connection))

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._settings.batch_dir.mkdir(parents=True, exist_ok=True)
        self._started = time.time()
        return subprocess.Popen(
            # In the same folder, which settings may be relative to; -P: but nothing is imported from there.
            [sys.executable, "-P", "-m", "app.batch.worker"],
            env={**os.environ, "PYTHONPATH": str(ROOT), **self._settings.as_environment()},
            stdin=subprocess.PIPE,
            # A signal for the terminal's whole group would end the worker before its job is marked.
            start_new_session=True,
        )

    def _look_after(self, process: subprocess.Popen[bytes]) -> None:
        """Find out whether the worker is well; if not, end it and record what became of its job."""
        code = process.poll()
        if code is not None:
            self._process = None
            self._pause = self._pause_after(code)
            if code != 0:
                _kill(process)
                self._abandon("interrupted", f"Its process ended ({_ending(code)}). The job goes on by itself.")
            return
        if time.time() - max(self._started, _last_beat(self._settings.batch_dir)) > SILENCE_SECONDS:
            _kill(process)
            self._process = None
            silence = f"Its process showed no sign of life for {SILENCE_SECONDS:.0f} seconds"
            self._abandon("interrupted", f"{silence}. The job goes on by itself.")
        elif memory_mib(process.pid) > self._settings.job_memory_mib:
            self._fail(process, f"Its process needed more than {self._settings.job_memory_mib} MiB of memory.")

    def _pause_after(self, code: int) -> float:
        """Wait longer before each new start of a worker that keeps ending as soon as it starts."""
        if code == 0:
            return 0.0
        is_early = time.time() - self._started < LONGEST_PAUSE_SECONDS
        return min(LONGEST_PAUSE_SECONDS, max(LOOK_SECONDS, 2 * self._pause if is_early else 0.0))

    def _fail(self, process: subprocess.Popen[bytes], reason: str) -> None:
        _kill(process)
        self._process = None
        self._abandon("failed", reason)

    def _abandon(self, state: str, reason: str) -> None:
        log.error("worker_lost", state=state, reason=reason)
        ended_at = now() if state == "failed" else None
        with self._engine.begin() as connection:
            abandoned = store.end_abandoned(connection, state, reason, ended_at)
        for job in abandoned if state == "failed" else ():
            settle(self._settings.batch_dir / job.id, job.results_bytes, job.errors_bytes)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(process)


def memory_mib(pid: int) -> float:
    """Memory of a process and its children, shared pages counted once (Linux; 0 elsewhere)."""
    total = 0.0
    for member in [pid, *_children(pid)]:
        with contextlib.suppress(OSError, ValueError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) / 1024
    return total


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError, ValueError):
        direct = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return direct + [grandchild for child in direct for grandchild in _children(child)]
    return []


def _kill(process: subprocess.Popen[bytes]) -> None:
    # The whole group: a scoring child that outlived its parent would hold memory and files.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_beat(folder: Path) -> float:
    try:
        return (folder / HEARTBEAT).stat().st_mtime
    except OSError:
        return 0.0


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
