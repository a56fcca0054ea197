"""A database of 0004 keeps its jobs at 0005, as jobs that read customers, and finds its way back."""

import pytest
from sqlalchemy import Connection, Engine, text

from app.db.upgrade import upgrade
from tests.app.db.migrating import downgrade
from tests.factories import a_job


@pytest.fixture
def old(empty: Engine) -> Engine:
    """A database of 0004."""
    upgrade(empty, "0004")
    return empty


def insert_job(connection: Connection, **changes: str) -> str:
    """Store a job as the release of 0004 does: without a kind, unless one is told."""
    row = {name: value for name, value in a_job().items() if name != "kind"} | changes
    names = ", ".join(row)
    connection.execute(text(f"INSERT INTO jobs ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row)
    return str(row["id"])


def jobs(engine: Engine, columns: str) -> list[tuple[str, ...]]:
    with engine.connect().execution_options(read_only=True) as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM jobs ORDER BY id"))]


def test_a_job_there_was_and_one_the_release_before_stores_read_customers(old: Engine) -> None:
    with old.begin() as connection:
        first = insert_job(connection)
    upgrade(old)
    with old.begin() as connection:
        second = insert_job(connection)
    assert jobs(old, "id, kind") == [(first, "customers"), (second, "customers")]


def test_the_way_back_gives_up_the_log_and_the_jobs_that_read_it(old: Engine) -> None:
    upgrade(old)
    with old.begin() as connection:
        kept = insert_job(connection)
        insert_job(connection, kind="events")
    downgrade(old, "0004")
    assert jobs(old, "id") == [(kept,)]
    upgrade(old)
    assert jobs(old, "id, kind") == [(kept, "customers")]
    with old.connect().execution_options(read_only=True) as connection:
        assert connection.execute(text("SELECT count(*) FROM events")).scalar() == 0


def test_an_event_cannot_be_stored_twice_whoever_it_is_said_to_be(old: Engine) -> None:
    upgrade(old)
    insert = text(
        "INSERT INTO events (user_id, ts, digest, session_id, kind, is_blank, record) "
        "VALUES (:user, 5, 7, 's', 'play', 1, :record) ON CONFLICT DO NOTHING"
    )
    with old.begin() as connection:
        for user in ("", "ann", "ann"):
            connection.execute(insert, {"user": user, "record": b"x"})
        assert connection.execute(text("SELECT user_id FROM events")).scalars().all() == [""]
