"""The compiled routine alone gives what the library gives, and is asked only at versions that were compared."""

import importlib.metadata
from typing import Any

import numpy as np
import pytest

from app.explanations import tree_shap
from app.explanations.tree_shap import library_contributions

STUMP = {
    "children_left": np.array([1, -1, -1]),
    "children_right": np.array([2, -1, -1]),
    "features": np.array([0, -2, -2]),
    "thresholds": np.array([0.5, 0.0, 0.0]),
    "values": np.array([[0.4], [0.1], [0.7]]),
    "node_sample_weight": np.array([10.0, 5.0, 5.0]),
}


def grown(seed: int, depth: int = 5, columns: int = 4) -> dict[str, Any]:
    """Grow a tree of random cuts, some branches shorter than others, in shap's dictionary form."""
    chance = np.random.default_rng(seed)
    nodes: list[dict[str, float]] = []

    def grow(level: int, weight: float) -> int:
        place = len(nodes)
        node: dict[str, float] = {"left": -1, "right": -1, "feature": -2, "cut": 0.0, "value": chance.random()}
        nodes.append(node | {"weight": weight})
        if level < depth and (level < 1 or chance.random() > 0.2):
            share = chance.uniform(0.1, 0.9)
            split = {"feature": float(chance.integers(columns)), "cut": chance.normal()}
            split |= {"left": grow(level + 1, weight * share), "right": grow(level + 1, weight * (1 - share))}
            nodes[place] |= split
        return place

    grow(0, 100.0)
    whole = {"children_left": "left", "children_right": "right", "features": "feature"}
    arrays = {name: np.array([node[key] for node in nodes]).astype(np.int32) for name, key in whole.items()}
    arrays["thresholds"] = np.array([node["cut"] for node in nodes])
    arrays["values"] = np.array([[node["value"]] for node in nodes])
    arrays["node_sample_weight"] = np.array([node["weight"] for node in nodes])
    return arrays


def test_a_stump_gives_its_column_the_whole_difference() -> None:
    found = tree_shap.contributions([STUMP], np.array([[0.0, 9.0], [1.0, 9.0]], dtype=np.float32))
    assert found.tolist() == pytest.approx(np.array([[-0.3, 0.0], [0.3, 0.0]]))


@pytest.mark.parametrize("seed", range(5))
def test_the_routine_gives_what_the_library_gives(seed: int) -> None:
    trees = [grown(100 * seed + number, depth=1 + number) for number in range(6)]
    design = np.random.default_rng(seed).normal(size=(50, 4)).astype(np.float32)
    found = tree_shap.contributions(trees, design)
    assert np.abs(found).max() > 0.01
    assert np.array_equal(found, library_contributions(trees, design))


def test_no_row_has_no_contribution() -> None:
    assert tree_shap.contributions([STUMP], np.empty((0, 2), dtype=np.float32)).shape == (0, 2)


def test_at_a_version_nobody_compared_the_library_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    design = np.array([[0.0], [1.0]], dtype=np.float32)
    before = tree_shap.contributions([STUMP], design)
    asked: list[int] = []

    def ask(trees: Any, rows: Any) -> Any:
        asked.append(len(rows))
        return library_contributions(trees, rows)

    monkeypatch.setattr(tree_shap, "library_contributions", ask)
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "99.0")
    tree_shap._routine.cache_clear()
    try:
        assert np.array_equal(tree_shap.contributions([STUMP], design), before)
    finally:
        tree_shap._routine.cache_clear()
    assert asked == [2]


def test_the_installed_version_is_one_that_was_compared() -> None:
    assert importlib.metadata.version("shap") in tree_shap.COMPARED
    assert tree_shap._routine() is not None
