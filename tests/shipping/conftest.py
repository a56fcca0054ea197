"""Machines that tests of the deploy script start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shipping.machine import Machine, serving_machine


@pytest.fixture
def new_machine(tmp_path: Path) -> Machine:
    """Make a machine on which nothing has ever been deployed."""
    return Machine(tmp_path / "machine")


@pytest.fixture(scope="session")
def deployed_twice(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return serving_machine(tmp_path_factory.mktemp("deployed_twice") / "machine", versions=2)


@pytest.fixture
def machine(deployed_twice: Machine) -> Iterator[Machine]:
    """Lend a machine that serves its second version and keeps its first; its state is put back afterwards."""
    before = deployed_twice.state
    yield deployed_twice
    deployed_twice.write(before)
