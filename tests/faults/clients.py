"""Clients that keep their own log of what the server acknowledged: faults are judged against this log alone."""

import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.server_process import LOOPBACK, ServerProcess
from tests.simulated_requests import Customer, json_bytes, simulated_customers

SEED = 20_240_229
CUSTOMERS = simulated_customers(500, SEED)
_run_numbers = itertools.count()


@dataclass(frozen=True)
class Reply:
    """A complete answer, or None for each part when the connection ended before one came."""

    status: int | None
    retry_after: str | None
    body: bytes
    sent_at: float
    seconds: float
    refused: bool = False


@dataclass(frozen=True)
class Attempt:
    """One request: the customers it named (none when it named nobody) and what came back."""

    customer_ids: tuple[str, ...]
    is_batch: bool
    reply: Reply

    def prediction_ids(self) -> list[str]:
        """Identifiers this attempt got acknowledged; none unless the answer is a complete 200."""
        if self.reply.status != 200:
            return []
        answer = json.loads(self.reply.body)
        return [each["prediction_id"] for each in (answer["predictions"] if self.is_batch else [answer])]


@dataclass
class ClientLog:
    """Everything the clients of one experiment sent and got back, across restarts of the server."""

    attempts: list[Attempt] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def add(self, attempt: Attempt) -> None:
        """Write one attempt down; list appends are atomic, so the clients share the log without a lock."""
        self.attempts.append(attempt)
        self.acknowledged.extend(attempt.prediction_ids())

    def statuses(self) -> set[int | None]:
        """Distinct statuses seen; None stands for a connection that ended without an answer."""
        return {attempt.reply.status for attempt in self.attempts}


def post(connection: http.client.HTTPConnection, path: str, body: bytes) -> Reply:
    """Send one request and wait for its whole answer; a lost connection is a reply without a status."""
    sent_at = time.monotonic()
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        refused = isinstance(error, ConnectionRefusedError)
        return Reply(None, None, b"", sent_at, time.monotonic() - sent_at, refused)
    return Reply(response.status, response.headers["Retry-After"], answer, sent_at, time.monotonic() - sent_at)


def post_once(server: ServerProcess, path: str, body: bytes, timeout_seconds: float = 60.0) -> Reply:
    """Send one request on a connection of its own."""
    connection = http.client.HTTPConnection(LOOPBACK, server.port, timeout=timeout_seconds)
    try:
        return post(connection, path, body)
    finally:
        connection.close()


@contextmanager
def under_load(server: ServerProcess, log: ClientLog, singles: int = 4, batches: int = 1) -> Iterator[None]:
    """Keep concurrent clients posting, each on a keep-alive connection, until the block ends or nobody listens."""
    stop = threading.Event()
    run_number = next(_run_numbers)
    threads = [
        threading.Thread(target=_client, args=(server.port, log, stop, f"r{run_number}-c{number}", number >= singles))
        for number in range(singles + batches)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=120)
        assert not any(thread.is_alive() for thread in threads), "a client hung"


def _client(port: int, log: ClientLog, stop: threading.Event, name: str, sends_batches: bool) -> None:
    rng = random.Random(f"{SEED}-{name}")
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
    for number in itertools.count():
        if stop.is_set():
            break
        customers: Sequence[Customer] = rng.sample(CUSTOMERS, rng.randint(5, 25) if sends_batches else 1)
        ids: tuple[str, ...] = ()
        # Half the single predictions name no customer, as the page sends them; batches must, to be found again.
        if sends_batches or number % 2:
            ids = tuple(f"{name}-{number}-{row}" for row in range(len(customers)))
            customers = [{**customer, "customerId": key} for customer, key in zip(customers, ids, strict=True)]
        path, content = ("/batch-predict", customers) if sends_batches else ("/predict", customers[0])
        attempt = Attempt(ids, sends_batches, post(connection, path, json_bytes(content)))
        log.add(attempt)
        if attempt.reply.refused:
            break
    connection.close()
