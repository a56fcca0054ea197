"""GET /segments and GET /value-at-risk, each as CSV too."""

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.segments.exports import segment_lines, value_at_risk_lines
from app.segments.schemas import Segments, ValueAtRisk
from app.segments.service import SegmentService
from app.web.body import CSV
from app.web.problems import responses

router = APIRouter(tags=["segments"])

_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {CSV: {"schema": {"type": "string"}}}, "description": "The file"}
}


@router.get("/segments", response_model=Segments, responses=responses(503))
def segments(request: Request) -> dict[str, Any]:
    """Show the customer base as a handful of groups: who they are, what is at risk, how firmly they part."""
    service: SegmentService = request.app.state.segments
    return service.show_segments()


@router.get("/segments.csv", response_class=Response, responses={**_FILE, **responses(503)})
def segments_csv(request: Request) -> Response:
    """Download the segments as a CSV file, one line a segment."""
    service: SegmentService = request.app.state.segments
    return _file(segment_lines(service.show_segments()), "segments.csv")


@router.get("/value-at-risk", response_model=ValueAtRisk, responses=responses(503))
def value_at_risk(request: Request) -> dict[str, Any]:
    """Show the value at risk by value band and risk tier."""
    service: SegmentService = request.app.state.segments
    return service.show_value_at_risk()


@router.get("/value-at-risk.csv", response_class=Response, responses={**_FILE, **responses(503)})
def value_at_risk_csv(request: Request) -> Response:
    """Download the value at risk as a CSV file, one line a value band and risk tier."""
    service: SegmentService = request.app.state.segments
    return _file(value_at_risk_lines(service.show_value_at_risk()), "value-at-risk.csv")


def _file(content: bytes, name: str) -> Response:
    return Response(content, media_type=CSV, headers={"Content-Disposition": f'attachment; filename="{name}"'})
