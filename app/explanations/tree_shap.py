"""Exact path-dependent TreeSHAP: shap's compiled routine alone, without the library around it.

Importing ``shap`` takes seconds and 150 to 230 MB, nearly all of it for parts that are not needed here. The routine is
not part of the library's public interface, so it is called only at versions it was compared with (to the last bit, on
both that the lock file names); at any other version the library's own ``TreeExplainer`` is asked.
"""

import importlib.machinery
import importlib.metadata
import importlib.util
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Tree = Mapping[str, NDArray[Any]]
"""A tree in shap's dictionary form: children_left, children_right, features, thresholds, values, node_sample_weight."""

COMPARED: Final = frozenset({"0.51.0", "0.54.1"})
"""Versions of shap whose routine takes its arguments as ``routine_contributions`` gives them."""
_LEAF: Final = -1
_PATH_DEPENDENT: Final = 1
_IDENTITY: Final = 0
_one_importer: Final = threading.Lock()


def contributions(trees: Sequence[Tree], design: NDArray[np.float32]) -> Floats:
    """Say what each column adds to the sum of the trees' values.

    Parameters
    ----------
    trees : sequence of mapping
        ``values`` has shape (nodes, 1); a leaf's children are -1; ``x <= threshold`` goes left.
    design : ndarray, shape (n, k), float32

    Returns
    -------
    ndarray, shape (n, k), float64
        Row sums are the trees' sum less its mean over the training rows.
    """
    if not len(design):
        return np.empty(design.shape)
    routine = _routine()
    if routine is None:
        return library_contributions(trees, design)
    return routine_contributions(routine, trees, design)


def routine_contributions(routine: Any, trees: Sequence[Tree], design: NDArray[np.float32]) -> Floats:
    """Ask the compiled routine; see ``contributions``."""
    left, right = (_laid_out(trees, name, _LEAF, np.int32) for name in ("children_left", "children_right"))
    values = design.astype(np.float64)
    phi = np.zeros((*design.shape[:1], design.shape[1] + 1, 1))
    routine(
        left,
        right,
        right.copy(),  # where a missing value would go: there is none
        _laid_out(trees, "features", _LEAF, np.int32),
        _laid_out(trees, "thresholds", 0.0, np.float64),
        np.zeros(left.shape, dtype=np.int32),
        _laid_out(trees, "values", 0.0, np.float64)[:, :, np.newaxis],
        _laid_out(trees, "node_sample_weight", 0.0, np.float64),
        _depth(left, right),
        values,
        np.zeros(values.shape, dtype=np.bool_),
        None,
        None,
        None,
        len(trees),
        np.zeros(1),
        phi,
        _PATH_DEPENDENT,
        _IDENTITY,
        False,
    )
    found: Floats = phi[:, :-1, 0]
    return found


def library_contributions(trees: Sequence[Tree], design: NDArray[np.float32]) -> Floats:
    """Ask the library's own explainer; see ``contributions``. Two threads never import it at the same time."""
    with _one_importer:
        import shap
    model = {
        "trees": [{**tree, "children_default": tree["children_right"]} for tree in trees],
        "internal_dtype": np.float64,
        "input_dtype": np.float32,
        "objective": "binary_crossentropy",
        "tree_output": "probability",
    }
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    found: Floats = explainer.shap_values(design, check_additivity=False)
    return found


@cache
def _routine() -> Any:
    """Load the compiled routine from where shap is installed; None where it is not the one that was compared."""
    package = importlib.util.find_spec("shap")
    if package is None or importlib.metadata.version("shap") not in COMPARED:
        return None
    found = importlib.machinery.PathFinder.find_spec("_cext", list(package.submodule_search_locations or ()))
    if found is None or found.loader is None:
        return None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.dense_tree_shap


def _laid_out(trees: Sequence[Tree], name: str, filling: float, dtype: Any) -> NDArray[Any]:
    """Lay an array of every tree out as one row each, filled up to the largest tree."""
    rows = np.full((len(trees), max(len(tree["children_left"]) for tree in trees)), filling, dtype=dtype)
    for row, tree in zip(rows, trees, strict=True):
        row[: len(tree["children_left"])] = tree[name].reshape(-1)
    return rows


def _depth(left: NDArray[np.int32], right: NDArray[np.int32]) -> int:
    """Count the steps from a root to the deepest leaf of any tree."""
    tree, node = np.arange(len(left)), np.zeros(len(left), dtype=np.int32)
    depth = 0
    while (inner := left[tree, node] != _LEAF).any():
        tree, node = tree[inner], node[inner]
        tree, node = np.concatenate([tree, tree]), np.concatenate([left[tree, node], right[tree, node]])
        depth += 1
    return depth
