"""An erased user leaves no event, no score and no byte, and nobody is given what may have been theirs."""

from pathlib import Path

from sqlalchemy import Connection
from starlette.testclient import TestClient

from app.events.store import erase_users
from tests.app.customers.test_erasure import left_of
from tests.app.events.stored_logs import a_session, an_event, owners, sent, store, stored, users_from_events
from tests.app.web.test_problems import check_problem

ERASED = "ERASE-ME-4711"


def test_no_byte_is_left_of_a_user(client: TestClient, tmp_path: Path) -> None:
    database = tmp_path / "data" / "telelink.db"
    for number in range(40):
        users = [ERASED, None, ERASED] if number % 5 == 0 else [f"K-{number}"] * 3
        rows = a_session(users, f"visit-{number}", 100 * number)
        assert client.post("/update_user_events", json=[sent(row) for row in rows]).status_code == 200
    assert left_of(database, ERASED.encode())[ERASED.encode()] > 10
    assert client.delete(f"/users/{ERASED}").status_code == 204
    assert left_of(database, ERASED.encode(), b"visit-35") == {}
    check_problem(client.get(f"/users/{ERASED}/churn"), 404, "user_not_found")
    check_problem(client.delete(f"/users/{ERASED}"), 404, "user_not_found")
    assert client.get("/users").json()["users_known"] == 32


def test_an_erasure_takes_what_was_found_to_be_theirs_and_what_may_be(connection: Connection) -> None:
    store(connection, a_session(["ann", None, "ann", None, "bob", None]) + a_session(["bob", None, "bob"], "s2", 99))
    store(connection, [an_event("bob", 500), an_event(None, 501)])
    assert owners(connection)[:3] == ["ann", "ann", "ann"]
    erase_users(connection, [{"key": "ann"}])
    left = owners(connection)
    assert "ann" not in left
    assert left.count("") == 1, "an event without a session is nobody's, and has nothing of hers"
    assert stored(connection)[1] == users_from_events(connection)


def test_nobody_is_erased_by_an_id_no_database_can_be_asked_for(client: TestClient) -> None:
    for user_id in ("%00", "x" * 65, "..%2F..%2Fetc%2Fpasswd", "nobody"):
        check_problem(client.delete(f"/users/{user_id}"), 404, "user_not_found")
