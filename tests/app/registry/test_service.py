"""The registry: each model's champion, or the sentence that says why there is none; and the routes that show it."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import NotFound
from app.registry import service
from app.registry.service import ALIASES, load_registry
from app.settings import ROOT
from tests.conftest import StartService
from tests.factories import a_core_customer, a_customer
from tests.sealed import VERSION_OF, champion_folder

NAMES = {"events-churn", "events-summary", "events-value", "telecom-core", "telecom-segments", "telecom-usage"}


def write_aliases(models_dir: Path, aliases: Any) -> None:
    (models_dir / ALIASES).write_text(json.dumps(aliases), encoding="utf-8")


def test_every_champion_is_loaded(models_dir: Path) -> None:
    registry = load_registry(models_dir)
    assert registry.champions.keys() == NAMES
    assert registry.refused == {}
    assert registry.card("telecom-core")["name"] == "telecom-core"


def test_a_broken_version_does_not_take_the_others_along(models_dir: Path, version: Path) -> None:
    (version / "model.onnx").write_bytes(b"")
    registry = load_registry(models_dir)
    assert registry.champions.keys() == NAMES - {"telecom-usage"}
    assert registry.refused.keys() == {"telecom-usage"}
    assert "model.onnx" in registry.refused["telecom-usage"]


def test_a_missing_version_is_refused(models_dir: Path) -> None:
    write_aliases(
        models_dir, {"telecom-core": {"champion": VERSION_OF["telecom-core"]}, "telecom-usage": {"champion": "77"}}
    )
    registry = load_registry(models_dir)
    assert (registry.champions.keys(), registry.refused.keys()) == ({"telecom-core"}, {"telecom-usage"})


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b'{"telecom-core": "1"}', b'{"telecom-core": {}}', b'{"a": null}', b"\xff\xfe{}"],
)
def test_unreadable_aliases_load_nothing_and_say_so(models_dir: Path, content: bytes) -> None:
    (models_dir / ALIASES).write_bytes(content)
    registry = load_registry(models_dir)
    assert registry.champions == {}
    assert registry.refused == {"*": "aliases.json in MODELS_DIR is missing or unreadable."}


def test_missing_aliases_load_nothing_and_say_so(models_dir: Path) -> None:
    (models_dir / ALIASES).unlink()
    assert load_registry(models_dir).refused.keys() == {"*"}


TRAVERSALS = ["..", ".", "", "/", "/etc", "../telecom-usage", "telecom-usage/1", "a\\b", "..\\..", "a\0b", "x" * 65]


@pytest.mark.parametrize("odd", TRAVERSALS)
@pytest.mark.parametrize("place", ["name", "version"])
def test_a_name_never_becomes_a_path(models_dir: Path, monkeypatch: pytest.MonkeyPatch, place: str, odd: str) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(service, "load_version", opened.append)
    aliases = {odd: {"champion": "1"}} if place == "name" else {"telecom-usage": {"champion": odd}}
    write_aliases(models_dir, aliases)
    registry = load_registry(models_dir)
    assert opened == []
    assert list(registry.refused.values()) == ["aliases.json names a version that cannot be a folder."]


@pytest.mark.parametrize("odd", [1, None, ["1"], {"1": 1}, True])
def test_a_version_is_text(models_dir: Path, odd: Any) -> None:
    write_aliases(models_dir, {"telecom-usage": {"champion": odd}})
    assert load_registry(models_dir).refused.keys() == {"telecom-usage"}


def test_a_model_that_is_not_loaded_has_no_card(models_dir: Path) -> None:
    with pytest.raises(NotFound):
        load_registry(models_dir).card("telecom-none")


def test_the_models_are_listed(start_service: StartService) -> None:
    answer = start_service().get("/models")
    assert answer.status_code == 200
    assert answer.json() == {
        "models": [
            {"name": name, "version": VERSION_OF[name], "alias": "champion", "loaded": True, "reason": None}
            for name in sorted(NAMES)
        ]
    }


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_card_is_shown_as_it_was_sealed(start_service: StartService, name: str) -> None:
    card = json.loads((champion_folder(ROOT / "models", name) / "card.json").read_text())
    assert start_service().get(f"/models/{name}").json() == card


@pytest.mark.parametrize("name", ["telecom-none", "TELECOM-USAGE", "*", "..%2f..%2fetc%2fpasswd", "%00", "%2e%2e", "é"])
def test_an_unknown_model_is_a_404_that_does_not_repeat_it(start_service: StartService, name: str) -> None:
    answer = start_service().get(f"/models/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"
    assert name not in answer.text or name == "*"


def test_one_broken_model_leaves_the_other_answering(
    start_service: StartService, models_dir: Path, version: Path
) -> None:
    (version / "card.json").write_bytes(b"{}")
    client = start_service(models_dir=models_dir)
    listed = {entry["name"]: entry for entry in client.get("/models").json()["models"]}
    assert listed["telecom-core"]["loaded"]
    assert (listed["telecom-usage"]["loaded"], listed["telecom-usage"]["version"]) == (False, None)
    assert "card.json" in listed["telecom-usage"]["reason"]
    assert client.get("/models/telecom-usage").status_code == 404
    assert client.post("/predict", json=a_core_customer()).status_code == 200
    refused = client.post("/predict", json=a_customer())
    assert (refused.status_code, refused.json()["code"]) == (503, "model_not_ready")
    mixed = client.post("/batch-predict", json=[a_core_customer(customerId="C-1"), a_customer()])
    assert mixed.status_code == 503
    assert client.get("/stats").json()["total_customers"] == 0
