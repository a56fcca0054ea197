"""Clients whose connection is cut in the middle of a request, and who then try again with the same key."""

import http.client
import json
import random
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.faults.clients import CUSTOMERS
from tests.faults.jobs import CSV, Answer, job_file
from tests.server_process import LOOPBACK, ServerProcess
from tests.simulated_requests import json_bytes

JSON = "application/json"
PATIENCE_SECONDS = 30.0
BATCH_ROWS = 7
LONGEST_MOMENT_SECONDS = 0.04
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Call:
    """One request that may be sent more than once: its key names what it makes."""

    key: str
    path: str
    media_type: str
    body: bytes

    def raw(self) -> bytes:
        """The request as it goes over the wire."""
        head = [
            f"POST {self.path} HTTP/1.1",
            f"Host: {LOOPBACK}",
            f"Content-Type: {self.media_type}",
            f"Content-Length: {len(self.body)}",
            f"Idempotency-Key: {self.key}",
        ]
        return "\r\n".join([*head, "", ""]).encode() + self.body

    def changed(self) -> "Call":
        """The same key with another body."""
        return Call(self.key, self.path, self.media_type, self.body.replace(b"-0", b"-1"))


def single(key: str) -> Call:
    """Ask about one customer, who is named like the key."""
    return Call(key, "/predict", JSON, json_bytes({**CUSTOMERS[0], "customerId": f"{key}-0"}))


def batch(key: str) -> Call:
    """Ask about some customers."""
    rows = [{**CUSTOMERS[row], "customerId": f"{key}-{row}"} for row in range(BATCH_ROWS)]
    return Call(key, "/batch-predict", JSON, json_bytes(rows))


def job(key: str) -> Call:
    """Start a job over a file that is named like the key."""
    return Call(key, f"/batch/jobs?file_name={key}.csv", CSV, job_file(40, prefix=key).content)


CALLS: dict[str, Callable[[str], Call]] = {"single": single, "batch": batch, "job": job}


def cut(server: ServerProcess, call: Call, rng: random.Random, sent: float | None) -> None:
    """Send this share of a request and go away, with or without RST; None stands for all of it and a moment."""
    raw = call.raw()
    with suppress(OSError), socket.create_connection((LOOPBACK, server.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if rng.random() < 0.5:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.sendall(raw if sent is None else raw[: 1 + int(sent * (len(raw) - 1))])
        if sent is None:
            time.sleep(rng.uniform(0.0, LONGEST_MOMENT_SECONDS))


def send(server: ServerProcess, call: Call) -> Answer:
    """Send a request once."""
    connection = http.client.HTTPConnection(LOOPBACK, server.port, timeout=PATIENCE_SECONDS)
    try:
        headers = {"Content-Type": call.media_type, "Idempotency-Key": call.key}
        connection.request("POST", call.path, call.body, headers)
        response = connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read())
    except (OSError, http.client.HTTPException):
        return Answer(None, {}, b"")
    finally:
        connection.close()


def retry(server: ServerProcess, call: Call) -> Answer:
    """Send a request until it is answered for good."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (answer := send(server, call)).status in (None, 503) and time.monotonic() < deadline:
        time.sleep(0.02)
    return answer


def send_at_once(server: ServerProcess, call: Call, times: int) -> list[Answer]:
    """Send a request several times in the same moment."""
    answers: list[Answer] = []
    barrier = threading.Barrier(times)

    def one() -> None:
        barrier.wait()
        answers.append(retry(server, call))

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=2 * PATIENCE_SECONDS)
    return answers


def made(answer: Answer) -> tuple[str, ...]:
    """Name what an answer says was made: prediction ids or a job's id."""
    content: Any = json.loads(answer.body)
    if "predictions" in content:
        return tuple(each["prediction_id"] for each in content["predictions"])
    return (content.get("prediction_id") or content["id"],)
