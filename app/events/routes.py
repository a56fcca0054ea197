"""POST /update_user_events, the users of the log with their answers, and GET /model/info."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from app.events.erasure import UserErasure
from app.events.exports import read_lines
from app.events.intake import EventIntake
from app.events.model_info import serving_now
from app.events.parameters import PAGE, AsOf, Cursor, Limit, UserIdPath, wanted_of
from app.events.ranking import Wanted
from app.events.requests import EVENTS_SCHEMA, SUMMARY_SCHEMA, USER_IDS_SCHEMA, read_events, read_ids
from app.events.schemas import (
    EventList,
    EventsStored,
    ModelInfo,
    SummaryScore,
    UserChurn,
    UserList,
    UserPredictions,
    UserTimeline,
)
from app.events.service import UserService
from app.predictions.idempotency import HEADER, PARAMETER, fingerprint, read_key
from app.web.body import CSV, JSON, KIB, parse_json, read_body
from app.web.problems import responses
from app.web.raw_path_route import RawPathRoute

router = APIRouter(tags=["users of a log"], route_class=RawPathRoute)

_CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {CSV: {"schema": {"type": "string"}}}, "description": "The file"}
}
Chosen = Annotated[Wanted, Depends(wanted_of)]


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    """Document a body that the route reads itself; its examples are those of the schema."""
    named = {f"example {number}": {"value": value} for number, value in enumerate(schema["examples"], start=1)}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema, "examples": named}}}}


@router.post(
    "/update_user_events",
    response_model=EventsStored,
    responses=responses(400, 409, 413, 415, 422, 503),
    openapi_extra={**_body(EVENTS_SCHEMA), "parameters": [PARAMETER]},
)
async def update_user_events(request: Request) -> dict[str, Any]:
    """Store up to 10,000 events, all or none, and score the users they touch; an event is stored once."""
    state = request.app.state
    intake: EventIntake = state.intake
    body = await read_body(request, state.settings.max_batch_body_kib * KIB)
    key = read_key(request.headers.get(HEADER))
    rows = await asyncio.to_thread(lambda: read_events(parse_json(body), datetime.now(UTC)))
    if key is None:
        return await intake.take(rows)
    return await intake.take_once(rows, key, await asyncio.to_thread(fingerprint, request.url.path, body))


@router.get("/users", response_model=UserList, responses=responses(422, 503))
def users(request: Request, wanted: Chosen, cursor: Cursor = None, limit: Limit = PAGE) -> dict[str, Any]:
    """List users of the log, those most likely to leave first."""
    service: UserService = request.app.state.users
    return service.list_users(wanted, cursor, limit)


@router.get("/users.csv", response_class=Response, responses={**_CSV, **responses(422, 503)})
def users_csv(request: Request, wanted: Chosen) -> Response:
    """Download the users of a list."""
    headers = {"Content-Disposition": 'attachment; filename="users.csv"'}
    return StreamingResponse(read_lines(request.app.state.engine, wanted), media_type=CSV, headers=headers)


@router.post(
    "/users/score",
    response_model=SummaryScore,
    responses=responses(400, 413, 415, 422, 503),
    openapi_extra=_body(SUMMARY_SCHEMA),
)
async def score_summary(request: Request) -> dict[str, Any]:
    """Score a user of whom four numbers are known instead of a log."""
    state = request.app.state
    service: UserService = state.users
    raw = parse_json(await read_body(request, state.settings.max_body_kib * KIB))
    return await run_in_threadpool(service.answer_summary, raw)


@router.get("/users/{user_id}/churn", response_model=UserChurn, responses=responses(404, 422, 503))
def user_churn(request: Request, user_id: UserIdPath, as_of: AsOf = None) -> dict[str, Any]:
    """Say how likely a user is to leave, why, and what to do, from the events before a day."""
    service: UserService = request.app.state.users
    return service.answer(user_id, as_of)


@router.get("/users/{user_id}/timeline", response_model=UserTimeline, responses=responses(404, 503))
def user_timeline(request: Request, user_id: UserIdPath) -> dict[str, Any]:
    """Show risk and sessions of a user, week by week."""
    service: UserService = request.app.state.users
    return service.show_timeline(user_id)


@router.get("/users/{user_id}/events", response_model=EventList, responses=responses(404, 422, 503))
def user_events(request: Request, user_id: UserIdPath, cursor: Cursor = None, limit: Limit = PAGE) -> dict[str, Any]:
    """List the stored events of a user, newest first."""
    service: UserService = request.app.state.users
    return service.list_events(user_id, cursor, limit)


@router.delete("/users/{user_id}", status_code=204, responses=responses(404, 409, 503))
async def erase_user(request: Request, user_id: UserIdPath) -> Response:
    """Erase a user: events, scores and rows of uploaded files, down to the bytes."""
    erasure: UserErasure = request.app.state.user_erasure
    await erasure.erase(user_id)
    return Response(status_code=204)


@router.post(
    "/batch_predict",
    response_model=UserPredictions,
    responses=responses(400, 413, 415, 422, 503),
    openapi_extra=_body(USER_IDS_SCHEMA),
)
async def predict_users(request: Request) -> dict[str, Any]:
    """Answer up to 10,000 user ids in order; ids that nobody has are said so."""
    state = request.app.state
    service: UserService = state.users
    body = await read_body(request, state.settings.max_batch_body_kib * KIB)
    return await run_in_threadpool(lambda: service.answer_many(read_ids(parse_json(body))))


@router.get("/model/info", response_model=ModelInfo, responses=responses(503))
async def model_info(request: Request) -> dict[str, Any]:
    """Say what serves now: names, versions, trained when, on what, and the figures."""
    return serving_now(request.app.state.registry)
