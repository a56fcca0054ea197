"""Take files in, queue their jobs, and show how they do."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
import uuid_utils
from sqlalchemy import Engine, Row

from app.batch import store
from app.batch.detection import HEAD_BYTES
from app.batch.event_counts import EventCounts
from app.batch.event_intake import resolve_log
from app.batch.intake import resolve
from app.batch.job_files import UPLOAD, Upload, settle
from app.batch.progress import UNFINISHED, Counts
from app.batch.supervisor import Supervisor
from app.db.engine import reading
from app.db.moments import now
from app.db.writer import GroupWriter
from app.errors import (
    DatabaseUnavailable,
    FieldProblem,
    InvalidRequest,
    JobFinished,
    JobNotFinished,
    JobNotFound,
    ModelNotReady,
)
from app.predictions import idempotency
from app.segments.assignment import MODEL_NAME
from app.settings import Settings
from app.telecom.champions import FIELD_SETS, Models
from app.telecom.features import MINUTE_FIELDS
from app.telecom.segmenter import Segmenter
from app.web.body import KIB

log = structlog.get_logger()

_PIECE_BYTES = 1024 * KIB
LOG_MAPPING: Final = "mapping"
"""Key of the columns in a stored mapping for logs, and the parameter that names one."""
MAPPING_ROUTES: Final = {"mapping_id": "mappings", LOG_MAPPING: "event-mappings"}
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Order:
    """What is wanted of a file.

    Attributes
    ----------
    kind : str
        What the file holds.
    route, options : str
        What makes two requests with the same file the same request.
    plan : callable
        Fixes how to read the file, from its first part; raises what the request is refused with.
    versions : list of str
        Models that answer, to the job's end.
    counts : str
        The counts of a job that has read nothing.
    """

    kind: str
    route: str
    options: str
    plan: Callable[[bytes], dict[str, Any]]
    versions: list[str]
    counts: str


class BatchService:
    """Jobs over files: their rows in the database, their files in the data folder, their ids in the queue."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        writer: GroupWriter,
        supervisor: Supervisor,
        models: Models,
        segmenter: Segmenter | None = None,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._writer = writer
        self._supervisor = supervisor
        self._models = models
        self._segmenter = segmenter

    async def confirm_mapping(self, mapping: dict[str, Any]) -> str:
        """Store a mapping; returns its id."""
        row = {"id": str(uuid_utils.uuid7()), "created_at": now(), "mapping": json.dumps(mapping)}
        await asyncio.shield(self._writer.submit(store.insert_mapping, [row]))
        return str(row["id"])

    async def take_in(
        self,
        body: AsyncIterator[bytes],
        file_name: str,
        mapping_id: str | None,
        key: str | None,
        *,
        with_reasons: bool = False,
    ) -> Row[Any]:
        """Put a file of customers on the disk and queue its job.

        Raises
        ------
        InvalidRequest, NotCsvFile
            The mapping does not fit the file, or it is not CSV; nothing is kept.
        IdempotencyKeyReused, ModelNotReady, Unavailable
            As ``_take_in``; a field set that the file may need has no loaded version.
        """
        mapping = await asyncio.to_thread(self._mapping, "mapping_id", mapping_id)

        def plan(head: bytes) -> dict[str, Any]:
            resolved = resolve(head, mapping, with_reasons=with_reasons)
            self._need_models(resolved["fields"])
            return resolved

        options = json.dumps(mapping) + "reasons" * with_reasons
        order = Order("customers", "POST /batch/jobs", options, plan, self._versions(), Counts().to_json())
        return await self._take_in(body, file_name, key, order)

    async def take_in_log(
        self, body: AsyncIterator[bytes], file_name: str, adapter: str, mapping_id: str | None, key: str | None
    ) -> Row[Any]:
        """Put a log on the disk and queue its job.

        Raises
        ------
        InvalidRequest, NotEventFile
            The adapter or the mapping does not fit the file, or it is no log; nothing is kept.
        IdempotencyKeyReused, Unavailable
            As ``_take_in``.
        """
        mapping = await asyncio.to_thread(self._mapping, LOG_MAPPING, mapping_id)

        def plan(head: bytes) -> dict[str, Any]:
            return resolve_log(head, adapter, mapping and mapping[LOG_MAPPING])

        options = json.dumps([adapter, mapping])
        order = Order("events", "POST /batch/event-jobs", options, plan, [], EventCounts().to_json())
        return await self._take_in(body, file_name, key, order)

    async def _take_in(self, body: AsyncIterator[bytes], file_name: str, key: str | None, order: Order) -> Row[Any]:
        """Take a file in; the same request with the same key gives the job there is.

        Raises
        ------
        IdempotencyKeyReused
            The key belongs to another request.
        Unavailable
            The disk or the database did not take it; nothing is kept.
        """
        job_id = str(uuid_utils.uuid7())
        folder = self._settings.batch_dir / job_id
        upload, is_sent = await asyncio.to_thread(Upload, folder, self._settings.max_upload_mib * KIB * KIB), False
        try:
            async for piece in _in_pieces(body):
                await asyncio.to_thread(upload.write, piece)
            digest = await asyncio.to_thread(upload.keep)
            plan = await asyncio.to_thread(lambda: order.plan(_head(folder / UPLOAD)))
            wanted = idempotency.fingerprint(order.route, digest.encode(), order.options.encode())
            job = _new_job(job_id, file_name, upload, plan, order)
            key_row = {"key": key, "created_at": job["created_at"], "fingerprint": wanted, "reference": job_id}
            entry = {"job": job, "key_row": key_row if key else None, "is_new": True}
            is_sent = True
            await asyncio.shield(self._writer.submit(store.insert_job, [entry]))
            made = job_id if entry["is_new"] else await asyncio.to_thread(self._read, idempotency.find, key, wanted)
        except DatabaseUnavailable:
            # The row may have been stored, and its job goes on; a file that no job claims is cleared away later.
            self._supervisor.wake()
            raise
        except BaseException as error:
            # A request cut by a stop must not wait for a thread; once its row is on the way, its file has to stay.
            if not (is_sent and isinstance(error, asyncio.CancelledError)):
                upload.discard()
            raise
        if made == job_id:
            await self._enqueue(job_id)
        else:
            await asyncio.to_thread(upload.discard)
        return await self.job(str(made))

    async def job(self, job_id: str) -> Row[Any]:
        """Read a job; raises JobNotFound."""
        row = await asyncio.to_thread(self._read, store.read_job, job_id)
        if row is None:
            raise JobNotFound
        return row

    async def jobs(self, before: str | None, limit: int) -> list[Row[Any]]:
        """Read jobs newest first, those older than the id ``before``."""
        return list(await asyncio.to_thread(self._read, store.read_jobs, before, limit))

    async def cancel(self, job_id: str) -> Row[Any]:
        """Ask a job to stop; raises JobFinished when it has ended."""
        if (await self.job(job_id)).state not in UNFINISHED:
            raise JobFinished
        await asyncio.shield(self._writer.submit(store.request_cancel, [{"id": job_id, "now": now()}]))
        row = await self.job(job_id)
        if row.state == "cancelled":
            folder = self._settings.batch_dir / job_id
            await asyncio.to_thread(settle, folder, row.results_bytes, row.errors_bytes)
        return row

    async def finished(self, job_id: str) -> Row[Any]:
        """Read a job whose files are complete; raises JobNotFinished while it is at work."""
        row = await self.job(job_id)
        if row.state in UNFINISHED:
            raise JobNotFinished
        return row

    async def _enqueue(self, job_id: str) -> None:
        """Put the job's id into the queue; a queue that is away delays the job, the worker looks for it too."""

        def put() -> None:
            from app.batch.queue import enqueue  # huey brings psycopg, and most processes never queue anything

            enqueue(self._settings, job_id)

        with suppress(asyncio.CancelledError):
            try:
                await asyncio.to_thread(put)
            except Exception as error:  # whichever queue it is, its driver's errors are its own
                log.warning("job_not_enqueued", error=type(error).__name__)
        self._supervisor.wake()

    def _versions(self) -> list[str]:
        """Name the versions that a job of now is answered by, to its end."""
        versions = [f"{model.name}/{model.version}" for model in self._models.values()]
        return versions + ([f"{MODEL_NAME}/{self._segmenter.version}"] if self._segmenter else [])

    def _need_models(self, fields: Mapping[str, str]) -> None:
        needed = FIELD_SETS if any(field.alias in fields for field in MINUTE_FIELDS) else FIELD_SETS[:1]
        if any(field_set not in self._models for field_set in needed):
            raise ModelNotReady

    def _mapping(self, parameter: str, mapping_id: str | None) -> dict[str, Any] | None:
        """Read the mapping that a request names; one for logs has its columns under another key."""
        if mapping_id is None:
            return None
        text = self._read(store.read_mapping, mapping_id)
        mapping: dict[str, Any] | None = None if text is None else json.loads(text)
        if mapping is None or (LOG_MAPPING in mapping) != (parameter == LOG_MAPPING):
            message = f"There is no mapping with this id: send one to POST /batch/{MAPPING_ROUTES[parameter]} first"
            raise InvalidRequest([FieldProblem(parameter, "unknown_mapping", message)])
        return mapping

    def _read(self, read: Callable[..., Answer], *parameters: Any) -> Answer:
        with reading(self._engine) as connection:
            return read(connection, *parameters)


def _new_job(job_id: str, file_name: str, upload: Upload, plan: dict[str, Any], order: Order) -> dict[str, Any]:
    return store.a_new_job(
        id=job_id,
        kind=order.kind,
        created_at=now(),
        file_name=file_name,
        file_bytes=upload.size,
        mapping=json.dumps(plan, ensure_ascii=False),
        models=json.dumps(order.versions),
        counts=order.counts,
        rows_known=max(0, upload.lines - plan["dialect"]["has_header"]),
    )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


async def _in_pieces(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Gather chunks into pieces worth a thread's while."""
    piece = bytearray()
    async for chunk in body:
        piece += chunk
        if len(piece) >= _PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)
