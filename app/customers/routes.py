"""GET /customers and /customers.csv; one customer, their predictions, their outcome and their erasure."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParameter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from app.customers import service
from app.customers.erasure import Erasure
from app.customers.exports import read_lines
from app.customers.lists import Filters, Order
from app.customers.schemas import (
    PAGE,
    Cursor,
    Customer,
    CustomerList,
    CustomerOutcome,
    Limit,
    PredictionList,
    filters_of,
    filters_within,
    order_of,
)
from app.explanations.schemas import PredictionChanges
from app.explanations.service import ExplanationService
from app.predictions.sums import CHURNED
from app.web.body import CSV, JSON, KIB, parse_json, read_body
from app.web.problems import responses
from app.web.raw_path_route import RawPathRoute

router = APIRouter(tags=["customers"], route_class=RawPathRoute)

_OUTCOME_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {**CustomerOutcome.model_json_schema(), "additionalProperties": False},
                "examples": {"example 1": {"value": {"outcome": CHURNED, "date": "2026-01-31"}}},
            }
        },
    }
}
_CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {CSV: {"schema": {"type": "string"}}}, "description": "The file"}
}
CustomerId = Annotated[str, PathParameter(description="Percent-encoded: an id may hold a slash.", examples=["C-1001"])]
SegmentId = Annotated[int, PathParameter(ge=0, description="Its number, as GET /segments has it.", examples=[0])]
Wanted = Annotated[Filters, Depends(filters_of)]
WantedWithin = Annotated[Filters, Depends(filters_within)]
Earlier = Annotated[
    str | None, Query(alias="from", description="Earlier prediction; left out, the one before the later prediction.")
]
Later = Annotated[str | None, Query(alias="to", description="Later prediction; left out, the latest one.")]
Sorted = Annotated[Order, Depends(order_of)]


@router.get("/customers", response_model=CustomerList, responses=responses(422, 503))
def customers(
    request: Request, filters: Wanted, order: Sorted, cursor: Cursor = None, limit: Limit = PAGE
) -> dict[str, Any]:
    """List customers by their latest prediction, those with the most value at risk first."""
    state = request.app.state
    return service.list_customers(state.engine, filters, order, cursor, limit, state.telecom.personas)


@router.get("/segments/{segment}/customers", response_model=CustomerList, responses=responses(404, 422, 503))
def segment_customers(
    request: Request,
    segment: SegmentId,
    filters: WantedWithin,
    order: Sorted,
    cursor: Cursor = None,
    limit: Limit = PAGE,
) -> dict[str, Any]:
    """List the customers of a segment, as GET /customers does."""
    state = request.app.state
    wanted = service.within_segment(filters, segment, state.telecom.personas)
    return service.list_customers(state.engine, wanted, order, cursor, limit, state.telecom.personas)


@router.get("/customers.csv", response_class=Response, responses={**_CSV, **responses(422, 503)})
def customers_csv(request: Request, filters: Wanted, order: Sorted) -> Response:
    """Download the customers of a list with profile and latest answer, as a file that can be uploaded again."""
    lines = read_lines(request.app.state.engine, filters, order, request.app.state.telecom.personas)
    headers = {"Content-Disposition": 'attachment; filename="customers.csv"'}
    return StreamingResponse(lines, media_type=CSV, headers=headers)


@router.get("/customers/{customer_id}", response_model=Customer, responses=responses(404, 503))
def customer(request: Request, customer_id: CustomerId) -> dict[str, Any]:
    """Show a customer: the latest profile, the latest prediction, and what became of them."""
    return service.show_customer(request.app.state.engine, customer_id, request.app.state.telecom.personas)


@router.get("/customers/{customer_id}/predictions", response_model=PredictionList, responses=responses(404, 422, 503))
def customer_predictions(
    request: Request, customer_id: CustomerId, cursor: Cursor = None, limit: Limit = PAGE
) -> dict[str, Any]:
    """List what was predicted for a customer, newest first."""
    state = request.app.state
    return service.list_predictions(state.engine, customer_id, cursor, limit, state.telecom.personas)


@router.post(
    "/customers/{customer_id}/outcome",
    response_model=Customer,
    responses=responses(400, 404, 413, 415, 422, 503),
    openapi_extra=_OUTCOME_BODY,
)
async def customer_outcome(request: Request, customer_id: CustomerId) -> dict[str, Any]:
    """Record that a customer stayed or left, and when; a later record replaces it."""
    state = request.app.state
    raw = parse_json(await read_body(request, state.settings.max_body_kib * KIB))
    await service.record_outcome(state.writer, customer_id, raw)
    return await run_in_threadpool(service.show_customer, state.engine, customer_id, state.telecom.personas)


@router.delete("/customers/{customer_id}", status_code=204, responses=responses(404, 409, 503))
async def erase_customer(request: Request, customer_id: CustomerId) -> Response:
    """Erase a customer: profile, predictions, outcome and rows of uploaded files, down to the bytes."""
    erasure: Erasure = request.app.state.erasure
    await erasure.erase(customer_id)
    return Response(status_code=204)


@router.get("/customers/{customer_id}/changes", response_model=PredictionChanges, responses=responses(404, 422, 503))
async def customer_changes(
    request: Request, customer_id: CustomerId, earlier: Earlier = None, later: Later = None
) -> dict[str, Any]:
    """Say why a customer's score moved between two predictions: what the customer changed, and what the model did."""
    explanations: ExplanationService = request.app.state.explanations
    engine = request.app.state.engine
    rows = await run_in_threadpool(service.find_two_predictions, engine, customer_id, earlier, later)
    return await explanations.in_thread(explanations.explain_difference, *rows)
