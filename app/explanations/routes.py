"""POST /explain, POST /closest-change and GET /predictions/{id}/explanation."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from pydantic_core import to_json
from starlette.responses import Response

from app.explanations.schemas import ClosestChange, ExplainResponse
from app.explanations.service import ExplanationService
from app.telecom.schemas import PredictRequest
from app.telecom.service import Customer, read_one
from app.web.body import JSON, KIB, parse_json, read_body
from app.web.problems import responses

router = APIRouter(tags=["explanations"])

_CUSTOMER_SCHEMA: Final[dict[str, Any]] = PredictRequest.model_json_schema(by_alias=True)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": _CUSTOMER_SCHEMA, "examples": {"example 1": {"value": _CUSTOMER_SCHEMA["examples"][0]}}}
        },
    }
}
_ERRORS: Final = responses(400, 413, 415, 422, 503)
PredictionId = Annotated[str, Path(description="Key of a stored prediction.", examples=["019f7a3e-0000-7000-8000-0"])]


@router.post("/explain", response_model=ExplainResponse, responses=_ERRORS, openapi_extra=_BODY)
async def explain(request: Request) -> Response:
    """Answer one customer as POST /predict does, and say why; nothing is stored."""
    return await _answer(request, _service(request).explain)


@router.post("/closest-change", response_model=ClosestChange, responses=_ERRORS, openapi_extra=_BODY)
async def closest_change(request: Request) -> Response:
    """Find the smallest change of plans, service calls and minutes that lowers the risk tier; nothing is stored."""
    return await _answer(request, _service(request).find_closest_change)


@router.get(
    "/predictions/{prediction_id}/explanation", response_model=ExplainResponse, responses=responses(404, 422, 503)
)
async def explain_prediction(request: Request, prediction_id: PredictionId) -> Response:
    """Say why a stored prediction is what it is, by the model version that made it."""
    service = _service(request)
    explained = await service.in_thread(service.explain_prediction, prediction_id)
    return Response(to_json(explained), media_type=JSON)


async def _answer(request: Request, work: Callable[[Customer], dict[str, Any]]) -> Response:
    """Read one customer and answer it in a thread; the endpoint's own JSON is sent as it is."""
    body = await read_body(request, request.app.state.settings.max_body_kib * KIB)
    found = await _service(request).in_thread(work, read_one(parse_json(body)))
    return Response(to_json(found), media_type=JSON)


def _service(request: Request) -> ExplanationService:
    service: ExplanationService = request.app.state.explanations
    return service
