"""Compose the service: settings in, an ASGI application out."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from fastapi import FastAPI

from app.batch.erasure import JobFiles
from app.batch.event_erasure import LogFiles
from app.batch.routes import router as batch_router
from app.batch.service import BatchService
from app.batch.supervisor import Supervisor
from app.customers.erasure import Erasure, remove_traces
from app.customers.routes import router as customers_router
from app.db.checkpoint import Checkpointer
from app.db.engine import open_engine
from app.db.upgrade import upgrade
from app.db.writer import GroupWriter
from app.events.champions import load_event_models, load_value_model
from app.events.erasure import UserErasure
from app.events.intake import EventIntake
from app.events.refresher import Refresher
from app.events.routes import router as events_router
from app.events.service import UserService
from app.explanations.routes import router as explanations_router
from app.explanations.service import ExplanationService
from app.performance.routes import router as performance_router
from app.performance.service import PerformanceService
from app.predictions.routes import router as portfolio_router
from app.registry.routes import router as models_router
from app.registry.service import load_registry
from app.segments.routes import router as segments_router
from app.segments.service import SegmentService, load_segment_model
from app.settings import Settings
from app.telecom.champions import scoring_models
from app.telecom.routes import router as telecom_router
from app.telecom.service import TelecomService
from app.web import pages, problems
from app.web.health import Lifecycle
from app.web.health import router as health_router
from app.web.middleware import RequestContext

log = structlog.get_logger()

API_VERSION: Final = "1.0.0"
YOUNG_OBJECTS: Final = 20_000
"""New objects before the collector looks for cycles; requests leave none, so Python's 700 would be wasted work."""
ROUTERS: Final = (
    telecom_router,
    explanations_router,
    batch_router,
    customers_router,
    events_router,
    segments_router,
    portfolio_router,
    performance_router,
    models_router,
    health_router,
)
_NO_TELEMETRY: Final[Any] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
_DESCRIPTION: Final = (
    "How likely a customer is to leave, what they are worth, what to do, and how far to trust the answer. "
    "Errors are RFC 9457 problem details; every answer carries `X-Request-ID`."
)


def create_app(settings: Settings) -> FastAPI:
    """Build the application; nothing is opened before it starts up."""
    app = FastAPI(
        title="TeleLink Customer Analytics",
        version=API_VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        telemetry=_NO_TELEMETRY,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.add_middleware(RequestContext)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    pages.mount(app)
    problems.document(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open what the service needs, in the order of its promises, and close it so that nothing accepted is lost."""
    state, settings = app.state, app.state.settings
    state.lifecycle = Lifecycle()
    state.engine = open_engine(settings.resolved_database_url)
    upgrade(state.engine)
    state.registry = load_registry(settings.models_dir)
    state.writer = GroupWriter(
        state.engine, timeout_seconds=settings.write_timeout_seconds, max_waiting=settings.max_waiting_writes
    )
    segment_model = load_segment_model(state.registry)
    segmenter = segment_model.segmenter() if segment_model else None
    state.telecom = TelecomService(scoring_models(state.registry), state.writer, segmenter)
    state.explanations = ExplanationService(state.registry, state.telecom, state.engine)
    state.segments = SegmentService(segment_model, state.registry, state.engine)
    state.performance = PerformanceService(state.registry)
    state.supervisor = Supervisor(settings, state.engine)
    state.erasure = Erasure(state.engine, state.writer, JobFiles(state.engine, settings.batch_dir))
    state.batch = BatchService(
        settings, state.engine, state.writer, state.supervisor, state.telecom.models, state.telecom.segmenter
    )
    _open_log(state, settings)
    checkpointer = Checkpointer(state.engine)
    checkpointer.start()
    state.writer.start(asyncio.get_running_loop())
    state.supervisor.start()
    state.refresher.start()
    for name, reason in (state.registry.refused | state.registry.spared).items():
        log.error("model_refused", model=name, reason=reason)
    gc.collect()
    gc.freeze()  # what is loaded stays; collecting it again and again would only add pauses
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        yield
    finally:
        state.lifecycle.stopping = True
        await state.refresher.stop()
        await state.supervisor.stop()
        await asyncio.to_thread(state.writer.stop)
        await asyncio.to_thread(checkpointer.stop)
        state.engine.dispose()
        log.info("stopped")


def _open_log(state: Any, settings: Settings) -> None:
    """Open what answers for users of an event log; without models for it events are stored all the same."""
    models = load_event_models(state.registry)
    state.refresher = Refresher(state.engine, state.writer, models.churn)
    state.intake = EventIntake(state.writer, state.refresher)
    state.users = UserService(state.engine, state.registry, models, load_value_model(state.registry))
    files = LogFiles(state.engine, settings.batch_dir)
    state.user_erasure = UserErasure(state.engine, state.writer, remove_traces, files)
