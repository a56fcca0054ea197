import io
import json
from datetime import UTC, date, datetime

import numpy as np
import onnx
import pytest
from sklearn.ensemble import RandomForestClassifier

from app.errors import SealBroken
from app.registry.artifacts import load_graph, load_version, read_verified
from app.registry.service import load_registry
from app.telecom.features import DESIGN_COLUMNS, design_matrix
from training import sealing
from training.datasets import CHURNED, columns_of
from training.sealing import (
    LinearTerms,
    SealRefused,
    build_graph,
    point_champion,
    prove_equal,
    tree_arrays,
    write_version,
)
from training.simulate import simulate

FRAME = simulate(1500, seed=3)
DESIGN = design_matrix(columns_of(FRAME), "usage")
FOREST = RandomForestClassifier(20, max_depth=8, random_state=0).fit(DESIGN, FRAME[CHURNED].to_numpy(np.bool_))
SCORE = FOREST.predict_proba(DESIGN)[:, 1]
COEFFICIENTS = np.linspace(-3, 40, DESIGN.shape[1])
TERMS = LinearTerms(COEFFICIENTS, 7.5, product_columns=(0, 5), product_coefficient=1.25)
CLV = DESIGN.astype(np.float64) @ COEFFICIENTS + 1.25 * DESIGN[:, 0] * DESIGN[:, 5].astype(np.float64) + 7.5
GRAPH = build_graph(FOREST, TERMS)


def a_card(**changes):
    score, clv = load_graph(GRAPH)(DESIGN[:3])
    golden = {"design": DESIGN[:3].tolist(), "forest_score": score.tolist(), "clv_usd": clv.tolist()}
    return {"name": "telecom-usage", "version": "7", "golden": golden} | changes


def test_the_graph_answers_like_scikit_learn():
    differences = prove_equal(GRAPH, DESIGN, SCORE, CLV)
    assert differences["forest_score"] <= 1e-5
    assert differences["clv_usd_relative"] <= 1e-9


@pytest.mark.parametrize(
    "wrong", [{"score": SCORE + 2e-5}, {"clv": CLV * 1.0001}, {"score": np.full(len(SCORE), np.nan)}]
)
def test_a_graph_that_answers_otherwise_is_refused(wrong):
    with pytest.raises(SealRefused, match="differ by"):
        prove_equal(GRAPH, DESIGN, wrong.get("score", SCORE), wrong.get("clv", CLV))


def test_a_value_on_a_cut_goes_the_same_way_in_the_graph():
    cuts = np.concatenate([tree.tree_.threshold[tree.tree_.feature >= 0] for tree in FOREST.estimators_])
    on_cuts = np.repeat(DESIGN[:1], len(cuts), axis=0)
    features = np.concatenate([tree.tree_.feature[tree.tree_.feature >= 0] for tree in FOREST.estimators_])
    on_cuts[np.arange(len(cuts)), features] = cuts.astype(np.float32)
    graph_score, _ = load_graph(GRAPH)(on_cuts)
    np.testing.assert_allclose(graph_score, FOREST.predict_proba(on_cuts)[:, 1], atol=1e-5)


def test_smote_leaves_no_trace_in_the_graph():
    kinds = {node.op_type for node in onnx.load_from_string(GRAPH).graph.node}
    assert kinds == {"TreeEnsembleClassifier", "Gather", "Cast", "Mul", "Concat", "ReduceSum", "Add"}


def test_the_flat_trees_give_the_forest_score_without_unpickling():
    arrays = np.load(io.BytesIO(tree_arrays(FOREST)), allow_pickle=False)
    total = np.zeros(50)
    for begin in arrays["offset"][:-1]:
        position = np.full(50, begin)
        while (inner := arrays["left"][position] >= 0).any():
            goes_left = DESIGN[np.arange(50), arrays["feature"][position]] <= arrays["cut"][position]
            child = np.where(goes_left, arrays["left"][position], arrays["right"][position])
            position = np.where(inner, begin + child, position)
        total += arrays["churn_share"][position]
    np.testing.assert_allclose(total / (len(arrays["offset"]) - 1), SCORE[:50], atol=1e-12)


def test_a_version_is_written_whole_and_can_be_loaded(tmp_path):
    folder = write_version(tmp_path, a_card(), {"model.onnx": GRAPH, "trees.npz": tree_arrays(FOREST)})
    assert folder == tmp_path / "telecom-usage" / "7"
    assert set(read_verified(folder)) == {"card.json", "model.onnx", "trees.npz"}
    point_champion(tmp_path, "telecom-usage", "7")
    champion = load_registry(tmp_path).champions["telecom-usage"]
    assert champion.version == "7"
    assert champion.card == {**a_card(), "trained_at": champion.card["trained_at"]}
    assert abs(date.fromisoformat(champion.card["trained_at"]) - datetime.now(UTC).date()).days <= 1
    assert [path.name for path in folder.parent.iterdir()] == ["7"]


def test_a_sealed_version_is_never_overwritten(tmp_path):
    write_version(tmp_path, a_card(), {"model.onnx": GRAPH})
    with pytest.raises(FileExistsError, match="is sealed already"):
        write_version(tmp_path, a_card(), {"model.onnx": GRAPH})


def test_a_crash_while_writing_leaves_no_version(tmp_path, monkeypatch):
    monkeypatch.setattr(sealing, "_fsync_folder", lambda folder: (_ for _ in ()).throw(OSError("disk gone")))
    with pytest.raises(OSError, match="disk gone"):
        write_version(tmp_path, a_card(), {"model.onnx": GRAPH})
    assert not (tmp_path / "telecom-usage" / "7").exists()
    monkeypatch.undo()
    assert write_version(tmp_path, a_card(), {"model.onnx": GRAPH}).exists()


def test_a_graph_that_answers_otherwise_than_its_card_is_not_loaded(tmp_path):
    card = a_card()
    card["golden"]["forest_score"][0] += 0.01
    folder = write_version(tmp_path, card, {"model.onnx": GRAPH})
    with pytest.raises(SealBroken, match="differs from the card's golden rows"):
        load_version(folder)


def test_aliases_keep_the_other_models(tmp_path):
    point_champion(tmp_path, "telecom-core", "1")
    point_champion(tmp_path, "telecom-usage", "2")
    point_champion(tmp_path, "telecom-core", "3")
    aliases = json.loads((tmp_path / "aliases.json").read_text(encoding="utf-8"))
    assert aliases == {"telecom-core": {"champion": "3"}, "telecom-usage": {"champion": "2"}}


def test_the_design_has_a_column_for_each_coefficient():
    assert len(COEFFICIENTS) == len(DESIGN_COLUMNS["usage"])
