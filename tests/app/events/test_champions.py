import json
import shutil

import numpy as np
import pytest

from app.events.champions import forest_of, load_event_models
from app.events.scoring import CHURN, SUMMARY, design_of, score_features
from app.registry.service import load_registry
from tests.sealed import MODELS, champion_folder
from training.sealing import write_version


@pytest.fixture
def models_dir(tmp_path):
    for name in (CHURN, SUMMARY):
        shutil.copytree(MODELS / name, tmp_path / name)
    aliases = json.loads((MODELS / "aliases.json").read_text())
    (tmp_path / "aliases.json").write_text(json.dumps({name: aliases[name] for name in (CHURN, SUMMARY)}))
    return tmp_path


def test_the_shipped_event_models_answer(shipped_events):
    for model in (shipped_events.churn, shipped_events.summary):
        typical = np.array([[model.typical[name] for name in model.features]])
        found = score_features(typical, model)
        assert 0 < found.low[0] <= found.probability[0] <= found.high[0] < 1


def test_the_trees_say_what_the_graph_says(shipped_events, shipped_forest):
    model = shipped_events.churn
    smallest, largest = model.training_bounds
    values = np.random.default_rng(0).uniform(smallest, largest, (200, len(smallest)))
    assert model.graph(design_of(values))[0] == pytest.approx(shipped_forest.score(design_of(values)), abs=1e-5)


def test_a_missing_model_is_spared_and_the_other_answers(models_dir):
    aliases = json.loads((models_dir / "aliases.json").read_text())
    del aliases[SUMMARY]
    (models_dir / "aliases.json").write_text(json.dumps(aliases))
    registry = load_registry(models_dir)
    models = load_event_models(registry)
    assert models.churn is not None and models.summary is None
    assert registry.spared == {SUMMARY: f"{SUMMARY}: no champion is loaded."}
    assert not registry.refused


def test_a_model_whose_seal_is_broken_is_spared_with_the_reason(models_dir):
    (champion_folder(models_dir, CHURN) / "trees.npz").write_bytes(b"other")
    registry = load_registry(models_dir)
    models = load_event_models(registry)
    assert models.churn is None and models.summary is not None
    assert "does not match its checksum" in registry.spared[CHURN]
    assert not registry.refused


def test_a_card_of_another_release_is_spared_with_the_reason(models_dir):
    folder = champion_folder(models_dir, CHURN)
    card = json.loads((folder / "card.json").read_text()) | {"schema": 99}
    files = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.suffix in (".npz", ".onnx")}
    shutil.rmtree(folder)
    write_version(models_dir, card, files)
    registry = load_registry(models_dir)
    assert load_event_models(registry).churn is None
    assert "schema" in registry.spared[CHURN]


def test_a_model_without_a_graph_is_spared(models_dir):
    folder = champion_folder(models_dir, SUMMARY)
    card = json.loads((folder / "card.json").read_text())
    shutil.rmtree(folder)
    write_version(models_dir, card, {})
    registry = load_registry(models_dir)
    assert load_event_models(registry).summary is None
    assert "holds no graph" in registry.spared[SUMMARY]


def test_the_trees_of_a_version_are_read_from_its_seal(models_dir, shipped_forest):
    registry = load_registry(models_dir)
    churn = load_event_models(registry).churn
    assert forest_of(registry, churn).base == shipped_forest.base
