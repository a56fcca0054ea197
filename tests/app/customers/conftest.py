"""A transaction on each database that is rolled back."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine


@pytest.fixture
def connection(shared_engine: Engine) -> Iterator[Connection]:
    with shared_engine.connect() as connection:
        yield connection
        connection.rollback()
