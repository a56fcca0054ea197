"""A load generator cheap enough not to be what is measured: raw keep-alive connections and pre-encoded requests."""

import asyncio
import gc
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import uvloop

from tests.server_process import LOOPBACK

HEAD_END = b"\r\n\r\n"


@dataclass
class LoadResult:
    """What one run of load saw, from the client's side."""

    connections: int
    seconds: float = 0.0
    server_cpu_seconds: float = 0.0
    latencies_seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)
    cut_off: int = 0

    @property
    def requests_per_second(self) -> float:
        """Completed answers over the time between the first request and the last answer."""
        return len(self.latencies_seconds) / self.seconds if self.seconds else 0.0

    @property
    def failures(self) -> int:
        """Answers other than 200, and requests whose connection ended before their answer."""
        return self.cut_off + sum(count for status, count in self.statuses.items() if status != 200)

    @property
    def server_cpu_ms(self) -> float:
        """Processor time the server used for an answer, in milliseconds: hardly touched by what else is running."""
        return 1000 * self.server_cpu_seconds / max(len(self.latencies_seconds), 1)

    def quantile_ms(self, share: float) -> float:
        """Latency in milliseconds below which this share of the answers came."""
        return float(np.quantile(self.latencies_seconds, share)) * 1000

    def add(self, other: "LoadResult") -> None:
        """Count another run over the same number of connections to this one."""
        self.seconds += other.seconds
        self.server_cpu_seconds += other.server_cpu_seconds
        self.latencies_seconds += other.latencies_seconds
        self.statuses += other.statuses
        self.bodies += other.bodies
        self.cut_off += other.cut_off

    def prediction_ids(self) -> list[str]:
        """Identifiers the server acknowledged."""
        return [json.loads(body)["prediction_id"] for body in self.bodies]


def encode_request(body: bytes, path: str = "/predict") -> bytes:
    """Write a POST down as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + HEAD_END + body


def run_load(
    port: int, requests: Sequence[bytes], connections: int, duration_seconds: float, pause_seconds: float = 0.0
) -> LoadResult:
    """Send the requests in order over some connections, each used once, until they or the time run out.

    Each connection has one request under way at a time, and pauses between an answer and its next request. Requests
    under way when the time is up are still awaited, so every row the server stores was acknowledged here or counted as
    cut off.
    """
    result = LoadResult(connections)
    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_drive(port, requests, result, duration_seconds, pause_seconds))
    finally:
        gc.enable()
    return result


async def _drive(
    port: int, requests: Sequence[bytes], result: LoadResult, duration_seconds: float, pause_seconds: float
) -> None:
    loop = asyncio.get_running_loop()
    clients = [_Connection(loop.create_future()) for _ in range(result.connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, LOOPBACK, port)
    begin = time.perf_counter()
    queue = _Queue(iter(requests), begin + duration_seconds, result, pause_seconds)
    for client in clients:
        client.begin(queue)
    await asyncio.wait_for(asyncio.gather(*(client.finished for client in clients)), duration_seconds + 60)
    result.seconds = time.perf_counter() - begin


class _Queue:
    def __init__(self, requests: Iterator[bytes], deadline: float, result: LoadResult, pause_seconds: float) -> None:
        self.requests = requests
        self.pause_seconds = pause_seconds
        self.deadline = deadline
        self.result = result

    def next_request(self) -> bytes | None:
        return None if time.perf_counter() >= self.deadline else next(self.requests, None)


class _Connection(asyncio.Protocol):
    def __init__(self, finished: "asyncio.Future[None]") -> None:
        self.finished = finished
        self.buffer = b""
        self.expected = 0
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def begin(self, queue: _Queue) -> None:
        self.queue = queue
        self._send_next()

    def _send_next(self) -> None:
        request = self.queue.next_request()
        self.sent_at = 0.0
        if request is None:
            self.transport.close()
            if not self.finished.done():
                self.finished.set_result(None)
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.expected:
            end = self.buffer.find(HEAD_END)
            if end < 0:
                return
            self.expected = end + len(HEAD_END) + _content_length(self.buffer[:end])
        if len(self.buffer) >= self.expected:
            self._record()
            if self.queue.pause_seconds:
                asyncio.get_running_loop().call_later(self.queue.pause_seconds, self._send_next)
            else:
                self._send_next()

    def _record(self) -> None:
        result = self.queue.result
        result.latencies_seconds.append(time.perf_counter() - self.sent_at)
        result.statuses[int(self.buffer[9:12])] += 1
        result.bodies.append(self.buffer[self.buffer.index(HEAD_END) + len(HEAD_END) :])
        self.buffer, self.expected = b"", 0

    def connection_lost(self, error: Exception | None) -> None:
        if self.sent_at:
            self.queue.result.cut_off += 1
        if not self.finished.done():
            self.finished.set_result(None)


def _content_length(head: bytes) -> int:
    position = head.lower().index(b"\r\ncontent-length:") + len(b"\r\ncontent-length:")
    return int(head[position:].split(b"\r\n", 1)[0])
