"""Sealed versions made ready to score: the champions the service answers with, or the versions a job was begun with."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from app.errors import SealBroken
from app.registry.artifacts import SealedVersion, load_version
from app.registry.service import Registry
from app.telecom.features import FieldSet
from app.telecom.scoring import ScoringModel

FIELD_SETS: Final[tuple[FieldSet, ...]] = ("core", "usage")
Models = dict[FieldSet, ScoringModel]


def scoring_models(registry: Registry) -> Models:
    """Read each champion's card; a field set whose card cannot be read is refused, and /health says why."""
    models: Models = {}
    for field_set in FIELD_SETS:
        name = f"telecom-{field_set}"
        sealed = registry.champions.get(name)
        if sealed is None:
            registry.refused.setdefault(name, f"{name}: no champion is loaded.")
            continue
        try:
            models[field_set] = ready_to_score(sealed)
        except SealBroken as error:
            registry.champions.pop(name)
            registry.refused[name] = error.detail
    return models


def pinned_models(models_dir: Path, versions: Iterable[str]) -> Models:
    """Load versions by "name/version".

    Raises
    ------
    SealBroken
        One of them is no longer there, does not match its seal, or has a card this release cannot use.
    """
    ready = [ready_to_score(load_version(models_dir / version)) for version in versions]
    return {model.field_set: model for model in ready}


def ready_to_score(sealed: SealedVersion) -> ScoringModel:
    """Read the card of a sealed version; raises SealBroken when it has no graph or a card this release cannot use."""
    if sealed.graph is None:
        raise SealBroken(f"{sealed.name}/{sealed.version}: it holds no graph to score with.")
    try:
        return ScoringModel.from_card(sealed.card, sealed.graph)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SealBroken(f"{sealed.name}/{sealed.version}: the card cannot be used ({error}).") from error
