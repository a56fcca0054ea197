"""What is not quite HTTP, and what is HTTP but not GET: the one error shape, the same headers."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.server_process import ServerProcess, start

MALFORMED = {
    "no request line": b"hello\r\n\r\n",
    "negative length": b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "length and chunks": b"POST /predict HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a head without end": b"GET /livez HTTP/1.1\r\nHost: here\r\n" + b"X-More: %s\r\n" % (b"x" * 1000) * 200,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with start(tmp_path_factory.mktemp("raw")) as server:
        server.wait_ready()
        yield server


def answer_to(server: ServerProcess, sent: bytes) -> tuple[bytes, dict[str, str], bytes]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for start in range(0, len(sent), 8192):
            try:
                connection.sendall(sent[start : start + 8192])
            except (BrokenPipeError, ConnectionResetError):
                break
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return first, dict(line.decode().lower().split(": ", 1) for line in lines), body


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_not_http_is_answered_in_the_one_shape(server: ServerProcess, kind: str) -> None:
    first, headers, body = answer_to(server, MALFORMED[kind])
    status = int(first.split()[1])
    assert status in (400, 431)
    assert headers["content-type"] == "application/problem+json"
    problem = json.loads(body)
    assert (problem["status"], problem["request_id"]) == (status, headers["x-request-id"])
    assert headers["connection"] == "close"
    assert "content-security-policy" in headers


@pytest.mark.parametrize("path", ["/", "/docs", "/health", "/readyz", "/stats", "/models", "/metrics"])
def test_head_is_get_without_a_body(server: ServerProcess, path: str) -> None:
    sent = b"HEAD %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n" % path.encode()
    first, headers, body = answer_to(server, sent)
    assert first.split()[1] == b"200"
    assert body == b""
    assert int(headers["content-length"]) > 0


def test_a_trailing_slash_leads_nowhere_else(client: TestClient) -> None:
    answer = client.post("/predict/", json={}, headers={"Host": "evil.example"}, follow_redirects=False)
    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_a_data_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "odd?name=1#here %41"
    with start(folder) as server:
        server.wait_ready()
        assert (folder / "telelink.db").is_file()
        assert (folder / "telelink.db").stat().st_mode & 0o077 == 0
