"""An erased customer leaves no byte in the database and its log, and no erasure is forgotten half-way."""

import asyncio
import json
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from starlette.testclient import TestClient

from app.customers import erasure
from app.customers.erasure import Erasure
from app.db.tables import customers, portfolio_history, predictions
from app.db.writer import GroupWriter
from app.errors import CustomerNotFound, DatabaseBusy, ErasureWaitsForJob
from tests.app.customers.histories import leave, store_customers
from tests.databases import file_of, sqlite_only
from tests.factories import a_customer

ERASED = "ERASE-ME-4711"
PROFILE = {"state": "WY", "accountLength": 211, "totalDayMinutes": 123.7, "totalEveMinutes": 98.3}
TRACES = (ERASED.encode(), json.dumps(a_customer(**PROFILE))[:60].encode(), b"211.0", b"123.7", b"98.3")


def erase(engine: Engine, customer_id: str, **options: Any) -> None:
    async def scenario() -> None:
        writer = GroupWriter(engine, timeout_seconds=5, max_waiting=10)
        writer.start(asyncio.get_running_loop())
        try:
            await Erasure(engine, writer, **options).erase(customer_id)
        finally:
            await asyncio.to_thread(writer.stop)

    asyncio.run(scenario())


def left_of(database: Path, *traces: bytes) -> dict[bytes, int]:
    """How often each trace is still in the database's files."""
    content = b"".join(
        path.read_bytes() for path in database.parent.glob(f"{database.name}*") if not path.name.endswith("-shm")
    )
    return {trace: content.count(trace) for trace in traces if trace in content}


@contextmanager
def busy_reader(database: Path) -> Iterator[None]:
    """Somebody who reads all the time, each time for a moment."""
    done = threading.Event()

    def read() -> None:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            while not done.is_set():
                connection.execute("SELECT count(*) FROM predictions, customers").fetchone()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("read_meanwhile", [False, True])
def test_no_byte_is_left_of_a_customer(client: TestClient, tmp_path: Path, read_meanwhile: bool) -> None:
    database = tmp_path / "data" / "telelink.db"
    for number in range(60):
        client.post("/predict", json=a_customer(customerId=f"K-{number}"))
        if number % 6 == 0:
            client.post("/predict", json=a_customer(customerId=ERASED, **PROFILE))
    client.post(f"/customers/{ERASED}/outcome", json={"outcome": "churned", "date": "2026-01-31"})
    assert left_of(database, *TRACES[:1])[TRACES[0]] > 10
    assert left_of(database, *TRACES[2:]).keys() == set(TRACES[2:])
    if read_meanwhile:
        with busy_reader(database):
            assert client.delete(f"/customers/{ERASED}").status_code == 204
    else:
        assert client.delete(f"/customers/{ERASED}").status_code == 204
    assert left_of(database, *TRACES) == {}
    assert client.get("/stats").json()["total_customers"] == 60


def test_an_erasure_takes_every_row_and_leaves_the_days(engine: Engine) -> None:
    with engine.begin() as connection:
        store_customers(connection, "C-1", "C-2")
        leave(connection, "C-1")
    erase(engine, "C-1")
    with engine.connect().execution_options(read_only=True) as connection:
        assert connection.execute(select(customers.c.id)).scalars().all() == ["C-2"]
        assert connection.execute(select(predictions.c.customer_id)).scalars().all() == ["C-2"]
        assert connection.execute(select(portfolio_history.c.day)).scalars().all()


def test_nobody_can_be_erased(engine: Engine) -> None:
    with pytest.raises(CustomerNotFound):
        erase(engine, "C-1")


class Files:
    """Files that note who was erased from them, or refuse."""

    def __init__(self, refusal: Exception | None = None, *, has_rows: bool = False) -> None:
        self.refusal = refusal
        self.has_rows = has_rows
        self.erased: list[str] = []

    def erase_rows(self, customer_id: str) -> bool:
        if self.refusal:
            raise self.refusal
        self.erased.append(customer_id)
        return self.has_rows


def test_rows_of_files_are_erased_first(engine: Engine) -> None:
    with engine.begin() as connection:
        store_customers(connection, "C-1")
    files = Files()
    erase(engine, "C-1", files=files)
    assert files.erased == ["C-1"]


def test_somebody_whose_rows_were_all_rejected_is_in_files_alone(engine: Engine) -> None:
    files = Files(has_rows=True)
    erase(engine, "C-1", files=files)
    assert files.erased == ["C-1"]


def test_while_a_job_needs_its_file_nothing_is_erased(engine: Engine) -> None:
    with engine.begin() as connection:
        store_customers(connection, "C-1")
    with pytest.raises(ErasureWaitsForJob):
        erase(engine, "C-1", files=Files(ErasureWaitsForJob()))
    with engine.connect().execution_options(read_only=True) as connection:
        assert connection.execute(select(customers.c.id)).scalars().all() == ["C-1"]


@sqlite_only
def test_a_reader_that_does_not_let_go_is_told_and_the_rest_is_done_later(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(erasure.remove_traces, "__defaults__", (0.2,))
    with engine.begin() as connection:
        store_customers(connection, ERASED, "C-2")

    async def scenario() -> None:
        writer = GroupWriter(engine, timeout_seconds=5, max_waiting=10)
        writer.start(asyncio.get_running_loop())
        eraser = Erasure(engine, writer)
        try:
            with engine.connect().execution_options(read_only=True) as reader:
                assert reader.execute(text("SELECT count(*) FROM customers")).scalar() == 2
                for _ in range(2):
                    with pytest.raises(DatabaseBusy, match="Send the request again"):
                        await eraser.erase(ERASED)
            with engine.begin() as connection:
                store_customers(connection, ERASED)  # scored again before the rest was done
            await eraser.erase(ERASED)
            with engine.connect().execution_options(read_only=True) as connection:
                assert connection.execute(select(customers.c.id)).scalars().all() == ["C-2"]
            with pytest.raises(CustomerNotFound):
                await eraser.erase(ERASED)
        finally:
            await asyncio.to_thread(writer.stop)

    asyncio.run(scenario())
    assert left_of(file_of(database_url), ERASED.encode()) == {}


@sqlite_only
def test_traces_of_pages_that_were_split_are_written_over(engine: Engine, database_url: str) -> None:
    """Without secure_delete, as a database of an older release may be, splits and moves leave many."""
    ids = [f"ZQ-{number:06}-QZ" for number in range(3_000)]
    chance = random.Random(1)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")
        for _ in range(3):
            chance.shuffle(ids)
            for start in range(0, len(ids), 500):
                value = chance.randrange(10**6)
                store_customers(connection, *ids[start : start + 500], value_at_risk_cents=value)
    chosen = ids[:5]
    began = time.monotonic()
    for customer_id in chosen:
        erase(engine, customer_id)
    assert time.monotonic() - began < 30
    assert left_of(file_of(database_url), *(customer_id.encode() for customer_id in chosen)) == {}
    with engine.connect().execution_options(read_only=True) as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
