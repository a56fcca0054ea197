"""Liveness, readiness and health: what an operator, a load balancer and a page ask."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from app.db.engine import as_unavailable
from app.db.writer import probe_write
from app.errors import DatabaseUnavailable, ModelNotReady, ShuttingDown, Unavailable
from app.web import metrics
from app.web.problems import responses

router = APIRouter(tags=["operation"])

LONGEST_READ_SECONDS: Final = 4.0
"""A database that accepts a question and never answers it is away."""


@dataclass
class Lifecycle:
    """Where the process is in its life."""

    started: float = field(default_factory=time.monotonic)
    stopping: bool = False


class Health(BaseModel):
    """State of the service in words."""

    status: Literal["healthy", "degraded"]
    churn_model: Literal["loaded", "not loaded"]
    clv_model: Literal["loaded", "not loaded"]
    database: Literal["available", "unavailable"]
    api_version: str = Field(examples=["1.0.0"])
    reasons: list[str] = Field(description="Why the service is degraded; empty when it is healthy.")


class Online(BaseModel):
    """The process answers."""

    status: Literal["online"]
    api_version: str
    uptime_seconds: float


class State(BaseModel):
    """One word."""

    status: str


@router.get("/health", response_model=Health, responses={503: {"model": Health, "description": "Cannot answer"}})
async def health(request: Request) -> Response:
    """Say whether models and database are good, and if not, why; degraded without a 503 where answers still come."""
    state = request.app.state
    refused, spared = (list(reasons.values()) for reasons in (state.registry.refused, state.registry.spared))
    problem = await _database_problem(request)
    database = [f"database: {problem.detail}"] if problem else []
    loaded = "not loaded" if refused else "loaded"
    body = Health(
        status="degraded" if refused or spared or database else "healthy",
        churn_model=loaded,
        clv_model=loaded,
        database="unavailable" if database else "available",
        api_version=request.app.version,
        reasons=[*refused, *spared, *database],
    )
    return JSONResponse(body.model_dump(), 503 if refused or database else 200)


@router.get("/livez", response_model=State)
async def livez() -> dict[str, str]:
    """Say that the process runs; needs neither models nor database."""
    return {"status": "alive"}


@router.get("/readyz", response_model=State, responses=responses(503))
async def readyz(request: Request) -> dict[str, Any]:
    """Say whether requests should be sent here."""
    if request.app.state.lifecycle.stopping:
        raise ShuttingDown
    if refused := request.app.state.registry.refused:
        raise ModelNotReady(" ".join(refused.values()))
    if problem := await _database_problem(request):
        raise problem
    return {"status": "ready"}


@router.get("/online", response_model=Online)
async def online(request: Request) -> Online:
    """Say that the service is online, since when and in which version."""
    uptime = time.monotonic() - request.app.state.lifecycle.started
    return Online(status="online", api_version=request.app.version, uptime_seconds=round(uptime, 3))


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def prometheus() -> Response:
    """Give the metrics in Prometheus' text format."""
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


async def _database_problem(request: Request) -> Unavailable | None:
    """Find what keeps the database from answering: a failed read, or, after a failed write, a failed trial."""
    state = request.app.state

    def read() -> None:
        with state.engine.connect().execution_options(read_only=True) as connection:
            connection.execute(text("SELECT tier FROM portfolio LIMIT 1"))

    try:
        await asyncio.wait_for(run_in_threadpool(read), LONGEST_READ_SECONDS)
        if state.writer.last_error is not None:
            await asyncio.shield(state.writer.submit(probe_write, ()))
    except Unavailable as failed:
        return failed
    except TimeoutError:
        return DatabaseUnavailable()
    except DBAPIError as error:
        return as_unavailable(error)
    return None
