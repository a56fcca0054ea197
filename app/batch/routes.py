"""Files of customers and logs of events: previews, mappings and jobs; the jobs' progress and files."""

import asyncio
import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParameter
from sqlalchemy import Row
from starlette.responses import FileResponse, Response

from app.batch.detection import HEAD_BYTES
from app.batch.event_preview import preview_log
from app.batch.event_schemas import (
    LOG_MAPPING_SCHEMA,
    AdapterName,
    LogPreview,
    StoredLogMapping,
    read_log_mapping,
    read_trial_log_mapping,
)
from app.batch.intake import Overrides, preview
from app.batch.job_files import ERRORS, RESULTS, cut
from app.batch.schemas import (
    Delimiter,
    Encoding,
    Job,
    JobList,
    Mapping,
    Preview,
    StoredMapping,
    as_job,
    read_mapping,
    read_trial_mapping,
)
from app.batch.service import LOG_MAPPING, BatchService
from app.db.moments import now
from app.errors import FileTooLarge, NotFound
from app.predictions.idempotency import HEADER, PARAMETER, read_key
from app.telecom.features import CUSTOMER_ID, FIELDS
from app.web.body import CSV, JSON, KIB, LOG, NDJSON, parse_json, read_body, stream_body
from app.web.csv_cells import LINE_END, write_lines
from app.web.problems import responses
from app.web.raw_path_route import RawPathRoute

# Two routes have the path /batch/jobs: a refused method is told what both answer.
router = APIRouter(prefix="/batch", tags=["batch files"], route_class=RawPathRoute)

_EXAMPLE: Final = LINE_END.join(
    write_lines(
        [[CUSTOMER_ID, *(field.alias for field in FIELDS)], ["C-1001", *(str(field.example) for field in FIELDS)]]
    )
)
_EXAMPLE_EVENT: Final = (
    '{"user_id": "101", "session_id": "s-1", "ts": "2026-01-31T09:15:00Z", "kind": "play", "duration_seconds": 212}\n'
)
_EXAMPLE_LOG: Final = "user_id,session_id,ts,kind,value\r\n101,s-1,2026-01-31T09:15:00Z,purchase,12.5\r\n"
_CSV_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {CSV: {"schema": {"type": "string"}, "examples": {"example 1": {"value": _EXAMPLE}}}},
}
_LOG_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        NDJSON: {"schema": {"type": "string"}, "examples": {"example 1": {"value": _EXAMPLE_EVENT}}},
        CSV: {"schema": {"type": "string"}, "examples": {"example 1": {"value": _EXAMPLE_LOG}}},
    },
}
_LOG_MAPPING_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        JSON: {
            "schema": LOG_MAPPING_SCHEMA,
            "examples": {"example 1": {"value": LOG_MAPPING_SCHEMA["examples"][0]}},
        }
    },
}
_MAPPING_SCHEMA: Final = Mapping.model_json_schema()
_MAPPING_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        JSON: {"schema": _MAPPING_SCHEMA, "examples": {"example 1": {"value": _MAPPING_SCHEMA["examples"][0]}}}
    },
}
JobId = Annotated[str, PathParameter(pattern="^[0-9a-f-]{36}$", description="The job's id.")]
_FILE: Final = {
    200: {"content": {CSV: {"schema": {"type": "string"}}}, "description": "The file"},
    **responses(404, 409, 422, 503),
}
_LARGEST_PREVIEW: Final = 4 * HEAD_BYTES
_NO_RESULTS: Final = "A log has no results file: its users are in GET /users, what became of its lines is in the job."


def _service(request: Request) -> BatchService:
    service: BatchService = request.app.state.batch
    return service


Service = Annotated[BatchService, Depends(_service)]


@router.post(
    "/preview",
    response_model=Preview,
    responses=responses(400, 413, 415, 422, 431),
    openapi_extra={"requestBody": _CSV_BODY},
)
async def preview_file(
    request: Request,
    file_bytes: Annotated[int | None, Query(ge=0, le=1 << 50, description="Size of the whole file.")] = None,
    encoding: Encoding | None = None,
    delimiter: Delimiter | None = None,
    has_header: bool | None = None,
    mapping: Annotated[
        str | None, Query(max_length=16_384, description="JSON: column for each field, to try out.")
    ] = None,
) -> Preview:
    """Say what a file seems to hold, from its first part; nothing is stored."""
    head = await read_body(request, _LARGEST_PREVIEW, CSV)
    if (file_bytes or 0) > request.app.state.settings.max_upload_mib * KIB * KIB:
        raise FileTooLarge
    overrides = Overrides(encoding, delimiter, has_header)
    columns = read_trial_mapping(mapping)
    return Preview.model_validate(await asyncio.to_thread(preview, head, file_bytes, overrides, columns))


@router.post(
    "/mappings",
    response_model=StoredMapping,
    status_code=201,
    responses=responses(400, 413, 415, 422, 503),
    openapi_extra={"requestBody": _MAPPING_BODY},
)
async def confirm_mapping(request: Request, service: Service) -> StoredMapping:
    """Keep a mapping that a person confirmed, for the jobs that name it."""
    body = await read_body(request, request.app.state.settings.max_body_kib * KIB)
    mapping = read_mapping(parse_json(body))
    return StoredMapping(id=await service.confirm_mapping(mapping.model_dump()), **mapping.model_dump())


@router.post(
    "/jobs",
    response_model=Job,
    status_code=201,
    responses=responses(400, 409, 413, 415, 422, 503),
    openapi_extra={"requestBody": _CSV_BODY, "parameters": [PARAMETER]},
)
async def start_job(
    request: Request,
    response: Response,
    service: Service,
    mapping_id: Annotated[str | None, Query(max_length=64, description="Id from POST /batch/mappings.")] = None,
    file_name: Annotated[str, Query(max_length=255, description="Shown in the list of jobs.")] = "customers.csv",
    reasons: Annotated[bool, Query(description="Say why in the results, for Medium and High rows.")] = False,
) -> Job:
    """Take in a CSV file and queue it: every row is scored and stored, or reported."""
    key = read_key(request.headers.get(HEADER))
    largest = request.app.state.settings.max_upload_mib * KIB * KIB
    body = stream_body(request, largest, (CSV,), FileTooLarge)
    row = await service.take_in(body, _shown(file_name), mapping_id, key, with_reasons=reasons)
    response.headers["Location"] = f"/batch/jobs/{row.id}"
    return as_job(row)


@router.post(
    "/event-preview",
    response_model=LogPreview,
    responses=responses(400, 413, 415, 422, 431),
    openapi_extra={"requestBody": _LOG_BODY},
)
async def preview_event_file(
    request: Request,
    file_bytes: Annotated[int | None, Query(ge=0, le=1 << 50, description="Size of the whole file.")] = None,
    adapter: AdapterName = "auto",
    mapping: Annotated[
        str | None, Query(max_length=16_384, description="JSON as POST /batch/event-mappings takes it, to try out.")
    ] = None,
) -> LogPreview:
    """Say what a log of events seems to hold, from its first part; nothing is stored."""
    head = await read_body(request, _LARGEST_PREVIEW, *LOG)
    if (file_bytes or 0) > request.app.state.settings.max_upload_mib * KIB * KIB:
        raise FileTooLarge
    tried = read_trial_log_mapping(mapping)
    return LogPreview.model_validate(await asyncio.to_thread(preview_log, head, file_bytes, adapter, tried, now()))


@router.post(
    "/event-mappings",
    response_model=StoredLogMapping,
    status_code=201,
    responses=responses(400, 413, 415, 422, 503),
    openapi_extra={"requestBody": _LOG_MAPPING_BODY},
)
async def confirm_event_mapping(request: Request, service: Service) -> StoredLogMapping:
    """Keep what the columns of a log hold, as a person says it, for the jobs that name it."""
    body = await read_body(request, request.app.state.settings.max_body_kib * KIB)
    mapping = read_log_mapping(parse_json(body))
    return StoredLogMapping(id=await service.confirm_mapping({LOG_MAPPING: mapping}))


@router.post(
    "/event-jobs",
    response_model=Job,
    status_code=201,
    responses=responses(400, 409, 413, 415, 422, 503),
    openapi_extra={"requestBody": _LOG_BODY, "parameters": [PARAMETER]},
)
async def start_event_job(
    request: Request,
    response: Response,
    service: Service,
    adapter: AdapterName = "auto",
    mapping: Annotated[str | None, Query(max_length=64, description="Id from POST /batch/event-mappings.")] = None,
    file_name: Annotated[str, Query(max_length=255, description="Shown in the list of jobs.")] = "events",
) -> Job:
    """Take in a log of events, JSON lines or CSV, and queue it: every line is stored once, or reported."""
    key = read_key(request.headers.get(HEADER))
    largest = request.app.state.settings.max_upload_mib * KIB * KIB
    body = stream_body(request, largest, LOG, FileTooLarge)
    row = await service.take_in_log(body, _shown(file_name, "events"), adapter, mapping, key)
    response.headers["Location"] = f"/batch/jobs/{row.id}"
    return as_job(row)


@router.get("/jobs", response_model=JobList, responses=responses(422, 503))
async def list_jobs(
    service: Service,
    cursor: Annotated[str | None, Query(pattern="^[0-9a-f-]{36}$", description="From the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JobList:
    """List jobs, newest first."""
    rows = await service.jobs(cursor, limit + 1)
    more = rows[limit - 1].id if len(rows) > limit else None
    return JobList(jobs=[as_job(row) for row in rows[:limit]], next=more)


@router.get("/jobs/{job_id}", response_model=Job, responses=responses(404, 422, 503))
async def show_job(service: Service, job_id: JobId) -> Job:
    """Say how far a job is."""
    return as_job(await service.job(job_id))


@router.post("/jobs/{job_id}/cancel", response_model=Job, status_code=202, responses=responses(404, 409, 422, 503))
async def cancel_job(service: Service, job_id: JobId) -> Job:
    """Stop a job after the rows at hand; those already scored stay stored."""
    return as_job(await service.cancel(job_id))


@router.get("/jobs/{job_id}/results.csv", response_class=FileResponse, responses=_FILE)
async def results(request: Request, service: Service, job_id: JobId) -> FileResponse:
    """Download the file's rows with their answers, in the file's order; a log has none."""
    row = await service.finished(job_id)
    if row.kind == "events":
        raise NotFound(_NO_RESULTS)
    return await asyncio.to_thread(_download, request, row, RESULTS, row.results_bytes)


@router.get("/jobs/{job_id}/errors.csv", response_class=FileResponse, responses=_FILE)
async def errors(request: Request, service: Service, job_id: JobId) -> FileResponse:
    """Download the rows that were rejected, with line number and reason, to correct and upload again."""
    row = await service.finished(job_id)
    return await asyncio.to_thread(_download, request, row, ERRORS, row.errors_bytes)


def _download(request: Request, row: Row[Any], name: str, length: int) -> FileResponse:
    path = request.app.state.settings.batch_dir / row.id / name
    if not length or not cut(path, length):
        raise NotFound("This job has no such file: it ended before its first row, or the file is kept no longer.")
    stem = re.sub(r"\.(csv|jsonl|ndjson|json)$", "", row.file_name)
    return FileResponse(path, media_type=f"{CSV}; charset=utf-8", filename=f"{stem}-{name}")


def _shown(file_name: str, otherwise: str = "customers.csv") -> str:
    """Keep what can be seen of a file's name; it is shown and offered for downloads, never opened."""
    name = file_name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in name if character.isprintable()).strip() or otherwise
