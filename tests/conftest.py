"""Fixtures every folder may use; what only one folder needs stands in its own conftest."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.application import create_app
from app.settings import ROOT
from tests import databases
from tests.factories import settings_in
from tests.postgresql import PostgresqlServer

StartService = Callable[..., TestClient]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[StartService]:
    """Start services in this process, by default on one data folder; keywords change settings.

    Each is stopped after the test. What the application raises is answered, as a server would, and not re-raised.
    """
    with ExitStack() as services:

        def start(**changes: object) -> TestClient:
            app = create_app(settings_in(**{"data_dir": tmp_path / "data", **changes}))
            return services.enter_context(TestClient(app, raise_server_exceptions=False))

        yield start


@pytest.fixture
def client(start_service: StartService) -> TestClient:
    """A started service with an empty database."""
    return start_service()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """One real PostgreSQL server for the whole session, started by the first test that needs it."""
    with databases.postgresql_server() as server:
        yield server


@pytest.fixture(params=databases.BOTH)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Run the test once for each database; ``databases.sqlite_only`` and its twin choose one."""
    return str(request.param)


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Name the database of ``engine``."""
    if database_kind == databases.SQLITE:
        yield f"sqlite:///{tmp_path / 'telelink.db'}"
    else:
        with databases.new_database(request.getfixturevalue("postgresql")) as url:
            yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database without a prediction, at the newest migration."""
    with databases.migrated(database_url) as engine:
        yield engine


@pytest.fixture(scope="module", params=databases.BOTH)
def shared_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One database of each kind for a module's many examples, which roll back what they did."""
    if request.param == databases.SQLITE:
        with databases.migrated(f"sqlite:///{tmp_path_factory.mktemp('shared') / 'telelink.db'}") as engine:
            yield engine
    else:
        server = request.getfixturevalue("postgresql")
        with databases.new_database(server) as url, databases.migrated(url) as engine:
            yield engine


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Name the folder with the public tables and logs, which lies beside the checkout and is never committed."""
    if not SHARED_DATA.is_dir():
        reason = f"the public data are not at {SHARED_DATA}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED_DATA


@pytest.fixture(scope="session")
def real_data(shared_data: Path) -> Path:
    """Name the folder with the public churn table."""
    return shared_data / "telecom_bigml"
