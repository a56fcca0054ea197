"""The smallest service that keeps the storage promises: the right build the fault experiments must pass.

It speaks the service's API with a constant prediction and stores each answer before giving it. The wrong builds beside
it change one thing each, and the experiment named in their docstring must report it.
"""

import json
import os
import sqlite3
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Row = tuple[str, str | None]


class TinyService:
    """One SQLite file, one table, one answer; ``serve`` runs it until it is told to stop."""

    lock_wait_seconds = 4.5

    def __init__(self, data_dir: Path) -> None:
        self.database = data_dir / "telelink.db"
        with self.connect() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS predictions (id TEXT PRIMARY KEY, customer_id TEXT)")
        connection.close()

    def connect(self) -> sqlite3.Connection:
        """Open the database so that a commit is on the disk when it returns."""
        connection = sqlite3.connect(self.database, timeout=self.lock_wait_seconds, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def store(self, rows: Iterable[Row]) -> None:
        """Commit the rows, all or none."""
        connection = self.connect()
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO predictions VALUES (?, ?)", rows)
            connection.execute("COMMIT")
        finally:
            connection.close()

    async def predict(self, request: Request) -> Response:
        """Answer one customer."""
        return await self._answer([json.loads(await request.body())], batch=False)

    async def predict_batch(self, request: Request) -> Response:
        """Answer a list of customers."""
        return await self._answer(json.loads(await request.body()), batch=True)

    async def _answer(self, customers: list[dict[str, Any]], *, batch: bool) -> Response:
        rows: list[Row] = [(str(uuid.uuid4()), customer.get("customerId")) for customer in customers]
        try:
            await run_in_threadpool(self.store, rows)
        except sqlite3.OperationalError:
            return self.locked()
        predictions = [{"churn_probability": 0.5, "prediction_id": row[0]} for row in rows]
        return JSONResponse({"predictions": predictions, "count": len(rows)} if batch else predictions[0])

    def locked(self) -> Response:
        """Refuse for now: the database is held by somebody else."""
        return JSONResponse({"status": 503}, 503, {"Retry-After": "1"})

    async def ready(self, _: Request) -> Response:
        """Say that requests are welcome."""
        return JSONResponse({"status": "ready"})

    def serve(self) -> None:
        """Listen where HOST and PORT say."""
        routes = [
            Route("/predict", self.predict, methods=["POST"]),
            Route("/batch-predict", self.predict_batch, methods=["POST"]),
            Route("/readyz", self.ready),
            Route("/livez", self.ready),
        ]
        host, port = os.environ["HOST"], int(os.environ["PORT"])
        uvicorn.run(Starlette(routes=routes), host=host, port=port, log_level="warning")


def run(service: type[TinyService]) -> None:
    """Start a service on the folder DATA_DIR names."""
    service(Path(os.environ["DATA_DIR"])).serve()


if __name__ == "__main__":
    run(TinyService)
