"""Fit the churn forest: search, out-of-fold scores, and the models it is compared with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import ParameterSampler, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from training.calibration import cross_calibrated
from training.metrics import (
    DECIMALS,
    PROBABILITY_METRICS,
    RANKING_METRICS,
    Figure,
    calibration_error,
    with_interval,
)

Floats = NDArray[np.float64]
Design = NDArray[np.float32]
Booleans = NDArray[np.bool_]
Folds = NDArray[np.intp]

TREES: Final = 100
FOLDS: Final = 10
SEARCH_FOLDS: Final = 5
SEARCH_ROUNDS: Final = 24
SEARCH_SPACE: Final[dict[str, list[Any]]] = {
    "max_depth": [6, 8, 10],
    "min_samples_leaf": [1, 2, 3, 5, 10],
    "max_features": ["sqrt", 0.3, 0.5, 0.8],
    "smote_ratio": [0.2, 0.3, 0.5, 1.0],
}


@dataclass(frozen=True)
class ForestSettings:
    """Hyper-parameters of the SMOTE forest; ``smote_ratio`` is churners per stayer after resampling."""

    max_depth: int
    min_samples_leaf: int
    max_features: float | str
    smote_ratio: float


def smote_forest(settings: ForestSettings, seed: int) -> Pipeline:
    """SMOTE on the encoded design matrix, then a random forest small enough to explain quickly.

    SMOTE is a step of the pipeline, so it only ever sees the rows the pipeline is fitted on.
    """
    forest = RandomForestClassifier(
        n_estimators=TREES,
        max_depth=settings.max_depth,
        min_samples_leaf=settings.min_samples_leaf,
        max_features=settings.max_features,
        random_state=seed,
        n_jobs=-1,
    )
    return Pipeline([("smote", SMOTE(sampling_strategy=settings.smote_ratio, random_state=seed)), ("forest", forest)])


def fold_of(churned: Booleans, folds: int, seed: int) -> Folds:
    """Assign each customer to one fold, churners spread evenly: shape (n,), values 0..folds-1."""
    assigned = np.empty(len(churned), dtype=np.intp)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (_, inside) in enumerate(splitter.split(churned, churned)):
        assigned[inside] = number
    return assigned


def out_of_fold_scores(make: Callable[[], ClassifierMixin], design: Design, churned: Booleans, fold: Folds) -> Floats:
    """Score each customer by a model fitted without the customer's fold."""
    scores = np.empty(len(churned))
    for number in np.unique(fold):
        inside = fold == number
        scores[inside] = make().fit(design[~inside], churned[~inside]).predict_proba(design[inside])[:, 1]
    return scores


def search_settings(design: Design, churned: Booleans, seed: int) -> tuple[ForestSettings, list[dict[str, Any]]]:
    """Search forest settings by the Brier score of cross-calibrated out-of-fold probabilities.

    Returns
    -------
    best : ForestSettings
        The settings with the lowest Brier score; the first of equals.
    tried : list of dict
        Every candidate with its ``brier_score``, best first.
    """
    fold = fold_of(churned, SEARCH_FOLDS, seed)
    tried = []
    sampler = ParameterSampler(SEARCH_SPACE, SEARCH_ROUNDS, random_state=seed)
    for candidate in tqdm(list(sampler), desc="searching forest settings", unit="candidate"):
        settings = ForestSettings(**candidate)
        scores = out_of_fold_scores(lambda s=settings: smote_forest(s, seed), design, churned, fold)  # type: ignore[misc]
        brier = float(brier_score_loss(churned, cross_calibrated(scores, churned, fold)))
        tried.append({**candidate, "brier_score": round(brier, 6)})
    tried.sort(key=lambda row: row["brier_score"])
    return ForestSettings(**{name: tried[0][name] for name in SEARCH_SPACE}), tried


def compare_models(
    candidates: dict[str, tuple[Callable[[], ClassifierMixin], Design]], churned: Booleans, fold: Folds, seed: int
) -> list[dict[str, Any]]:
    """Compare models in the same folds: ranking on their scores, the rest on cross-calibrated probabilities.

    Every row but the first also holds its paired difference to the first: both models on the same resampled customers.
    """
    table: list[dict[str, Any]] = []
    first: dict[str, Floats] = {}
    for name, (make, design) in tqdm(candidates.items(), desc="comparing models", unit="model"):
        scores = out_of_fold_scores(make, design, churned, fold)
        probability = cross_calibrated(scores, churned, fold)
        row: dict[str, Any] = {"model": name}
        row |= {key: with_interval(metric, churned, scores, seed=seed) for key, metric in RANKING_METRICS.items()}
        row |= {
            key: with_interval(metric, churned, probability, seed=seed) for key, metric in PROBABILITY_METRICS.items()
        }
        row["calibration_error"] = {"value": round(calibration_error(churned, probability), DECIMALS)}
        first = first or {"scores": scores, "probability": probability}
        if table:
            row["paired_difference"] = {
                "roc_auc": _paired(roc_auc_score, churned, scores, first["scores"], seed),
                "brier_score": _paired(brier_score_loss, churned, probability, first["probability"], seed),
            }
        table.append(row)
    return table


def _paired(metric: Callable[..., float], churned: Booleans, rival: Floats, ours: Floats, seed: int) -> Figure:
    """Metric of the rival minus ours, with its interval over the same resamples."""
    return with_interval(
        lambda label, theirs, own: metric(label, theirs) - metric(label, own), churned, rival, ours, seed=seed
    )


def rivals(seed: int) -> dict[str, Callable[[], ClassifierMixin]]:
    """Models the tuned forest is compared with, as everybody would first try them."""
    return {
        "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "untuned forest": lambda: RandomForestClassifier(n_estimators=TREES, random_state=seed, n_jobs=-1),
        "gradient boosting": lambda: HistGradientBoostingClassifier(random_state=seed),
    }
