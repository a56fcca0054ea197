"""What an operator, a balancer and a page are told about the service's state."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from starlette.testclient import TestClient

from app.application import API_VERSION
from app.db.writer import Row
from app.errors import StorageFull
from app.settings import ROOT
from app.web import health
from tests.app.batch.job_requests import without_worker
from tests.conftest import StartService
from tests.factories import a_core_customer, a_customer
from tests.sealed import USAGE, VERSION_OF


@pytest.fixture(autouse=True)
def _no_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor's own look at the database is not what is watched here."""
    without_worker(monkeypatch)


@pytest.fixture
def broken_model(start_service: StartService, tmp_path: Path) -> TestClient:
    """A service one of whose two models does not match its seal."""
    models_dir = Path(shutil.copytree(ROOT / "models", tmp_path / "models"))
    (models_dir / USAGE / "model.onnx").write_bytes(b"broken")
    return start_service(models_dir=models_dir)


@pytest.fixture
def unreadable(client: TestClient, tmp_path: Path) -> TestClient:
    """A service whose database lost a table."""
    with closing(sqlite3.connect(tmp_path / "data" / "telelink.db")) as connection:
        connection.execute("DROP TABLE portfolio")
    return client


@pytest.fixture
def statements(client: TestClient) -> Iterator[list[str]]:
    """What the service asks its database from now on, for a request: nothing works in the background."""
    asked: list[str] = []
    client.portal.call(client.app.state.refresher.stop)  # type: ignore[union-attr,attr-defined]
    event.listen(
        client.app.state.engine,  # type: ignore[attr-defined]
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: asked.append(statement),
    )
    return asked


def test_healthy(client: TestClient) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "healthy",
        "churn_model": "loaded",
        "clv_model": "loaded",
        "database": "available",
        "api_version": API_VERSION,
        "reasons": [],
    }
    assert client.get("/readyz").json() == {"status": "ready"}


def test_a_broken_model_degrades_and_is_named(broken_model: TestClient) -> None:
    answer = broken_model.get("/health")
    found = answer.json()
    assert (answer.status_code, found["status"], found["churn_model"]) == (503, "degraded", "not loaded")
    assert found["database"] == "available"
    (reason,) = found["reasons"]
    assert reason.startswith("telecom-usage/")
    assert "model.onnx" in reason


def test_with_a_broken_model_the_service_is_not_ready_but_alive(broken_model: TestClient) -> None:
    answer = broken_model.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "model_not_ready")
    assert "model.onnx" in answer.json()["detail"]
    assert broken_model.get("/livez").status_code == 200
    assert broken_model.post("/predict", json=a_core_customer()).status_code == 200


def test_no_models_at_all(start_service: StartService, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    client = start_service(models_dir=tmp_path / "nothing")
    found = client.get("/health").json()
    assert (found["churn_model"], found["clv_model"]) == ("not loaded", "not loaded")
    assert "aliases.json" in " ".join(found["reasons"])
    assert client.get("/readyz").status_code == 503
    assert client.post("/predict", json=a_customer()).json()["code"] == "model_not_ready"


def test_a_model_without_a_champion_is_missed(start_service: StartService, tmp_path: Path) -> None:
    models_dir = Path(shutil.copytree(ROOT / "models", tmp_path / "models"))
    aliases = {"telecom-core": {"champion": VERSION_OF["telecom-core"]}}
    (models_dir / "aliases.json").write_text(json.dumps(aliases))
    # The models for logs are missed too, and spared: no answer about a customer needs them.
    assert start_service(models_dir=models_dir).get("/health").json()["reasons"] == [
        f"{name}: no champion is loaded." for name in ("telecom-usage", "events-churn", "events-summary")
    ]


def test_without_usable_segments_answers_still_come_and_health_says_what_is_missing(
    start_service: StartService, tmp_path: Path
) -> None:
    models_dir = Path(shutil.copytree(ROOT / "models", tmp_path / "models"))
    (card,) = (models_dir / "telecom-segments").glob("*/card.json")
    card.write_text(card.read_text().replace("persona", "person", 1))
    client = start_service(models_dir=models_dir)
    answer = client.get("/health")
    found = answer.json()
    assert (answer.status_code, found["status"], found["churn_model"]) == (200, "degraded", "loaded")
    (reason,) = found["reasons"]
    assert reason.startswith("telecom-segments/")
    assert client.get("/readyz").status_code == 200
    assert client.post("/predict", json=a_customer()).json()["segment"] is None
    assert {entry["name"]: entry["reason"] for entry in client.get("/models").json()["models"]}[
        "telecom-segments"
    ] == reason


def test_an_unreadable_database_degrades(unreadable: TestClient) -> None:
    answer = unreadable.get("/health")
    found = answer.json()
    assert (answer.status_code, found["status"], found["database"]) == (503, "degraded", "unavailable")
    assert (found["churn_model"], found["clv_model"]) == ("loaded", "loaded")
    assert found["reasons"]
    assert unreadable.get("/readyz").status_code == 503
    assert unreadable.get("/livez").status_code == 200


def test_liveness_never_asks_the_database(client: TestClient, statements: list[str]) -> None:
    assert client.get("/livez").json() == {"status": "alive"}
    assert client.get("/online").status_code == 200
    assert statements == []
    client.get("/health")
    assert statements != []


def test_health_asks_little_and_writes_nothing(client: TestClient, statements: list[str]) -> None:
    client.get("/health")
    client.get("/readyz")
    assert {statement.split()[0] for statement in statements} <= {"BEGIN", "SELECT"}
    assert "BEGIN IMMEDIATE" not in statements


def test_a_writer_elsewhere_does_not_degrade(client: TestClient, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "data" / "telelink.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert client.get("/health").status_code == 200


def test_while_stopping_nothing_new_should_come(client: TestClient) -> None:
    client.app.state.lifecycle.stopping = True  # type: ignore[attr-defined]
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "shutting_down")
    assert answer.headers["retry-after"].isdecimal()
    assert client.get("/livez").status_code == 200
    served = client.post("/predict", json=a_customer())
    assert (served.status_code, served.headers["connection"]) == (200, "close")


def test_online_tells_version_and_age(client: TestClient) -> None:
    first, second = (client.get("/online").json() for _ in range(2))
    assert (first["status"], first["api_version"]) == ("online", API_VERSION)
    assert 0 <= first["uptime_seconds"] <= second["uptime_seconds"] < 60


def full(_connection: Connection, _rows: list[Row]) -> None:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL  # type: ignore[misc]
    raise error


async def fail_to_write(client: TestClient) -> None:
    with pytest.raises(StorageFull):
        await client.app.state.writer.submit(full, [{}])  # type: ignore[attr-defined]


def test_a_failed_write_degrades_until_one_succeeds(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.portal.call(fail_to_write, client)  # type: ignore[union-attr]
    with monkeypatch.context() as still_full:
        still_full.setattr(health, "probe_write", full)
        answer = client.get("/health")
        assert client.get("/readyz").status_code == 503
    assert (answer.status_code, answer.json()["database"]) == (503, "unavailable")
    assert "disk is full" in answer.json()["reasons"][0]
    assert client.post("/predict", json=a_customer()).status_code == 200
    assert client.get("/health").status_code == 200


def test_once_there_is_space_again_readiness_comes_back_without_a_write(client: TestClient) -> None:
    client.portal.call(fail_to_write, client)  # type: ignore[union-attr]
    for _ in range(20):
        if client.get("/readyz").status_code == 200:
            break
        client.portal.call(asyncio.sleep, 0.05)  # type: ignore[union-attr]
    assert client.get("/readyz").status_code == 200
