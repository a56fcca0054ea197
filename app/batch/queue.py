"""The queue of batch jobs: huey on SQLite in the data folder, or on PostgreSQL or Redis by setting."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import huey
from huey.registry import Message
from huey.serializer import Serializer

from app.errors import SettingsInvalid
from app.settings import Settings

QUEUE_NAME: Final = "telelink-batch"


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Messages as JSON: what lies in a queue is data and never code."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(list(data)).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


def enqueue(settings: Settings, job_id: str) -> None:
    """Put a job's id at the end of the queue."""
    queue = open_queue(settings.queue_url, settings.batch_dir)
    try:
        job_task(queue, _runs_elsewhere)(job_id)
    finally:
        queue.storage.close()


def job_task(queue: huey.Huey, run: Callable[[str], None]) -> Callable[[str], Any]:
    """Register what runs a job by its id; calling the task queues the id."""

    def run_job(job_id: str) -> None:
        run(job_id)

    return queue.task()(run_job)  # type: ignore[no-any-return]


def _runs_elsewhere(job_id: str) -> None:
    raise NotImplementedError(job_id)


def open_queue(url: str, folder: Path) -> huey.Huey:
    """Open the queue; nothing is stored but job ids.

    Raises
    ------
    SettingsInvalid
        The package for QUEUE_URL's kind of queue is not installed.
    """
    settings: dict[str, Any] = {"name": QUEUE_NAME, "results": False, "serializer": JsonSerializer()}
    try:
        if not url:
            folder.mkdir(parents=True, exist_ok=True)
            return huey.SqliteHuey(filename=str(folder / "queue.db"), fsync=True, strict_fifo=True, **settings)
        if url.startswith("postgresql://"):
            return huey.PostgresHuey(dsn=url, blocking=False, **settings)
        return huey.RedisHuey(url=url, blocking=False, **settings)
    except (ImportError, huey.exceptions.ConfigurationError):
        raise SettingsInvalid("QUEUE_URL: the package for this kind of queue is not installed.") from None
