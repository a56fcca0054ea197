"""A request that is sent again with its key makes nothing again, and is answered as the first one was."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, func, select, update
from starlette.testclient import TestClient

from app.db.tables import idempotency_keys, predictions
from app.errors import AnswerErased, DatabaseBusy, IdempotencyKeyReused, InvalidRequest
from app.predictions import idempotency
from app.predictions.idempotency import KEPT, claim, find, fingerprint, insert_once, read_answers, read_key
from tests.app.web.test_problems import check_problem
from tests.factories import a_core_customer, a_customer, a_prediction_row

NOW = datetime.now(UTC)
ONE = fingerprint("/predict", b"one")
OTHER = fingerprint("/predict", b"other")


@pytest.fixture
def connection(shared_engine: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back."""
    with shared_engine.connect() as connection:
        yield connection
        connection.rollback()


def a_key(key: str = "k-1", at: datetime = NOW, wanted: str = ONE, reference: str = "p-1") -> dict[str, str]:
    created_at = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"key": key, "created_at": created_at, "fingerprint": wanted, "reference": reference}


@pytest.mark.parametrize("key", [None, "k", "!", "~", "x" * 255, "0199-ab/c?d=e%20", '"quoted"'])
def test_a_key_is_visible_ascii(key: str | None) -> None:
    assert read_key(key) == key


@pytest.mark.parametrize("key", ["", " ", "a b", "k\n", "\tk", "caf\u00e9", "x" * 256, "\x7f", "k\0"])
def test_another_key_is_refused_in_words(key: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_key(key)
    assert [problem.message for problem in refused.value.problems] == [
        "Idempotency-Key must be 1 to 255 visible ASCII characters"
    ]


def test_the_document_says_which_keys_are_taken() -> None:
    documented = str(idempotency.PARAMETER["schema"]["pattern"])
    assert re.search(documented, "x" * 255)
    assert not any(re.search(documented, key) for key in ("", "a b", "caf\u00e9", "x" * 256))


def test_a_fingerprint_tells_requests_apart() -> None:
    requests = [("/predict", b"ab"), ("/predict", b"a", b"b"), ("/predict", b"", b"ab"), ("/predict",), ("/predictab",),
                ("/predict", b"ab", b""), ("/batch-predict", b"ab")]  # fmt: skip
    digests = {fingerprint(route, *parts) for route, *parts in requests}  # type: ignore[arg-type]
    assert len(digests) == len(requests)
    assert {len(digest) for digest in digests} == {64}
    assert fingerprint("/predict", b"one") == ONE


def test_a_key_is_taken_once(connection: Connection) -> None:
    assert find(connection, "k-1", ONE) is None
    assert claim(connection, a_key())
    assert not claim(connection, a_key(reference="p-2"))
    assert find(connection, "k-1", ONE) == "p-1"
    assert claim(connection, a_key("K-1", reference="p-3"))
    with pytest.raises(IdempotencyKeyReused):
        find(connection, "k-1", OTHER)


def test_a_key_is_kept_for_a_day(connection: Connection) -> None:
    young, old = NOW - KEPT + timedelta(hours=1), NOW - KEPT - timedelta(hours=1)
    for key, at in (("young", young), ("old", old)):
        assert claim(connection, a_key(key, at))
    assert find(connection, "young", ONE) == "p-1"
    assert find(connection, "old", ONE) is None
    assert find(connection, "old", OTHER) is None
    assert claim(connection, a_key("new"))
    assert set(connection.execute(select(idempotency_keys.c.key)).scalars()) == {"young", "new"}
    assert claim(connection, a_key("old", wanted=OTHER))


def entry(key: str, *ids: str) -> dict[str, Any]:
    rows = [a_prediction_row(id=prediction_id, answer=f'{{"n": "{prediction_id}"}}') for prediction_id in ids]
    return {"key_row": a_key(key, reference=" ".join(ids)), "rows": rows}


def stored(connection: Connection) -> set[str]:
    return set(connection.execute(select(predictions.c.id)).scalars())


def test_predictions_of_a_used_key_are_not_stored(connection: Connection) -> None:
    insert_once(connection, [entry("k-1", "p-1", "p-2"), entry("k-2", "p-3"), entry("k-1", "p-4")])
    insert_once(connection, [entry("k-2", "p-5")])
    assert stored(connection) == {"p-1", "p-2", "p-3"}


@pytest.mark.parametrize("count", [1, 2, 501, 1_100])
def test_answers_are_read_in_the_order_they_were_given(connection: Connection, count: int) -> None:
    ids = [f"p-{number * 7919 % count:04}" for number in range(count)]
    insert_once(connection, [entry("k-1", *ids)])
    assert read_answers(connection, " ".join(ids)) == [f'{{"n": "{prediction_id}"}}'.encode() for prediction_id in ids]


def test_erased_answers_are_not_given(connection: Connection) -> None:
    insert_once(connection, [entry("k-1", "p-1", "p-2")])
    connection.execute(delete(predictions).where(predictions.c.id == "p-2"))
    with pytest.raises(AnswerErased):
        read_answers(connection, "p-1 p-2")


REQUESTS: dict[str, Any] = {
    "/predict": a_customer(customerId="C-1"),
    "/batch-predict": [a_customer(customerId="C-1"), a_core_customer(), a_customer(customerId="C-1", state="OH")],
}
paths = pytest.mark.parametrize("path", REQUESTS)


def ask(client: TestClient, path: str, key: str | None = "k-1", body: bytes | None = None) -> Any:
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    return client.post(path, content=json.dumps(REQUESTS[path]) if body is None else body, headers=headers)


def rows(client: TestClient) -> int:
    engine: Engine = client.app.state.engine  # type: ignore[attr-defined]
    with engine.connect().execution_options(read_only=True) as connection:
        return int(connection.execute(select(func.count()).select_from(predictions)).scalar_one())


@paths
def test_a_retry_is_answered_byte_for_byte_and_stores_nothing(client: TestClient, path: str) -> None:
    first = ask(client, path)
    assert first.status_code == 200
    before = rows(client)
    for _ in range(3):
        again = ask(client, path)
        assert (again.status_code, again.content) == (200, first.content)
    assert rows(client) == before == (1 if path == "/predict" else 3)
    assert client.get("/stats").json()["total_customers"] == 1


@paths
def test_an_answer_with_a_key_is_the_answer_without_one(client: TestClient, path: str) -> None:
    ids = re.compile(rb'"prediction_id":"[^"]*"')
    assert ids.sub(b"", ask(client, path).content) == ids.sub(b"", ask(client, path, None).content)


@paths
def test_only_stored_answers_are_counted(client: TestClient, path: str) -> None:
    def counted() -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("telelink_predictions_total{"))

    before = counted()
    for _ in range(3):
        ask(client, path)
    assert counted() - before == (1 if path == "/predict" else 3)


@paths
def test_a_key_belongs_to_one_request(client: TestClient, path: str) -> None:
    first = ask(client, path)
    other = "/batch-predict" if path == "/predict" else "/predict"
    check_problem(ask(client, other), 409, "idempotency_key_reused")
    check_problem(ask(client, path, body=json.dumps(REQUESTS[path]).encode() + b" "), 409, "idempotency_key_reused")
    assert ask(client, path).content == first.content
    assert ask(client, path, "k-2").content != first.content


@paths
def test_a_request_that_was_refused_leaves_its_key_free(client: TestClient, path: str) -> None:
    check_problem(ask(client, path, body=b"{}" if path == "/predict" else b"[]"), 422, "invalid_request")
    check_problem(ask(client, path, body=b"{"), 400, "malformed_json")
    assert ask(client, path).status_code == 200


@paths
@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_key_that_is_none_is_refused_and_nothing_is_stored(client: TestClient, path: str, key: str) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    problem = check_problem(client.post(path, json=REQUESTS[path], headers=headers), 422, "invalid_request")
    assert [(each["field"], each["code"]) for each in problem["errors"]] == [("Idempotency-Key", "not_a_key")]
    assert rows(client) == 0


@paths
def test_what_a_key_made_and_was_erased_is_not_made_again(client: TestClient, path: str) -> None:
    ask(client, path)
    assert client.delete("/customers/C-1").status_code == 204
    left = rows(client)
    check_problem(ask(client, path), 409, "answer_erased")
    assert rows(client) == left


@paths
def test_after_a_day_a_key_makes_anew(client: TestClient, path: str) -> None:
    first = ask(client, path)
    engine: Engine = client.app.state.engine  # type: ignore[attr-defined]
    with engine.begin() as connection:
        connection.execute(update(idempotency_keys).values(created_at="2020-01-01T00:00:00.000000Z"))
    second = ask(client, path)
    assert (second.status_code, second.content != first.content) == (200, True)
    assert rows(client) == (2 if path == "/predict" else 6)
    assert ask(client, path).content == second.content


@paths
def test_of_two_requests_at_once_one_is_stored_and_both_are_answered_alike(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    real = idempotency.insert_once
    first: list[bytes] = []

    def overtaken(connection: Connection, entries: Sequence[Any]) -> None:
        real(connection, [{**entry("k-1", "p-1"), "key_row": {**entries[0]["key_row"], "reference": "p-1"}}])
        real(connection, entries)
        first.extend(read_answers(connection, "p-1"))

    monkeypatch.setattr(idempotency, "insert_once", overtaken)
    answer = ask(client, path)
    assert answer.status_code == 200
    assert first[0] in answer.content
    assert rows(client) == 1


@paths
def test_a_database_that_does_not_take_it_leaves_the_key_free(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def busy(*_: object) -> None:
        raise DatabaseBusy

    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "insert_predictions", busy)
        check_problem(ask(client, path), 503, "database_busy")
    assert ask(client, path).status_code == 200
