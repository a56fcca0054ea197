"""I2: odd JSON is a 4xx in the one error shape, echoes nothing and stores nothing."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.audit import row_count
from tests.faults.conftest import control_command
from tests.faults.odd_bodies import JSON_TYPE, VALID, OddBody, batches, customers, documents
from tests.server_process import LOOPBACK, ServerProcess, start
from tests.simulated_requests import json_bytes

VALID_BYTES = json_bytes(VALID)
VALID_BATCH = b"[%s]" % VALID_BYTES
PROBLEM_KEYS = {"type", "title", "status", "detail", "code", "request_id"}

ON_PREDICT = [*customers(), *documents(VALID_BYTES)]
ON_BATCH = [
    *(OddBody(odd.name, b"[%s,%s]" % (VALID_BYTES, odd.body), odd.secret) for odd in customers()),
    *documents(VALID_BATCH),
    *batches(VALID_BYTES),
]
CASES = [("/predict", odd) for odd in ON_PREDICT] + [("/batch-predict", odd) for odd in ON_BATCH]

pytestmark = pytest.mark.fault


def send(server: ServerProcess, path: str, odd: OddBody) -> tuple[http.client.HTTPResponse, bytes]:
    """Post one body on a connection of its own."""
    kind = [] if odd.content_type is None else [f"Content-Type: {odd.content_type}"]
    head = [f"POST {path} HTTP/1.1", f"Host: {LOOPBACK}", f"Content-Length: {len(odd.body)}", *kind, "", ""]
    with socket.create_connection((LOOPBACK, server.port), timeout=20) as client:
        # A server that refuses a large body stops reading, so sending may fail while the refusal waits to be read.
        with contextlib.suppress(ConnectionError):
            client.sendall("\r\n".join(head).encode() + odd.body)
        response = http.client.HTTPResponse(client)
        response.begin()
        return response, response.read()


def complaints(response: http.client.HTTPResponse, answer: bytes, odd: OddBody) -> Iterator[str]:
    """Name every way in which a refusal breaks the promise."""
    if not 400 <= response.status < 500:
        yield f"status {response.status}"
    if response.headers.get_content_type() != "application/problem+json":
        yield f"content type {response.headers['Content-Type']}"
    text = answer.decode(errors="replace")
    if odd.secret and odd.secret in text:
        yield "repeats what was sent"
    try:
        problem = json.loads(text)
    except ValueError:
        yield "is no JSON"
        return
    if not isinstance(problem, dict) or not problem.keys() >= PROBLEM_KEYS:
        yield "has another shape"
    elif problem["status"] != response.status:
        yield "names another status"
    elif not problem["request_id"] or problem["request_id"] != response.headers["X-Request-ID"]:
        yield "has no request id"


@pytest.mark.parametrize(("path", "body"), [("/predict", VALID_BYTES), ("/batch-predict", VALID_BATCH)])
def test_the_body_the_cases_spoil_is_a_good_one(service: ServerProcess, path: str, body: bytes) -> None:
    response, answer = send(service, path, OddBody("good", body))
    assert response.status == 200, answer


@pytest.mark.parametrize(("path", "odd"), [pytest.param(path, odd, id=f"{path}-{odd.name}") for path, odd in CASES])
def test_an_odd_body_is_refused(service: ServerProcess, path: str, odd: OddBody) -> None:
    before = row_count(service.database)
    response, answer = send(service, path, odd)
    assert list(complaints(response, answer, odd)) == [], answer[:500]
    assert row_count(service.database) == before
    if (odd.content_type or "").split(";")[0] != JSON_TYPE:
        assert response.status == 415


def test_a_bad_row_is_named_by_its_index_and_field(service: ServerProcess) -> None:
    body = b"[%s,%s]" % (VALID_BYTES, json_bytes({**VALID, "state": "ZQ"}))
    _, answer = send(service, "/batch-predict", OddBody("bad-second-row", body))
    assert [(error["row"], error["field"]) for error in json.loads(answer)["errors"]] == [(1, "state")]


def test_there_are_at_least_forty_kinds() -> None:
    assert len({odd.name for _, odd in CASES}) >= 40
    assert len({(path, odd.name) for path, odd in CASES}) == len(CASES)


def test_the_service_is_well_afterwards(service: ServerProcess) -> None:
    response, _ = send(service, "/predict", OddBody("good", VALID_BYTES))
    assert response.status == 200
    assert service.status_of("/readyz") == 200
    assert "Traceback" not in service.log_path.read_text(errors="replace")


def test_stock_handling_fails_the_experiment(tmp_path: Path) -> None:
    with start(tmp_path / "data", control_command("floor_service")) as stock:
        stock.wait_ready()
        found = {odd.name: list(complaints(*send(stock, "/predict", odd), odd)) for odd in ON_PREDICT}
    broken = {name for name, faults in found.items() if any(fault.startswith("status 5") for fault in faults)}
    echoing = {name for name, faults in found.items() if "repeats what was sent" in faults}
    assert broken
    assert echoing
