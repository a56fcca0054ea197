"""Versions made ready to score: the champions, or the very versions a job was begun with."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.errors import SealBroken
from app.registry.service import load_registry
from app.settings import ROOT
from app.telecom.champions import FIELD_SETS, pinned_models, scoring_models
from tests.app.registry.test_artifacts import seal
from tests.sealed import CORE, USAGE

VERSIONS = (CORE, USAGE)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "models", tmp_path / "models"))


def test_a_champion_answers_for_each_field_set() -> None:
    registry = load_registry(ROOT / "models")
    ready = scoring_models(registry)
    assert tuple(ready) == FIELD_SETS
    assert [f"{model.name}/{model.version}" for model in ready.values()] == list(VERSIONS)
    assert [model.field_set for model in ready.values()] == list(FIELD_SETS)
    assert registry.refused == {}


def test_pinned_versions_are_those_of_the_champions() -> None:
    pinned, champions = pinned_models(ROOT / "models", VERSIONS), scoring_models(load_registry(ROOT / "models"))
    assert pinned.keys() == champions.keys()
    assert [vars(pinned[name])["typical_churn_rate"] for name in pinned] == [
        vars(champions[name])["typical_churn_rate"] for name in champions
    ]
    assert pinned_models(ROOT / "models", VERSIONS[:1]).keys() == {"core"}
    assert pinned_models(ROOT / "models", ()) == {}


def test_a_pinned_version_need_not_be_the_champion(models: Path) -> None:
    (models / "aliases.json").write_text("{}")
    assert pinned_models(models, VERSIONS).keys() == set(FIELD_SETS)


@pytest.mark.parametrize("version", ["telecom-usage/77", "telecom-nothing/1", "telecom-usage"])
def test_a_pinned_version_that_is_not_there_is_named(models: Path, version: str) -> None:
    with pytest.raises(SealBroken, match=version):
        pinned_models(models, [VERSIONS[0], version])


def test_a_pinned_version_that_was_changed_is_refused(models: Path) -> None:
    graph = models / USAGE / "model.onnx"
    graph.write_bytes(graph.read_bytes() + b"\0")
    with pytest.raises(SealBroken, match=USAGE):
        pinned_models(models, VERSIONS)


def without(card: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in card.items() if key != name}


@pytest.mark.parametrize("name", ["churn", "policy", "fields"])
def test_a_card_of_another_release_is_refused_and_the_others_answer(models: Path, name: str) -> None:
    folder = models / USAGE
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert name in card
    (folder / "card.json").write_text(json.dumps(without(card, name)), encoding="utf-8")
    seal(folder)
    with pytest.raises(SealBroken, match="the card cannot be used"):
        pinned_models(models, VERSIONS)
    registry = load_registry(models)
    assert scoring_models(registry).keys() == {"core"}
    assert {name for name in registry.champions if name.startswith("telecom-")} == {"telecom-core", "telecom-segments"}
    assert USAGE in registry.refused["telecom-usage"]


def test_a_field_set_without_a_champion_is_refused_by_name(models: Path) -> None:
    aliases = json.loads((models / "aliases.json").read_text(encoding="utf-8"))
    (models / "aliases.json").write_text(json.dumps({k: v for k, v in aliases.items() if "core" not in k}))
    registry = load_registry(models)
    assert scoring_models(registry).keys() == {"usage"}
    assert "telecom-core" in registry.refused
