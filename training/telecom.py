"""Train one telecom field set from labelled customers, and describe it in a card."""

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from imblearn.pipeline import Pipeline
from numpy.typing import NDArray

from app.explanations.trees import Forest
from app.performance.held_out import resamples
from app.registry.artifacts import load_graph
from app.telecom import policy
from app.telecom.clv import ClvAssumptions, expected_remaining_months, target_clv_usd
from app.telecom.features import DESIGN_COLUMNS, FIELDS, MODELLED_FIELDS, FieldSet, design_matrix
from app.telecom.scoring import CARD_SCHEMA, ScoringModel, score
from training.calibration import cross_calibrated, fit_table
from training.churn import (
    FOLDS,
    ForestSettings,
    boosted_rivals,
    compare_models,
    fold_of,
    not_installed,
    out_of_fold_scores,
    rivals,
    search_settings,
    smote_forest,
)
from training.clv import CLV_COLUMNS, PRODUCT, FittedClv, clv_design, design_places, fit_clv
from training.datasets import CHURNED, columns_of, count_shared_rows
from training.fitting import fitted
from training.metrics import churn_figures, clv_figures
from training.performance import held_out_of, measure, sorted_for_sealing
from training.sealing import LinearTerms, build_graph, prove_equal, tree_arrays, version_files
from training.simulate import simulate

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

DECISION_CUT_POINT: Final = policy.TIER_CUT_POINTS[-1]
GOLDEN_ROWS: Final = 20
REFERENCE_BINS: Final = 10
REFERENCE_VALUES: Final = 21
LIBRARIES: Final = ("imbalanced-learn", "numpy", "onnx", "onnxruntime", "scikit-learn", "skl2onnx")
BOOSTING_LIBRARIES: Final = ("lightgbm", "xgboost-cpu")
LIMITS: Final = (
    "The table is one cross-section without dates: the probability has no time horizon, and annual churn is assumed.",
    "The lifetime value's target is derived by a formula from tenure and minutes; no customer was observed to the end. "
    "With the minutes known the regression reproduces the formula, so an R2 near 1 is no evidence of foresight.",
    "The probability interval covers the calibration, not the choice of forest or a change of the market.",
    "State and area code are stored with a prediction and not used by it; the comparison shows the forest with them.",
    "The out-of-fold figures rest on the rows that also chose the forest's settings; the reported ones do not.",
    "The public table is artificial data. Retrain on the portfolio's own customers before money depends on the score.",
)


@dataclass(frozen=True)
class Source:
    """A table of labelled customers and where it came from."""

    frame: pd.DataFrame
    file_name: str
    sha256: str


@dataclass(frozen=True)
class Trained:
    """What sealing needs: the card, the files beside it and the fitted pipelines."""

    card: dict[str, Any]
    files: dict[str, bytes]
    churn_pipeline: Pipeline
    clv: FittedClv


def train_field_set(field_set: FieldSet, version: str, training: Source, reporting: Source, seed: int) -> Trained:
    """Search, fit, calibrate, compare and report one field set.

    Every choice is made on ``training``; ``reporting`` is read once, at the end, for the card's held-out figures.

    Raises
    ------
    ValueError
        A reporting row is also a training row.
    SealRefused
        The ONNX graph does not answer like the fitted models.
    """
    shared = count_shared_rows(training.frame, reporting.frame)
    if shared:
        raise ValueError(f"{shared} reporting rows are training rows: their figures would be too good")
    columns, churned = columns_of(training.frame), training.frame[CHURNED].to_numpy(np.bool_)
    design = design_matrix(columns, field_set)
    settings, tried = search_settings(design, churned, seed)
    pipeline = fitted(smote_forest(settings, seed), design, churned)
    assumptions = ClvAssumptions(annual_churn=round(float(churned.mean()), 6))
    target, months = target_clv_usd(columns, assumptions), expected_remaining_months(assumptions)
    clv = fit_clv(design, target, field_set, months, seed)
    graph, equality = _graph(pipeline, clv, design, field_set)
    churn, out_of_fold = _churn_part(training.frame, design, churned, settings, tried, seed)
    card: dict[str, Any] = {
        "schema": CARD_SCHEMA,
        "name": f"telecom-{field_set}",
        "version": version,
        "field_set": field_set,
        "seed": seed,
        "data": {
            "training": _describe(training),
            "reporting": _describe(reporting),
            "note": "Trained on the training file only. The reporting file chose nothing.",
        },
        "fields": _describe_fields(columns, field_set),
        "design_columns": list(DESIGN_COLUMNS[field_set]),
        "churn": churn,
        "clv": _clv_part(clv, assumptions, field_set),
        "policy": {
            "tier_cut_points": list(policy.TIER_CUT_POINTS),
            "value_quantiles": list(policy.VALUE_QUANTILES),
            "value_cut_points_usd": np.quantile(clv.out_of_fold_usd, policy.VALUE_QUANTILES).round(2).tolist(),
        },
        "equality": {"rows": len(churned), **equality},
        "golden": _golden(graph, field_set, seed),
        "limits": list(LIMITS),
        "libraries": _libraries(),
    }
    model = ScoringModel.from_card(card, load_graph(graph))
    card["policy"]["training_customers"] = action_counts(columns, model)
    card["reference"] = _reference(columns, model)
    card["reported"] = reported_figures(reporting.frame, model, DECISION_CUT_POINT, assumptions, seed)
    trees = tree_arrays(pipeline.named_steps["forest"])
    measured = measure(card, model, Forest.from_npz(trees), training.frame, out_of_fold, reporting.frame, assumptions)
    return Trained(card, version_files(graph, trees, *measured), pipeline, clv)


def reported_figures(
    frame: pd.DataFrame, model: ScoringModel, cut_point: float, assumptions: ClvAssumptions, seed: int
) -> dict[str, Any]:
    """Compute the held-out figures of a card from the sealed graph; CI derives them again from the shipped files."""
    frame = sorted_for_sealing(frame, model, assumptions)
    held_out, answers = held_out_of(frame, model, assumptions), score(columns_of(frame), model)
    target, weights = held_out.target_clv_usd, held_out.resamples(seed)
    return {
        "churn": churn_figures(held_out.churned, held_out.churn_probability, cut_point, weights),
        "clv": clv_figures(target, held_out.clv_usd, answers.clv_low_usd, answers.clv_high_usd, weights),
    }


def action_counts(columns: Mapping[str, Floats], model: ScoringModel) -> dict[str, int]:
    """Count the customers that get each of the six actions: an action nobody gets would be dead text."""
    answers = score(columns, model)
    return {
        action.code: int(
            ((answers.tier == policy.TIERS.index(tier)) & (answers.value_band == policy.VALUE_BANDS.index(band))).sum()
        )
        for (tier, band), action in policy.RECOMMENDATIONS.items()
    }


def _graph(
    pipeline: Pipeline, clv: FittedClv, design: NDArray[np.float32], field_set: FieldSet
) -> tuple[bytes, dict[str, float]]:
    """Convert the fitted models and prove on every training row that nothing was lost."""
    forest = pipeline.named_steps["forest"]
    first, second = design_places(field_set, PRODUCT) if clv.product_coefficient else (0, 0)
    terms = LinearTerms(clv.coefficients, clv.intercept_usd, (first, second), clv.product_coefficient)
    graph = build_graph(forest, terms)
    clv_usd = clv.pipeline.predict(clv_design(design, field_set))
    return graph, prove_equal(graph, design, forest.predict_proba(design)[:, 1], clv_usd)


def _churn_part(
    frame: pd.DataFrame, design: NDArray[np.float32], churned: Booleans, settings: ForestSettings,
    tried: list[dict[str, Any]], seed: int,
) -> tuple[dict[str, Any], Floats]:  # fmt: skip
    """Calibrate on out-of-fold scores and report what those folds say, beside the rivals in the same folds.

    Also gives the calibrated out-of-fold probabilities, shape (n,).
    """
    fold = fold_of(churned, FOLDS, seed)
    scores = out_of_fold_scores(lambda: smote_forest(settings, seed), design, churned, fold)
    honest = cross_calibrated(scores, churned, fold)
    part = {
        "method": "random forest with SMOTE, calibrated by Venn-ABERS on out-of-fold scores",
        "settings": asdict(settings),
        "search": tried,
        "decision_cut_point": DECISION_CUT_POINT,
        "decision_cut_point_rule": "the policy's High tier: whoever is shown as High is called a leaver",
        "calibration": {"rows": len(churned), "knots": fit_table(scores, churned, seed).to_card()},
        "out_of_fold_tiers": {
            tier: int((policy.tier_index(honest) == place).sum()) for place, tier in enumerate(policy.TIERS)
        },
        "out_of_fold": churn_figures(churned, honest, DECISION_CUT_POINT, resamples(len(churned), seed, churned)),
        "comparison": _compare(frame, settings, design, churned, fold, seed),
    }
    return part, honest


def _clv_part(clv: FittedClv, assumptions: ClvAssumptions, field_set: FieldSet) -> dict[str, Any]:
    """Print the assumptions behind the lifetime value, and that nobody observed it."""
    return {
        "method": "linear regression",
        "target": "derived, not observed: monthly charge x (tenure + expected remaining months)",
        "columns": list(CLV_COLUMNS[field_set]) + [" x ".join(PRODUCT)] * bool(clv.product_coefficient),
        "assumptions": {**asdict(assumptions), "expected_remaining_months": clv.interval.remaining_months},
        "interval": asdict(clv.interval),
        "linear": clv.to_card(field_set),
    }


def _compare(
    frame: pd.DataFrame, settings: ForestSettings, design: NDArray[np.float32], churned: Booleans,
    fold: NDArray[np.intp], seed: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Compare the tuned forest with its rivals, and with itself given state and area code."""
    places = pd.get_dummies(frame[["state", "area_code"]].astype(str), dtype=np.float32).to_numpy()
    candidates: dict[str, Any] = {
        "tuned forest with SMOTE (this model)": (lambda: smote_forest(settings, seed), design),
        "the same with state and area code": (lambda: smote_forest(settings, seed), np.hstack([design, places])),
    }
    candidates |= {name: (make, design) for name, make in (rivals(seed) | boosted_rivals(seed)).items()}
    return compare_models(candidates, churned, fold, seed) + not_installed(seed)


def _libraries() -> dict[str, str]:
    """Print the versions that made this model; those of the extra where it is installed."""
    extra = [name for name in BOOSTING_LIBRARIES if importlib.util.find_spec(name.partition("-")[0])]
    return {name: importlib.metadata.version(name) for name in sorted((*LIBRARIES, *extra))}


def _describe(source: Source) -> dict[str, Any]:
    churned = source.frame[CHURNED].to_numpy(np.bool_)
    return {
        "file": source.file_name,
        "sha256": source.sha256,
        "rows": len(churned),
        "churned": int(churned.sum()),
        "churn_rate": round(float(churned.mean()), 6),
    }


def _describe_fields(columns: Mapping[str, Floats], field_set: FieldSet) -> dict[str, Any]:
    described = {}
    for field in FIELDS:
        if field.name in MODELLED_FIELDS[field_set]:
            values = columns[field.name]
            described[field.name] = {
                "alias": field.alias,
                "label": field.label,
                "kind": field.kind,
                "unit": field.unit,
                "accepted_range": [0.0, float(field.maximum)],
                "vocabulary": list(field.vocabulary),
                "training_range": [float(values.min()), float(values.max())],
                "typical": float(np.median(values)),
            }
    return described


def _golden(graph: bytes, field_set: FieldSet, seed: int) -> dict[str, Any]:
    """Answer simulated customers once, so that a server can check itself before it reports ready."""
    design = design_matrix(columns_of(simulate(GOLDEN_ROWS, seed)), field_set)
    forest_score, clv = load_graph(graph)(design)
    return {"design": design.tolist(), "forest_score": forest_score.tolist(), "clv_usd": clv.tolist()}


def _reference(columns: Mapping[str, Floats], model: ScoringModel) -> dict[str, Any]:
    """Histogram each modelled field and the probability over the training customers, for drift checks later.

    A field of few values has one bin a value. Otherwise the bins have equal mass, and the first and the last one are
    open: whatever lies beyond the training range counts there.
    """
    answers = score(columns, model)
    series = {name: columns[name] for name in MODELLED_FIELDS[model.field_set]}
    reference: dict[str, Any] = {}
    for name, values in {**series, "churn_probability": answers.churn_probability}.items():
        distinct, counts = np.unique(values, return_counts=True)
        if len(distinct) <= REFERENCE_VALUES:
            reference[name] = {"values": distinct.tolist(), "shares": (counts / len(values)).round(6).tolist()}
            continue
        inner = np.unique(np.quantile(values, np.linspace(0, 1, REFERENCE_BINS + 1)[1:-1]))
        counts = np.bincount(np.searchsorted(inner, values, side="right"), minlength=len(inner) + 1)
        reference[name] = {"inner_edges": inner.tolist(), "shares": (counts / len(values)).round(6).tolist()}
    return reference
