"""Seal a model version: convert to ONNX, prove the graph equals the fitted models, write it in one step."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import onnx
import skl2onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import RandomForestClassifier

from app.performance.held_out import FILE as HELD_OUT
from app.performance.held_out import PERFORMANCE, HeldOut
from app.registry.artifacts import CARD, CHECKSUMS, MODEL, load_graph
from app.registry.service import ALIASES, CHAMPION

Design = NDArray[np.float32]
Floats = NDArray[np.float64]

TREES: Final = "trees.npz"
PIPELINE: Final = "pipeline.joblib"
LARGEST_DIFFERENCE: Final = 1e-5
_OPSETS: Final = {"": 18, "ai.onnx.ml": 3}


class SealRefused(ValueError):
    """The graph does not answer like the fitted models, so nothing was written."""


@dataclass(frozen=True)
class LinearTerms:
    """The regression as numbers: a coefficient a design column, one for a product of two columns, and an intercept.

    ``product_columns`` names the two places in the design matrix; their product counts with ``product_coefficient``.
    """

    coefficients: Floats
    intercept_usd: float
    product_columns: tuple[int, int] = (0, 0)
    product_coefficient: float = 0.0


def build_graph(forest: RandomForestClassifier, terms: LinearTerms) -> bytes:
    """Build one ONNX graph that answers the forest's score and the regression's lifetime value.

    The forest is converted by skl2onnx. The regression is a product and a sum in double precision, because ONNX's own
    linear operator rounds a single row differently from the same row in a batch.

    Parameters
    ----------
    forest : RandomForestClassifier
        Fitted on the design matrix; class 1 is churned.
    terms : LinearTerms
        The lifetime-value regression over the design matrix.

    Returns
    -------
    bytes
        Input ``design`` (n, k) float32; outputs ``forest_score`` (n,) float32 and ``clv_usd`` (n,) float64.
    """
    columns = len(terms.coefficients)
    constants = {
        "coefficients": terms.coefficients.reshape(1, -1),
        "first_factor": np.array(terms.product_columns[:1], dtype=np.int64),
        "second_factor": np.array(terms.product_columns[1:], dtype=np.int64),
        "product_coefficient": np.array(terms.product_coefficient),
        "column_axis": np.array([1], dtype=np.int64),
        "intercept": np.array(terms.intercept_usd),
    }
    clv_usd = helper.make_tensor_value_info("clv_usd", TensorProto.DOUBLE, [None])
    return _assembled(forest, columns, "telecom", _clv_nodes(), [clv_usd], constants)


def build_score_graph(forest: RandomForestClassifier, columns: int) -> bytes:
    """Build an ONNX graph that answers the forest's score alone.

    Parameters
    ----------
    forest : RandomForestClassifier
        Fitted on a design matrix of ``columns`` columns; class 1 is who left.

    Returns
    -------
    bytes
        Input ``design`` (n, k) float32; output ``forest_score`` (n,) float32.
    """
    return _assembled(forest, columns, "events", [], [], {})


def _assembled(
    forest: RandomForestClassifier, columns: int, name: str, further: list[onnx.NodeProto],
    outputs: list[onnx.ValueInfoProto], constants: Mapping[str, NDArray[Any]],
) -> bytes:  # fmt: skip
    """Put the converted trees before further steps, check the graph and write it as bytes that never vary."""
    converted = skl2onnx.convert_sklearn(
        forest,
        initial_types=[("design", FloatTensorType([None, columns]))],
        options={id(forest): {"zipmap": False}},
        target_opset=_OPSETS,
    )
    (trees,) = converted.graph.node
    graph = helper.make_graph(
        [trees, helper.make_node("Gather", [trees.output[1], "churned_class"], ["forest_score"], axis=1), *further],
        name,
        [helper.make_tensor_value_info("design", TensorProto.FLOAT, [None, columns])],
        [helper.make_tensor_value_info("forest_score", TensorProto.FLOAT, [None]), *outputs],
        [
            numpy_helper.from_array(value, constant)
            for constant, value in {"churned_class": np.array(1, dtype=np.int64), **constants}.items()
        ],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS.items()]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="telelink", ir_version=converted.ir_version)
    onnx.checker.check_model(model)
    serialized: bytes = model.SerializeToString(deterministic=True)
    return serialized


def _clv_nodes() -> list[onnx.NodeProto]:
    """Chain the steps from the design matrix to the lifetime value."""
    return [
        helper.make_node("Cast", ["design"], ["design_double"], to=TensorProto.DOUBLE),
        helper.make_node("Mul", ["design_double", "coefficients"], ["plain"]),
        helper.make_node("Gather", ["design_double", "first_factor"], ["first"], axis=1),
        helper.make_node("Gather", ["design_double", "second_factor"], ["second"], axis=1),
        helper.make_node("Mul", ["first", "second"], ["product"]),
        helper.make_node("Mul", ["product", "product_coefficient"], ["product_term"]),
        helper.make_node("Concat", ["plain", "product_term"], ["terms"], axis=1),
        helper.make_node("ReduceSum", ["terms", "column_axis"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sum", "intercept"], ["clv_usd"]),
    ]


def prove_equal(
    graph: bytes, design: Design, forest_score: Floats, clv_usd: Floats | None = None
) -> dict[str, float]:  # fmt: skip
    """Compare the graph with scikit-learn on every training row; without lifetime values it answers the score alone.

    Returns
    -------
    dict
        Largest difference of the score, and of the lifetime value relative to max(1 USD, value).

    Raises
    ------
    SealRefused
        Either is larger than 1e-5.
    """
    answers = load_graph(graph)(design)
    differences = {"forest_score": float(np.abs(answers[0] - forest_score).max())}
    if clv_usd is not None:
        relative = np.abs(answers[1] - clv_usd) / np.maximum(1.0, np.abs(clv_usd))
        differences["clv_usd_relative"] = float(relative.max())
    for name, difference in differences.items():
        if not difference <= LARGEST_DIFFERENCE:
            raise SealRefused(f"{name}: ONNX and scikit-learn differ by {difference:g} on a training row")
    return differences


def tree_arrays(forest: RandomForestClassifier) -> bytes:
    """Flatten the trees into plain arrays for explanations (``.npz``, no pickled object).

    Arrays are concatenated over trees; ``offset`` (t + 1,) marks where each begins. ``left`` and ``right`` are child
    positions within the tree (-1 at a leaf), ``feature`` the design column (-2 at a leaf), ``cut`` the value that goes
    left when ``x <= cut``, ``churn_share`` the node's share of churners, ``weight`` its training rows.
    """
    trees = [estimator.tree_ for estimator in forest.estimators_]
    arrays = {
        "offset": np.cumsum([0] + [tree.node_count for tree in trees]),
        "left": np.concatenate([tree.children_left for tree in trees]).astype(np.int32),
        "right": np.concatenate([tree.children_right for tree in trees]).astype(np.int32),
        "feature": np.concatenate([tree.feature for tree in trees]).astype(np.int16),
        "cut": np.concatenate([tree.threshold for tree in trees]),
        "churn_share": np.concatenate([tree.value[:, 0, 1] / tree.value[:, 0].sum(axis=1) for tree in trees]),
        "weight": np.concatenate([tree.weighted_n_node_samples for tree in trees]),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def write_version(models_dir: Path, card: Mapping[str, Any], files: Mapping[str, bytes]) -> Path:
    """Write a version so that it exists whole or not at all: temporary folder, fsync, rename.

    The card is completed by ``trained_at``, the UTC day on which it is sealed.

    Raises
    ------
    FileExistsError
        The version exists; sealed versions are never overwritten.
    """
    final: Path = models_dir / card["name"] / card["version"]
    if final.exists():
        raise FileExistsError(f"{card['name']}/{card['version']} is sealed already")
    temporary = final.with_name(f".{final.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    dated = {"trained_at": datetime.now(UTC).date().isoformat(), **card}
    contents = {**files, CARD: (json.dumps(dated, indent=1) + "\n").encode()}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(contents.items()))
    for name, content in {**contents, CHECKSUMS: sums.encode()}.items():
        with (temporary / name).open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    _fsync_folder(temporary)
    temporary.rename(final)
    _fsync_folder(final.parent)
    return final


def point_champion(models_dir: Path, name: str, version: str) -> None:
    """Make ``version`` the one that answers, by replacing ``aliases.json`` in one step."""
    path = models_dir / ALIASES
    aliases = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    aliases[name] = {CHAMPION: version}
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(aliases, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(path)
    _fsync_folder(models_dir)


def version_files(graph: bytes, trees: bytes, held_out: HeldOut, performance: Mapping[str, Any]) -> dict[str, bytes]:
    """Collect the files of a version that the service reads."""
    return {
        MODEL: graph,
        TREES: trees,
        HELD_OUT: held_out.to_npz(),
        PERFORMANCE: (json.dumps(performance, separators=(",", ":")) + "\n").encode(),
    }


def keep_pipeline(folder: Path, pipelines: Mapping[str, Any]) -> None:
    """Save the fitted pipelines for a notebook, outside the sealed folder; the service never opens the file."""
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(dict(pipelines), folder / PIPELINE)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
