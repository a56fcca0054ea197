"""What the fault experiments share: the commands they run and how hard they try."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server_process import ServerProcess, start


def control_command(name: str) -> tuple[str, ...]:
    """Give the command that runs a service of ``tests/controls``."""
    return (sys.executable, "-m", f"tests.controls.{name}")


@pytest.fixture(scope="session")
def kill_count() -> int:
    """How many SIGKILLs the kill experiment makes: FAULT_KILLS, 20 unless told."""
    return int(os.environ.get("FAULT_KILLS", "20"))


@pytest.fixture(scope="session")
def long_lock_seconds() -> float:
    """How long the long lock lasts: FAULT_LOCK_SECONDS, 9 unless told."""
    return float(os.environ.get("FAULT_LOCK_SECONDS", "9"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Run the service on a data folder of its own for one module."""
    with start(tmp_path_factory.mktemp("service") / "data") as server:
        server.wait_ready()
        yield server


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Name a data folder that does not exist yet; its server's log lies beside it."""
    return tmp_path / "data"
