"""The sealed arrays score like the graph, and their contributions are Shapley values."""

import io
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
import shap
from sklearn.ensemble import RandomForestClassifier

from app.explanations.trees import Forest
from app.telecom.features import DESIGN_COLUMNS, design_matrix
from tests.app.explanations.sealed_models import FIELD_SETS, SHIPPED
from training.churn import ForestSettings, smote_forest
from training.datasets import CHURNED, columns_of
from training.sealing import tree_arrays
from training.simulate import simulate

FRAME = simulate(1200, seed=11)
# One tree: the first column at 0.5, then on its right the second column at 2 and again the first one at 0.8.
TINY = {
    "offset": np.array([0, 7]),
    "left": np.array([1, -1, 3, -1, 5, -1, -1], dtype=np.int32),
    "right": np.array([2, -1, 4, -1, 6, -1, -1], dtype=np.int32),
    "feature": np.array([0, -2, 1, -2, 0, -2, -2], dtype=np.int16),
    "cut": np.array([0.5, -2, 2.0, -2, 0.8, -2, -2]),
    "churn_share": np.array([0.3, 0.1, 0.6, 0.2, 1.0, 0.9, 1.05]),
    "weight": np.array([10.0, 6.0, 4.0, 2.0, 2.0, 1.0, 1.0]),
}


def path_dependent(row: np.ndarray[Any, Any], known: set[int], node: int = 0) -> float:
    """Expectation of the tiny tree when only some columns are known: unknown cuts are passed by training weight."""
    left, right = int(TINY["left"][node]), int(TINY["right"][node])
    if left == -1:
        return float(TINY["churn_share"][node])
    feature = int(TINY["feature"][node])
    if feature in known:
        return path_dependent(row, known, left if row[feature] <= TINY["cut"][node] else right)
    weight = TINY["weight"]
    return sum(float(weight[child] / weight[node]) * path_dependent(row, known, child) for child in (left, right))


def shapley(row: np.ndarray[Any, Any], columns: int) -> list[float]:
    """Shapley values by their definition, over every subset."""
    values = []
    for own in range(columns):
        others = [column for column in range(columns) if column != own]
        total = 0.0
        for size in range(columns):
            for chosen in combinations(others, size):
                share = factorial(size) * factorial(columns - size - 1) / factorial(columns)
                total += share * (path_dependent(row, {*chosen, own}) - path_dependent(row, set(chosen)))
        values.append(total)
    return values


@pytest.mark.parametrize("row", [[0.2, 1.0, 0.0], [0.7, 1.0, 5.0], [0.7, 3.0, 0.0], [0.9, 9.0, 1.0], [0.5, 2.0, 0.0]])
def test_contributions_of_a_tiny_tree_are_those_of_the_definition(row: list[float]) -> None:
    forest = Forest(**TINY)
    design = np.array([row], dtype=np.float32)
    np.testing.assert_allclose(forest.contributions(design)[0], shapley(design[0], 3), atol=1e-12)
    assert forest.score(design)[0] == pytest.approx(path_dependent(design[0], {0, 1, 2}))
    assert forest.base == 0.3


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_contributions_are_those_of_shap_on_the_training_pipelines_forest(field_set: str) -> None:
    design = design_matrix(columns_of(FRAME), field_set)  # type: ignore[arg-type]
    settings = ForestSettings(max_depth=7, min_samples_leaf=3, max_features=0.5, smote_ratio=0.4)
    pipeline = smote_forest(settings, seed=0).fit(design, FRAME[CHURNED].to_numpy(np.bool_))
    fitted: RandomForestClassifier = pipeline.named_steps["forest"]
    forest = Forest.from_npz(tree_arrays(fitted))
    explainer = shap.TreeExplainer(fitted, feature_perturbation="tree_path_dependent")
    expected = explainer.shap_values(design[:200], check_additivity=False)[:, :, 1]
    assert abs(expected).max() > 0.1
    np.testing.assert_allclose(forest.contributions(design[:200]), expected, atol=1e-9)
    assert forest.base == pytest.approx(explainer.expected_value[1], abs=1e-9)
    np.testing.assert_allclose(forest.score(design), fitted.predict_proba(design)[:, 1], atol=1e-12)


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_the_sealed_trees_score_like_the_sealed_graph(field_set: str) -> None:
    shipped = SHIPPED[field_set]
    design = design_matrix(columns_of(FRAME), field_set)  # type: ignore[arg-type]
    np.testing.assert_allclose(shipped.forest.score(design), shipped.scoring.graph(design)[0], atol=1e-6)


def test_trees_of_a_wider_matrix_are_not_asked() -> None:
    with pytest.raises(ValueError, match="a column that the design matrix does not have"):
        SHIPPED["usage"].forest.contributions(np.zeros((1, len(DESIGN_COLUMNS["core"])), dtype=np.float32))


def test_no_row_has_no_contribution() -> None:
    columns = len(DESIGN_COLUMNS["usage"])
    empty = np.empty((0, columns), dtype=np.float32)
    assert SHIPPED["usage"].forest.contributions(empty).shape == (0, columns)
    assert SHIPPED["usage"].forest.score(empty).shape == (0,)


@pytest.mark.parametrize(
    "change",
    [
        {"cut": np.zeros(3)},
        {"offset": np.array([0, 6])},
        {"offset": np.array([1, 7])},
        {"offset": np.array([0, 7, 7])},
        {"offset": np.array([0])},
        {"left": np.array([0, -1, 3, -1, 5, -1, -1], dtype=np.int32)},
        {"right": np.array([2, -1, 4, -1, 7, -1, -1], dtype=np.int32)},
        {"feature": np.array([-2, -2, 1, -2, 0, -2, -2], dtype=np.int16)},
        {"weight": np.zeros(7)},
    ],
)
def test_arrays_that_are_no_trees_are_refused(change: dict[str, Any]) -> None:
    Forest(**TINY)
    with pytest.raises(ValueError, match=r"tree|column"):
        Forest(**TINY | change)


def test_nothing_is_unpickled() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{**TINY, "left": np.array([{"a": 1}] * 7, dtype=object)})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="allow_pickle"):
        Forest.from_npz(buffer.getvalue())
