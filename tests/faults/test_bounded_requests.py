"""I3: a request is bounded before it costs: lengths, chunks, compression and headers, spoken over raw sockets."""

import contextlib
import gzip
import select
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.faults.audit import row_count
from tests.faults.conftest import control_command
from tests.faults.odd_bodies import VALID
from tests.server_process import LOOPBACK, ServerProcess, start
from tests.simulated_requests import json_bytes, simulated_customers

MIB = 1024 * 1024
GROWTH_MIB = 20.0
STREAMED_MIB = 64
BODY = json_bytes(VALID)

pytestmark = pytest.mark.fault


def head(*lines: str, target: str = "/predict") -> bytes:
    """Write a request head down with these header lines."""
    return "\r\n".join(
        [f"POST {target} HTTP/1.1", f"Host: {LOOPBACK}", "Content-Type: application/json", *lines, "", ""]
    ).encode()


def exchange(port: int, chunks: Iterable[bytes], *, half_close: bool = False) -> int | None:
    """Send until an answer comes or the chunks end; give the answer's status, None when there is none."""
    with socket.create_connection((LOOPBACK, port), timeout=20) as client:
        # A server that refuses stops reading, so sending may fail while the refusal waits to be read.
        with contextlib.suppress(ConnectionError):
            for chunk in chunks:
                client.sendall(chunk)
                if select.select([client], [], [], 0)[0]:
                    break
            if half_close:
                client.shutdown(socket.SHUT_WR)
        try:
            answer = client.recv(4096)
        except (ConnectionError, TimeoutError):
            return None
    return int(answer[9:12]) if answer else None


def streamed(opening: bytes, chunk: bytes) -> Iterator[bytes]:
    """Open a request and keep feeding it, far past what a server should take in."""
    yield opening
    for _ in range(STREAMED_MIB * MIB // len(chunk)):
        yield chunk


def large_chunk() -> bytes:
    """Frame 64 KiB of blanks as one chunk."""
    return b"10000\r\n" + b" " * 0x10000 + b"\r\n"


def cases() -> Iterator[tuple[str, Iterable[bytes], set[int | None]]]:
    """Name, bytes and the statuses that refuse them."""
    blanks = b" " * 0x10000
    gigabyte = "Content-Length: 1000000000"
    yield "a gigabyte by length", list(streamed(head(gigabyte), blanks)), {413}
    yield "a gigabyte for a batch", list(streamed(head(gigabyte, target="/batch-predict"), blanks)), {413}
    yield "a gigabyte announced", [head(gigabyte)], {413}
    yield "a gigabyte expected", [head(gigabyte, "Expect: 100-continue")], {413}
    yield "a gigabyte to a path without a body", list(streamed(head(gigabyte, target="/stats"), blanks)), {413, 405}
    yield "chunks without end", list(streamed(head("Transfer-Encoding: chunked"), large_chunk())), {413}
    yield "one chunk of 4 GiB", list(streamed(head("Transfer-Encoding: chunked") + b"ffffffff\r\n", blanks)), {413, 400}
    yield "a chunk that is no number", [head("Transfer-Encoding: chunked") + b"zz\r\n"], {400}
    yield "another transfer encoding", [head("Transfer-Encoding: gzip") + BODY], {400, 415, 501}
    for length in ("99999999999999999999999", "-1", "abc", "+9", "1e3", "9, 10", ""):
        yield f"length {length!r}", [head(f"Content-Length: {length}") + BODY], {400, 413}
    yield "two lengths", [head("Content-Length: 5", f"Content-Length: {len(BODY)}") + BODY], {400}
    both = head(f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked")
    yield "length and chunks", [both + b"0\r\n\r\n"], {400}
    yield "shorter than its length", [head(f"Content-Length: {len(BODY) + 99}") + BODY], {400, None}
    yield "longer than its length", [head("Content-Length: 20") + BODY], {400, 422}
    bomb = gzip.compress(b"\x00" * (STREAMED_MIB * MIB))
    for coding in ("gzip", "deflate", "br", "gzip, gzip"):
        yield f"a {coding} bomb", [head(f"Content-Encoding: {coding}", f"Content-Length: {len(bomb)}") + bomb], {415}
    many = [f"X-Header-{number}: {number}" for number in range(10_000)]
    yield "ten thousand headers", [head(*many, f"Content-Length: {len(BODY)}") + BODY], {400, 431}
    yield "a header of 1 MB", [head(f"X-Long: {'x' * MIB}", f"Content-Length: {len(BODY)}") + BODY], {400, 431}
    yield "a target of 1 MB", [head(f"Content-Length: {len(BODY)}", target="/" + "x" * MIB) + BODY], {400, 414, 431}
    yield "headers without end", list(streamed(head()[:-2], b"X-More: more\r\n" * 5000)), {400, 431}


@pytest.fixture(scope="module")
def warm(service: ServerProcess) -> ServerProcess:
    """Give a server that has met each path once, so that first-use memory is not counted."""
    ok = head(f"Content-Length: {len(BODY)}") + BODY
    assert exchange(service.port, [ok]) == 200
    assert exchange(service.port, [head(f"Content-Length: {len(BODY)}", "Content-Encoding: gzip") + BODY]) == 415
    return service


def growth_and_status(server: ServerProcess, chunks: Iterable[bytes], *, half_close: bool) -> tuple[float, int | None]:
    """Measure how far the server's peak memory rises above what it held before."""
    server.reset_peak_memory()
    before = server.memory_mib("VmRSS")
    status = exchange(server.port, chunks, half_close=half_close)
    return server.memory_mib("VmHWM") - before, status


@pytest.mark.parametrize(
    ("name", "chunks", "allowed"), [pytest.param(*case, id=case[0].replace(" ", "-")) for case in cases()]
)
def test_a_boundless_request_costs_nothing(
    warm: ServerProcess, name: str, chunks: Iterable[bytes], allowed: set[int | None]
) -> None:
    rows = row_count(warm.database)
    growth, status = growth_and_status(warm, chunks, half_close=name == "shorter than its length")
    assert status in allowed
    assert growth <= GROWTH_MIB
    assert row_count(warm.database) == rows
    assert warm.status_of("/readyz") == 200


def test_the_largest_batch_is_within_the_bounds(warm: ServerProcess) -> None:
    body = json_bytes(simulated_customers(10_000, seed=3, id_prefix="largest-batch-"))
    assert exchange(warm.port, [head(f"Content-Length: {len(body)}", target="/batch-predict") + body]) == 200


def test_stock_handling_fails_the_experiment(tmp_path: Path) -> None:
    opening = head(f"Content-Length: {STREAMED_MIB * MIB}")
    with start(tmp_path / "data", control_command("floor_service")) as stock:
        stock.wait_ready()
        growth, _ = growth_and_status(stock, streamed(opening, b" " * 0x10000), half_close=False)
    assert growth > GROWTH_MIB
