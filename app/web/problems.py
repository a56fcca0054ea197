"""One error shape everywhere: RFC 9457 problem details, in the words a person reads."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.errors import (
    FieldProblem,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    RequestRejected,
    TeleLinkError,
    Unavailable,
)
from app.settings import ROOT

MEDIA_TYPE: Final = "application/problem+json"
_NOT_FOUND_PAGE: Final = ROOT / "static" / "404.html"
_CLOSES: Final = (400, 413, 431)


class ProblemEntry(BaseModel):
    """One thing to correct."""

    field: str = Field(description="Field as it was written; empty when the whole value is at fault.")
    row: int | None = Field(description="Index in the batch, from 0; null outside a batch.")
    code: str
    message: str


class Problem(BaseModel):
    """What went wrong and what to do about it (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(examples=["urn:telelink:problem:invalid_request"])
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable word for programs.")
    request_id: str
    errors: list[ProblemEntry]


def problem_response(request: Request, error: TeleLinkError, headers: dict[str, str] | None = None) -> Response:
    """Answer an error; what the caller sent is never repeated."""
    headers = dict(headers or {})
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if error.status in _CLOSES:
        # The rest of a refused body would otherwise be read as the next request.
        headers["Connection"] = "close"
    return Response(problem_body(error, request.scope["state"]["request_id"]), error.status, headers, MEDIA_TYPE)


def problem_body(error: TeleLinkError, request_id: str) -> bytes:
    """Write an error down as JSON."""
    entries = error.problems if isinstance(error, InvalidRequest) else ()
    return to_json(
        {
            "type": f"urn:telelink:problem:{error.code}",
            "title": error.title,
            "status": error.status,
            "detail": error.detail,
            "code": error.code,
            "request_id": request_id,
            "errors": [{"field": e.field, "row": e.row, "code": e.code, "message": e.message} for e in entries],
        }
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document error answers of a route for OpenAPI."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Register a handler for what is raised on purpose; RequestContext answers the rest."""
    app.add_exception_handler(TeleLinkError, _telelink)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _validation)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]


def document(app: FastAPI) -> None:
    """Put the problem shape into the OpenAPI document, in place of the framework's own error shape."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            shapes = schema.setdefault("components", {}).setdefault("schemas", {})
            shapes.pop("HTTPValidationError", None)
            shapes.pop("ValidationError", None)
            shapes |= {"Problem": Problem.model_json_schema(ref_template="#/components/schemas/{model}")}
            shapes |= shapes["Problem"].pop("$defs")
            for path in schema["paths"].values():
                for operation in path.values():
                    operation["summary"] = operation.pop("description").partition("\n")[0].rstrip(".")
                    if "HTTPValidationError" in str(operation["responses"].get("422")):
                        operation["responses"] |= {"422": responses(422)[422]}
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


async def _telelink(request: Request, error: TeleLinkError) -> Response:
    if error.status == NotFound.status and _wants_page(request):
        return FileResponse(_NOT_FOUND_PAGE, NotFound.status)
    return problem_response(request, error)


async def _validation(request: Request, error: RequestValidationError) -> Response:
    entries = [FieldProblem(str(item["loc"][-1]), item["type"], item["msg"]) for item in error.errors()]
    return problem_response(request, InvalidRequest(entries))


async def _http(request: Request, error: HTTPException) -> Response:
    known: dict[int, type[RequestRejected]] = {404: NotFound, 405: MethodNotAllowed}
    kind = known.get(error.status_code)
    if kind is None:
        kind = type("Rejected", (RequestRejected,), {"status": error.status_code, "__doc__": RequestRejected.__doc__})
    if kind is NotFound and _wants_page(request):
        return FileResponse(_NOT_FOUND_PAGE, NotFound.status)
    return problem_response(request, kind(), dict(error.headers or {}))


def _wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")
