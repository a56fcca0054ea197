"""A table to write to, and an insert that nothing holds up."""

import pytest
from sqlalchemy import Engine, text

from tests.app.db.writing import Notes


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
