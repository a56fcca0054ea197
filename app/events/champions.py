"""The sealed event models made ready to score: the champions the service answers with. It is ready without them too."""

from dataclasses import dataclass

from app.errors import SealBroken
from app.events import value
from app.events.scoring import CHURN, SUMMARY, EventModel
from app.events.value import ValueModel
from app.explanations.trees import TREES, Forest
from app.registry.artifacts import SealedVersion
from app.registry.service import Registry, read_file


@dataclass(frozen=True)
class EventModels:
    """What answers for users of a log, and for a summary without one; None where no usable version is there."""

    churn: EventModel | None
    summary: EventModel | None


def load_event_models(registry: Registry) -> EventModels:
    """Read the champions' cards; a model that is missing or broken is spared, and the list of models says why."""
    return EventModels(_spared(registry, CHURN), _spared(registry, SUMMARY))


def load_value_model(registry: Registry) -> ValueModel | None:
    """Read the champion's card; None when it is missing or cannot be used, which the list of models then says."""
    sealed = registry.champions.get(value.MODEL_NAME)
    if sealed is None:
        registry.spare(value.MODEL_NAME)
        return None
    try:
        return ValueModel.from_card(sealed.card)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        detail = f"{sealed.name}/{sealed.version}: the card cannot be used ({error})."
        registry.spare(value.MODEL_NAME, detail)
        return None


def ready_to_score(sealed: SealedVersion) -> EventModel:
    """Read the card of a sealed version; raises SealBroken when it has no graph or a card this release cannot use."""
    if sealed.graph is None:
        raise SealBroken(f"{sealed.name}/{sealed.version}: it holds no graph to score with.")
    try:
        return EventModel.from_card(sealed.card, sealed.graph)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SealBroken(f"{sealed.name}/{sealed.version}: the card cannot be used ({error}).") from error


def forest_of(registry: Registry, model: EventModel) -> Forest:
    """Read the trees that explain a version; raises VersionGone when it is gone or holds none."""
    return Forest.from_npz(read_file(registry.sealed(model.name, model.version), TREES))


def _spared(registry: Registry, name: str) -> EventModel | None:
    sealed = registry.champions.get(name)
    if sealed is None:
        registry.spare(name, f"{name}: no champion is loaded." if name not in registry.refused else None)
        return None
    try:
        return ready_to_score(sealed)
    except SealBroken as error:
        registry.spare(name, error.detail)
        return None
