"""A database without a table, a table to write to, and an insert that nothing holds up."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine, text

from app.db.engine import open_engine
from tests import databases
from tests.app.db.writing import Notes


@pytest.fixture
def empty(database_kind: str, database_url: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database without a table."""
    with ExitStack() as stack:
        if database_kind == databases.POSTGRESQL:
            server = request.getfixturevalue("postgresql")
            database_url = stack.enter_context(databases.new_database(server, "template0"))
        engine = open_engine(database_url)
        stack.callback(engine.dispose)
        yield engine


@pytest.fixture
def store(engine: Engine) -> Engine:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (name TEXT PRIMARY KEY CHECK (name != 'poison'))"))
    return engine


@pytest.fixture
def notes() -> Notes:
    free = Notes()
    free.open.set()
    return free
