"""Fit the churn forest: search, out-of-fold scores, and the models it is compared with."""

import importlib
import importlib.util
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
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import ParameterSampler, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from app.performance.curves import brier_score, probability_figures, ranked, ranking_figures, roc_auc
from app.performance.held_out import figure, resamples
from training.calibration import cross_calibrated
from training.fitting import fitted

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
        scores[inside] = fitted(make(), design[~inside], churned[~inside]).predict_proba(design[inside])[:, 1]
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
    weights = resamples(len(churned), seed, churned)
    table: list[dict[str, Any]] = []
    first: tuple[Floats, Floats] | None = None
    for name, (make, design) in tqdm(candidates.items(), desc="comparing models", unit="model"):
        # One thread: on a busy machine those of a boosting library wait for each other, a hundred times as long.
        with threadpool_limits(1, "openmp"):
            scores = out_of_fold_scores(make, design, churned, fold)
        probability = cross_calibrated(scores, churned, fold)
        row: dict[str, Any] = {"model": name}
        row |= ranking_figures(churned, scores, weights) | probability_figures(churned, probability, weights)
        auc, brier = roc_auc(ranked(churned, scores, weights)), brier_score(churned, probability, weights)
        if first is None:
            first = auc, brier
        else:
            row["paired_difference"] = {"roc_auc": figure(auc - first[0]), "brier_score": figure(brier - first[1])}
        table.append(row)
    return table


def rivals(seed: int) -> dict[str, Callable[[], ClassifierMixin]]:
    """Models the tuned forest is compared with, as everybody would first try them."""
    return {
        "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "untuned forest": lambda: RandomForestClassifier(n_estimators=TREES, random_state=seed),
        "gradient boosting": lambda: HistGradientBoostingClassifier(random_state=seed),
    }


BOOSTING: Final = {"XGBoost": "xgboost", "LightGBM": "lightgbm"}
"""Gradient boosting that comes with the extra "boosting", by the module it is imported from."""


def boosted_rivals(seed: int) -> dict[str, Callable[[], ClassifierMixin]]:
    """Rivals of the extra, those that are installed; one thread each, so that a fit can be repeated to the last bit."""
    makers: dict[str, Callable[[], ClassifierMixin]] = {
        "XGBoost": lambda: importlib.import_module("xgboost").XGBClassifier(random_state=seed, n_jobs=1),
        "LightGBM": lambda: importlib.import_module("lightgbm").LGBMClassifier(
            random_state=seed, n_jobs=1, deterministic=True, force_row_wise=True, verbose=-1
        ),
    }
    return {name: makers[name] for name, module in BOOSTING.items() if importlib.util.find_spec(module)}


def not_installed(seed: int) -> list[dict[str, Any]]:
    """List the rivals that could not be compared, with the reason."""
    reason = 'Not installed when this version was trained; the extra "boosting" brings it.'
    return [{"model": name, "not_compared": reason} for name in BOOSTING if name not in boosted_rivals(seed)]
