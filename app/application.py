"""Compose the service: settings in, an ASGI application out."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from fastapi import FastAPI

from app.db.engine import open_engine
from app.db.upgrade import upgrade
from app.db.writer import GroupWriter
from app.predictions.routes import router as portfolio_router
from app.registry.routes import router as models_router
from app.registry.service import Registry, load_registry
from app.settings import Settings
from app.telecom.features import FieldSet
from app.telecom.routes import router as telecom_router
from app.telecom.scoring import ScoringModel
from app.telecom.service import TelecomService
from app.web import pages, problems
from app.web.health import Lifecycle
from app.web.health import router as health_router
from app.web.middleware import RequestContext

log = structlog.get_logger()

API_VERSION: Final = "1.0.0"
FIELD_SETS: Final[tuple[FieldSet, ...]] = ("core", "usage")
YOUNG_OBJECTS: Final = 20_000
"""New objects before the collector looks for cycles; requests leave none, so Python's 700 would be wasted work."""
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
    for router in (telecom_router, portfolio_router, models_router, health_router):
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
    state.telecom = TelecomService(_scoring_models(state.registry), state.writer)
    state.writer.start(asyncio.get_running_loop())
    for name, reason in state.registry.refused.items():
        log.error("model_refused", model=name, reason=reason)
    gc.collect()
    gc.freeze()  # what is loaded stays; collecting it again and again would only add pauses
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        yield
    finally:
        state.lifecycle.stopping = True
        await asyncio.to_thread(state.writer.stop)
        state.engine.dispose()
        log.info("stopped")


def _scoring_models(registry: Registry) -> dict[FieldSet, ScoringModel]:
    """Read each champion's card; a field set whose card cannot be read is refused, and /health says why."""
    models: dict[FieldSet, ScoringModel] = {}
    for field_set in FIELD_SETS:
        name = f"telecom-{field_set}"
        sealed = registry.champions.get(name)
        if sealed is None:
            registry.refused.setdefault(name, f"{name}: no champion is loaded.")
            continue
        try:
            models[field_set] = ScoringModel.from_card(sealed.card, sealed.graph)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            registry.champions.pop(name)
            registry.refused[name] = f"{name}/{sealed.version}: the card cannot be used ({error})."
    return models
