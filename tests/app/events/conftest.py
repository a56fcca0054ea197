"""A transaction on each database that is rolled back, and the shipped event models ready to score."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from app.events.champions import EventModels, forest_of, load_event_models
from app.explanations.trees import Forest
from app.registry.service import Registry, load_registry
from tests.sealed import MODELS


@pytest.fixture
def connection(shared_engine: Engine) -> Iterator[Connection]:
    with shared_engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def shipped_registry() -> Registry:
    return load_registry(MODELS)


@pytest.fixture(scope="session")
def shipped_events(shipped_registry: Registry) -> EventModels:
    """The two models that are sealed in the repository."""
    models = load_event_models(shipped_registry)
    assert models.churn is not None
    assert models.summary is not None
    return models


@pytest.fixture(scope="session")
def shipped_forest(shipped_registry: Registry, shipped_events: EventModels) -> Forest:
    """The trees of the shipped model over all features."""
    assert shipped_events.churn is not None
    return forest_of(shipped_registry, shipped_events.churn)
