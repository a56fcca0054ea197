"""GET /models and GET /models/{name}."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from app.registry.service import CHAMPION, Registry
from app.web.problems import responses

router = APIRouter(tags=["models"])


class ModelEntry(BaseModel):
    """A model that answers, or the reason why it does not."""

    name: str = Field(examples=["telecom-usage"])
    version: str | None = Field(examples=["1"])
    alias: str = Field(examples=["champion"])
    loaded: bool
    reason: str | None = Field(description="Why the model is not loaded; null when it is.")


class ModelList(BaseModel):
    """The models this service answers with."""

    models: list[ModelEntry]


@router.get("/models", response_model=ModelList)
async def models(request: Request) -> ModelList:
    """List the models, with the version that answers."""
    registry: Registry = request.app.state.registry
    entries = [
        ModelEntry(name=sealed.name, version=sealed.version, alias=CHAMPION, loaded=True, reason=None)
        for sealed in registry.champions.values()
    ]
    entries += [
        ModelEntry(name=name, version=None, alias=CHAMPION, loaded=False, reason=reason)
        for name, reason in (registry.refused | registry.spared).items()
    ]
    return ModelList(models=sorted(entries, key=lambda entry: entry.name))


@router.get("/models/{name}", responses=responses(404))
async def model_card(request: Request, name: str) -> dict[str, Any]:
    """Show a model's card: data, method, figures with intervals, assumptions, limits."""
    registry: Registry = request.app.state.registry
    return registry.card(name)
