"""Taking files in: kept and queued, or nothing is left; a retry with its key makes no second job."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, update
from starlette.testclient import TestClient

from app.batch import job_files, store
from app.batch.job_files import UPLOAD
from app.db.tables import idempotency_keys
from app.errors import DatabaseBusy, DatabaseUnavailable, StorageFull
from app.predictions import idempotency
from app.telecom.features import CORE_FIELDS, FIELDS
from tests.app.batch.job_requests import MANY, bench_of, folders, nothing_is_left, queued, send, without_worker
from tests.app.batch.job_running import CHAMPIONS, Bench
from tests.app.web.test_problems import check_problem
from tests.conftest import StartService
from tests.factories import a_csv_file, a_customer, many_customers

FIELD_MAP = {field.alias: field.alias for field in FIELDS}
CORE_ONLY = [field.alias for field in CORE_FIELDS]


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    return without_worker(monkeypatch)


@pytest.fixture
def bench(client: TestClient) -> Bench:
    return bench_of(client)


def in_chunks(content: bytes, size: int = 64 * 1024) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_file_that_is_too_large_leaves_nothing(start_service: StartService, is_declared: bool) -> None:
    client = start_service(max_upload_mib=1)
    content = a_csv_file([]) + b"x" * 1024 * 1024
    answer = send(client, content if is_declared else in_chunks(content), 413)
    check_problem(answer, 413, "file_too_large")
    assert answer.headers["connection"] == "close"
    assert nothing_is_left(client)
    assert send(client, in_chunks(MANY)).json()["file_bytes"] == len(MANY)


def speak(client: TestClient, messages: list[dict[str, Any]]) -> int:
    """Send a body as raw ASGI messages; gives the status of the answer."""
    scope = {
        "type": "http", "method": "POST", "path": "/batch/jobs", "raw_path": b"/batch/jobs", "query_string": b"",
        "headers": [(b"content-type", b"text/csv")], "http_version": "1.1", "scheme": "http",
        "server": ("here", 80), "client": ("here", 1), "root_path": "",
        "state": dict(client.app_state),
    }  # fmt: skip
    waiting, sent = iter(messages), []

    async def receive() -> dict[str, Any]:
        return next(waiting)

    async def answer(message: dict[str, Any]) -> None:
        sent.append(message)

    assert client.portal is not None
    client.portal.call(client.app, scope, receive, answer)  # type: ignore[arg-type]
    return int(sent[0]["status"])


def test_an_upload_that_is_cut_off_leaves_nothing(client: TestClient) -> None:
    begun = {"type": "http.request", "body": MANY[:500], "more_body": True}
    assert speak(client, [begun, begun, {"type": "http.disconnect"}]) == 400
    assert nothing_is_left(client)


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_request_that_a_stop_cuts_off_keeps_its_file_only_for_a_job(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, is_sent: bool
) -> None:
    real, reached = store.insert_job, threading.Event()

    def slow(connection: Connection, rows: Any) -> None:
        reached.set()
        time.sleep(0.1)
        real(connection, rows)

    monkeypatch.setattr(store, "insert_job", slow)

    async def body() -> AsyncIterator[bytes]:
        yield MANY
        if not is_sent:
            reached.set()
            await asyncio.Event().wait()

    async def scenario() -> None:
        service = client.app.state.batch  # type: ignore[attr-defined]
        request = asyncio.create_task(service.take_in(body(), "customers.csv", None, None))
        assert await asyncio.to_thread(reached.wait, 10)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request

    assert client.portal is not None
    client.portal.call(scenario)
    if not is_sent:
        assert nothing_is_left(client)
        return
    deadline = time.monotonic() + 10
    while not (jobs := client.get("/batch/jobs").json()["jobs"]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert bench_of(client).path(jobs[0]["id"], UPLOAD).exists()


Break = Callable[[pytest.MonkeyPatch], None]


def breaking(owner: Any, name: str, error: Exception) -> Break:
    def fail(*_: object, **__: object) -> None:
        raise error

    return lambda monkeypatch: monkeypatch.setattr(owner, name, fail)


BREAKS: dict[str, tuple[Break, int, str]] = {
    "full at the first byte": (breaking(job_files.os, "fsync", OSError(28, "full")), 503, "storage_full"),
    "full in the middle": (breaking(job_files, "_write_all", OSError(28, "full")), 503, "storage_full"),
    "no room for a folder": (breaking(job_files.Path, "mkdir", OSError(28, "full")), 503, "storage_full"),
    "database busy": (breaking(store, "insert_job", DatabaseBusy()), 503, "database_busy"),
    "database full": (breaking(store, "insert_job", StorageFull()), 503, "storage_full"),
    "our own fault": (breaking(store, "insert_job", KeyError("zq7")), 500, "internal_error"),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_what_cannot_be_kept_leaves_nothing(client: TestClient, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    break_it, status, code = BREAKS[kind]
    with monkeypatch.context() as broken:
        break_it(broken)
        check_problem(send(client, status=status), status, code)
    assert nothing_is_left(client)
    assert send(client).json()["state"] == "queued"


def test_a_file_is_kept_when_its_job_may_have_been_stored(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, woken: list[None]
) -> None:
    real = store.insert_job

    def lost(connection: Any, rows: Any) -> None:
        real(connection, rows)
        connection.commit()
        raise DatabaseUnavailable

    monkeypatch.setattr(store, "insert_job", lost)
    check_problem(send(client, status=503), 503, "database_unavailable")
    (job,) = client.get("/batch/jobs").json()["jobs"]
    assert bench_of(client).path(job["id"], UPLOAD).read_bytes() == MANY
    assert len(woken) == 1


def test_a_queue_that_is_away_delays_a_job_and_loses_none(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, woken: list[None]
) -> None:
    monkeypatch.setattr("app.batch.queue.enqueue", lambda *_: (_ for _ in ()).throw(ConnectionError()))
    assert send(client).json()["state"] == "queued"
    assert len(woken) == 1


def test_without_the_models_no_file_is_taken_in(client: TestClient, bench: Bench) -> None:
    models = client.app.state.telecom.models  # type: ignore[attr-defined]
    usage = models.pop("usage")
    check_problem(send(client, status=503), 503, "model_not_ready")
    assert nothing_is_left(client)
    job = send(client, a_csv_file(many_customers(2), CORE_ONLY)).json()
    assert job["models"] == [CHAMPIONS["telecom-core"], CHAMPIONS["telecom-segments"]]
    bench.take_over(job["id"]).run()
    assert bench.counts(job["id"]).scored == 2
    models["usage"] = usage
    models.pop("core")
    check_problem(send(client, status=503), 503, "model_not_ready")


def test_the_same_request_with_the_same_key_gives_the_job_there_is(client: TestClient, bench: Bench) -> None:
    first = send(client, key="k-1")
    again = send(client, key="k-1")
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert send(client, key="k-2").json()["id"] != first.json()["id"]
    assert len(folders(client)) == len(queued(client)) == 2
    bench.take_over(first.json()["id"]).run()
    assert send(client, key="k-1").json()["state"] == "done"
    assert len(folders(client)) == 2


def test_a_key_belongs_to_one_file_one_mapping_and_one_wish_for_reasons(client: TestClient) -> None:
    first = send(client, key="k-1").json()
    check_problem(send(client, MANY + MANY[:0] + b"\r\n", 409, key="k-1"), 409, "idempotency_key_reused")
    mapping = client.post("/batch/mappings", json={"columns": FIELD_MAP}).json()["id"]
    check_problem(send(client, MANY, 409, key="k-1", mapping_id=mapping), 409, "idempotency_key_reused")
    check_problem(send(client, MANY, 409, key="k-1", reasons="true"), 409, "idempotency_key_reused")
    answer = client.post("/predict", json=a_customer(), headers={"Idempotency-Key": "k-1"})
    check_problem(answer, 409, "idempotency_key_reused")
    assert folders(client) == {first["id"]}


def test_a_key_is_free_again_after_a_day(client: TestClient, bench: Bench) -> None:
    first = send(client, key="k-1").json()
    with bench.engine.begin() as connection:
        connection.execute(update(idempotency_keys).values(created_at="2020-01-01T00:00:00.000000Z"))
    assert send(client, key="k-1").json()["id"] != first["id"]
    assert len(folders(client)) == 2


def test_a_failing_look_at_a_used_key_keeps_the_job_it_made(
    client: TestClient, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(idempotency, "find", DatabaseBusy())(monkeypatch)
    first = send(client, key="k-1").json()
    check_problem(send(client, status=503, key="k-1"), 503, "database_busy")
    assert folders(client) == {first["id"]}
    assert bench.path(first["id"], UPLOAD).exists()
