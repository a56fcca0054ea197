"""Requests to the batch routes of a service whose worker does not start: jobs run when a test says so."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.batch.queue import job_task, open_queue
from app.batch.supervisor import Supervisor
from tests.app.batch.job_running import Bench, score_here
from tests.factories import a_csv_file, many_customers

CSV = {"Content-Type": "text/csv"}
MANY = a_csv_file(many_customers(30))


def without_worker(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Start no worker process; gives how often the supervisor was woken."""
    woken: list[None] = []

    async def rest(_supervisor: Supervisor) -> None:
        return None

    monkeypatch.setattr(Supervisor, "_watch", rest)
    monkeypatch.setattr(Supervisor, "wake", lambda _supervisor: woken.append(None))
    score_here(monkeypatch)
    return woken


def bench_of(client: TestClient) -> Bench:
    """The jobs of a started service."""
    state = client.app.state  # type: ignore[attr-defined]
    return Bench(state.settings, state.engine)


def send(client: TestClient, content: Any = MANY, status: int = 201, key: str | None = None, **query: str) -> Any:
    """Start a job, or be refused."""
    headers = {**CSV, "Idempotency-Key": key} if key else CSV
    answer = client.post("/batch/jobs", content=content, headers=headers, params=query)
    assert answer.status_code == status, answer.text
    return answer


def cancel(client: TestClient, job_id: str, status: int = 202) -> Any:
    """Cancel a job, or be refused."""
    answer = client.post(f"/batch/jobs/{job_id}/cancel")
    assert answer.status_code == status, answer.text
    return answer


def queued(client: TestClient) -> list[str]:
    """Take all ids out of the queue."""
    ids: list[str] = []
    queue = open_queue("", bench_of(client).settings.batch_dir)
    job_task(queue, ids.append)
    while (task := queue.dequeue()) is not None:
        queue.execute(task)
    queue.storage.close()
    return ids


def folders(client: TestClient) -> set[str]:
    """Name the folders of jobs."""
    return {path.name for path in bench_of(client).settings.batch_dir.glob("*") if path.is_dir()}


def nothing_is_left(client: TestClient) -> bool:
    """Say whether there is no job, no file and no message."""
    return client.get("/batch/jobs").json() == {"jobs": [], "next": None} and not folders(client) and not queued(client)
