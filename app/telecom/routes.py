"""POST /predict and POST /batch-predict."""

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.predictions.idempotency import HEADER, PARAMETER, fingerprint, read_key
from app.telecom.schemas import BatchResponse, PredictRequest, PredictResponse
from app.telecom.service import MOST_CUSTOMERS, Customer, TelecomService, read_batch, read_one
from app.web.body import KIB, parse_json, read_body
from app.web.direct_route import DirectRoute
from app.web.problems import responses

router = APIRouter(tags=["scoring"], route_class=DirectRoute)

_CUSTOMER_SCHEMA: Final[dict[str, Any]] = PredictRequest.model_json_schema(by_alias=True)
_BATCH_SCHEMA: Final = {"type": "array", "items": _CUSTOMER_SCHEMA, "minItems": 1, "maxItems": MOST_CUSTOMERS}
_JSON: Final = "application/json"


def _body(schema: dict[str, Any], examples: list[Any]) -> dict[str, Any]:
    """Document a body that the route reads itself, because stock parsing lets odd JSON through or fails on it."""
    named = {f"example {number}": {"value": value} for number, value in enumerate(examples, start=1)}
    body = {"required": True, "content": {_JSON: {"schema": schema, "examples": named}}}
    return {"requestBody": body, "parameters": [PARAMETER]}


@router.post(
    "/predict",
    response_model=PredictResponse,
    responses=responses(400, 409, 413, 415, 422, 503),
    openapi_extra=_body(_CUSTOMER_SCHEMA, _CUSTOMER_SCHEMA["examples"]),
)
async def predict(request: Request) -> Response:
    """Score one customer; the answer is stored before it is sent."""
    state = request.app.state
    body = await read_body(request, state.settings.max_body_kib * KIB)
    (answer,) = await _answers(request, body, [read_one(parse_json(body))])
    return Response(answer, media_type=_JSON)


@router.post(
    "/batch-predict",
    response_model=BatchResponse,
    responses=responses(400, 409, 413, 415, 422, 503),
    openapi_extra=_body(_BATCH_SCHEMA, [_CUSTOMER_SCHEMA["examples"]]),
)
async def batch_predict(request: Request) -> Response:
    """Score up to 10,000 customers; all answers are stored before they are sent, or none is."""
    state = request.app.state
    body = await read_body(request, state.settings.max_batch_body_kib * KIB)
    customers = await asyncio.to_thread(lambda: read_batch(parse_json(body)))
    answers = await _answers(request, body, customers)
    return Response(await asyncio.to_thread(_batch_body, answers), media_type=_JSON)


async def _answers(request: Request, body: bytes, customers: list[Customer]) -> list[bytes]:
    service: TelecomService = request.app.state.telecom
    key = read_key(request.headers.get(HEADER))
    if key is None:
        return await service.predict(customers, request.state.request_id)
    wanted = await asyncio.to_thread(fingerprint, request.url.path, body)
    return await service.predict_once(customers, request.state.request_id, key, wanted)


def _batch_body(answers: list[bytes]) -> bytes:
    return b'{"predictions":[' + b",".join(answers) + b'],"count":' + str(len(answers)).encode() + b"}"
