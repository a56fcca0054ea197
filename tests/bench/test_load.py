"""The load generator counts what happened: every answer, every refusal, every connection cut."""

import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.bench.load import encode_request, run_load
from tests.faults.audit import row_count
from tests.server_process import LOOPBACK, ServerProcess, start
from tests.simulated_requests import json_bytes, simulated_customers

REQUESTS = [encode_request(json_bytes(each)) for each in simulated_customers(60, seed=2, id_prefix="load-")]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    command = (sys.executable, "-m", "tests.controls.tiny_service")
    with start(tmp_path_factory.mktemp("tiny") / "data", command) as server:
        server.wait_ready()
        yield server


@pytest.fixture
def answering() -> Iterator[list[bytes]]:
    """Serve one connection, giving the listed pieces in answer to its first request, then closing."""
    pieces: list[bytes] = []
    with socket.create_server((LOOPBACK, 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                for piece in pieces[1:]:
                    connection.sendall(piece)

        pieces.append(str(listener.getsockname()[1]).encode())
        thread = threading.Thread(target=serve)
        thread.start()
        yield pieces
        thread.join()


@pytest.mark.parametrize("connections", [1, 8])
def test_every_request_is_sent_once_and_its_answer_kept(tiny: ServerProcess, connections: int) -> None:
    before = row_count(tiny.database)
    result = run_load(tiny.port, REQUESTS, connections, duration_seconds=60)
    assert result.statuses == {200: len(REQUESTS)}
    assert (result.failures, result.cut_off, len(result.latencies_seconds)) == (0, 0, len(REQUESTS))
    assert len(set(result.prediction_ids())) == len(REQUESTS) == row_count(tiny.database) - before
    assert 0 < result.quantile_ms(0.5) <= result.quantile_ms(0.99) <= result.seconds * 1000


def test_time_up_stops_sending_but_awaits_what_is_under_way(tiny: ServerProcess) -> None:
    before = row_count(tiny.database)
    result = run_load(tiny.port, REQUESTS * 1000, connections=4, duration_seconds=0.2)
    assert 0 < len(result.bodies) < 1000 * len(REQUESTS)
    assert row_count(tiny.database) - before == len(result.bodies)


def test_a_refusal_is_a_failure(tiny: ServerProcess) -> None:
    result = run_load(tiny.port, [encode_request(b"{}", "/nowhere")], connections=1, duration_seconds=10)
    assert (result.statuses, result.failures) == ({404: 1}, 1)


def test_an_answer_in_pieces_is_one_answer(answering: list[bytes]) -> None:
    answering += [b"HTTP/1.1 200 OK\r\nContent-", b"Length: 4\r\n", b"\r", b"\nab", b"cd"]
    result = run_load(int(answering[0]), [encode_request(b"{}")], connections=1, duration_seconds=10)
    assert (result.bodies, result.failures) == ([b"abcd"], 0)


def test_a_connection_cut_inside_an_answer_is_a_failure(answering: list[bytes]) -> None:
    answering += [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"]
    result = run_load(int(answering[0]), [encode_request(b"{}")], connections=1, duration_seconds=10)
    assert (result.cut_off, result.failures, result.bodies) == (1, 1, [])
