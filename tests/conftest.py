"""Fixtures every folder may use; what only one folder needs stands in its own conftest."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.application import create_app
from app.db.engine import open_engine
from app.db.upgrade import upgrade
from app.settings import ROOT
from tests.factories import settings_in

StartService = Callable[..., TestClient]
REAL_DATA = ROOT.parent / "shared" / "data" / "telecom_bigml"


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


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Name the SQLite file of ``engine``."""
    return tmp_path / "telelink.db"


@pytest.fixture
def engine(database: Path) -> Iterator[Engine]:
    """An empty database at the newest migration."""
    engine = open_engine(f"sqlite:///{database}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Name the folder with the public churn table, which lies beside the checkout and is never committed."""
    if not REAL_DATA.is_dir():
        reason = f"the public churn table is not at {REAL_DATA}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return REAL_DATA
