"""Fit the event models: recipes, cross-fitting by user, the search forward in time, and the rivals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from app.events.columns import DAY_US
from app.events.leaks import check_split
from app.performance.curves import brier_score, probability_figures, ranked, ranking_figures, roc_auc
from app.performance.held_out import figure
from training.calibration import cross_calibrated
from training.event_grid import FOLDS, Rows, person_resamples
from training.fitting import fitted

Floats = NDArray[np.float64]
Make = Callable[[], ClassifierMixin]
Balance = Literal["class weights", "SMOTE"]

TREES: Final = 100
BEST_FEATURES: Final = 25
SMOTE_RATIO: Final = 0.5
SEARCHED_FOLDS: Final = 2
"""Folds of users that judge a recipe in the search; the others fit it."""


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters of an event forest.

    Attributes
    ----------
    max_depth, min_samples_leaf, max_features, max_samples
        As scikit-learn's forest takes them. Large leaves and small samples: leaving is seldom sure, and a leaf of few
        rows remembers users.
    balance : {"class weights", "SMOTE"}
        What is done about few leavers, inside each fit: weights that make both outcomes weigh the same, or synthetic
        leavers up to half the stayers. Either way scores spread over 0-1 however rare leaving is, so that contributions
        to them compare between logs.
    """

    max_depth: int
    min_samples_leaf: float
    max_features: float
    max_samples: float
    balance: Balance


RECIPES: Final = (
    Recipe(8, 150, 0.5, 0.4, "class weights"),
    Recipe(8, 100, 0.3, 0.5, "class weights"),
    Recipe(8, 50, 0.3, 0.25, "class weights"),
    Recipe(6, 20, 0.3, 0.7, "class weights"),
    Recipe(8, 100, 0.3, 0.5, "SMOTE"),
)
"""Candidates of the search: small enough to explain in milliseconds."""
SUMMARY_RECIPE: Final = Recipe(6, 0.01, 0.5, 0.5, "class weights")
"""For the four features of a summary. Half of them are tried at a node: with all four every tree goes by minutes alone,
for 0.001 of the AUC out of fold, and the other three numbers hardly move the answer."""


def event_forest(recipe: Recipe, seed: int, monotone: Sequence[int] | None = None) -> Pipeline:
    """A forest that answers 0-1; its balancing is a step of the pipeline, so it sees the rows it is fitted on alone.

    Parameters
    ----------
    recipe : Recipe
    seed : int
    monotone : sequence of int, optional
        One a feature: 1 where the score may never fall as the feature grows, -1 where it may never rise, 0 free.
    """
    forest = RandomForestClassifier(
        n_estimators=TREES,
        max_depth=recipe.max_depth,
        min_samples_leaf=recipe.min_samples_leaf,
        max_features=recipe.max_features,
        max_samples=recipe.max_samples,
        class_weight="balanced" if recipe.balance == "class weights" else None,
        monotonic_cst=list(monotone) if monotone is not None else None,
        random_state=seed,
    )
    if recipe.balance != "SMOTE":
        return Pipeline([("forest", forest)])
    return Pipeline([("smote", SMOTE(sampling_strategy=_smote_ratio, random_state=seed)), ("forest", forest)])


def cross_fitted(make: Make, training: Rows, held_out: Rows | None = None) -> tuple[Floats, Floats]:
    """Score each user by a model that was fitted without the user: training rows, and rows of later dates.

    Raises
    ------
    LeakFound
        A user is on both sides of a fold.

    Returns
    -------
    out_of_fold : ndarray, shape (len(training),)
    later : ndarray, shape (len(held_out),)
        Empty without held-out rows.
    """
    later_rows = training.take(np.zeros(0, dtype=np.intp)) if held_out is None else held_out
    out_of_fold, later = np.empty(len(training)), np.empty(len(later_rows))
    fold, later_fold = training.fold, later_rows.fold
    for number in range(FOLDS):
        inside, later_inside = fold == number, later_fold == number
        fitted_on = training.take(~inside)
        asked = np.concatenate([training.user[inside], later_rows.user[later_inside]])
        check_split(fitted_on.user.tolist(), asked.tolist())
        model = fitted(make(), fitted_on.design, fitted_on.left)
        out_of_fold[inside] = scores_of(model, training.take(inside))
        later[later_inside] = scores_of(model, later_rows.take(later_inside))
    return out_of_fold, later


def scores_of(model: ClassifierMixin, rows: Rows) -> Floats:
    """Score rows by a fitted model: shape (n,); empty for no rows."""
    scores: Floats = model.predict_proba(rows.design)[:, 1] if len(rows) else np.empty(0)
    return scores


def search_recipe(training: Rows, label_days: int, seed: int) -> tuple[Recipe, list[dict[str, Any]], str]:
    """Choose a recipe by validation forward in time, inside the training dates, on users the fit has not seen.

    The last training date judges; a recipe is fitted on the dates whose labels were complete by then. Where there is no
    such date, all dates judge, still by other users.

    Returns
    -------
    best : Recipe
        Of the highest AUC; the first of equals.
    tried : list of dict
        Every recipe with its ``roc_auc``, best first.
    method : str
        One sentence on what was validated how.
    """
    last = int(training.as_of.max())
    known = training.as_of + label_days * DAY_US <= last
    judges = training.fold < SEARCHED_FOLDS
    method = "Fitted on dates whose labels were complete by the last training date, judged on that date by other users."
    fits, judged = known & ~judges, (training.as_of == last) & judges
    if not _both(training.left[fits]) or not _both(training.left[judged]):
        fits, judged = ~judges, judges
        method = "The training dates are too close together to validate forward in time: judged by other users alone."
    fitted_on, judged_on = training.take(fits), training.take(judged)
    check_split(fitted_on.user.tolist(), judged_on.user.tolist())
    everybody = np.ones((1, len(judged_on)))
    tried = []
    for recipe in RECIPES:
        scores = scores_of(fitted(event_forest(recipe, seed), fitted_on.design, fitted_on.left), judged_on)
        auc = float(roc_auc(ranked(judged_on.left, scores, everybody))[0])
        tried.append((recipe, {**asdict(recipe), "roc_auc": round(auc, 6)}))
    tried.sort(key=lambda entry: -entry[1]["roc_auc"])
    return tried[0][0], [row for _, row in tried], method


def rivals(seed: int, features: int) -> dict[str, Make]:
    """Models a forest of so many features is compared with: the best 25 in a straight line, and gradient boosting."""
    return {
        "logistic regression, best 25 features": lambda: make_pipeline(
            FunctionTransformer(_signed_log),
            StandardScaler(),
            SelectKBest(_f_score, k=min(BEST_FEATURES, features)),
            LogisticRegression(C=0.1, max_iter=1000),
        ),
        "gradient boosting": lambda: HistGradientBoostingClassifier(
            max_leaf_nodes=8, learning_rate=0.05, max_iter=120, random_state=seed
        ),
    }


def compare(scores: Mapping[str, Floats], training: Rows, seed: int) -> list[dict[str, Any]]:
    """Lay out models on the out-of-fold rows of the last training date: ranking by score, the rest by probability.

    Probabilities are cross-calibrated over all dates. Every row but the first also holds its paired difference to the
    first: both models on the same resamples of users.
    """
    last = training.as_of == training.as_of.max()
    left = training.left[last]
    weights = person_resamples(training.take(last), seed)
    table: list[dict[str, Any]] = []
    first: tuple[Floats, Floats] | None = None
    for name, found in scores.items():
        probability = cross_calibrated(found, training.left, training.fold)[last]
        row: dict[str, Any] = {"model": name}
        row |= ranking_figures(left, found[last], weights) | probability_figures(left, probability, weights)
        auc, brier = roc_auc(ranked(left, found[last], weights)), brier_score(left, probability, weights)
        if first is None:
            first = auc, brier
        else:
            row["paired_difference"] = {"roc_auc": figure(auc - first[0]), "brier_score": figure(brier - first[1])}
        table.append(row)
    return table


def rival_scores(training: Rows, seed: int) -> dict[str, Floats]:
    """Score the training rows out of fold by every rival."""
    found = {}
    for name, make in rivals(seed, len(training.features)).items():
        # One thread: on a busy machine those of a boosting library wait for each other, a hundred times as long.
        with threadpool_limits(1, "openmp"):
            found[name] = cross_fitted(make, training)[0]
    return found


def _both(left: NDArray[np.bool_]) -> bool:
    return bool(left.any() and not left.all())


def _smote_ratio(left: NDArray[np.bool_]) -> dict[bool, int]:
    """Ask for leavers up to half the stayers, and for none where there are that many already."""
    stayers, leavers = int((~left).sum()), int(left.sum())
    return {True: max(leavers, int(SMOTE_RATIO * stayers))}


def _signed_log(design: NDArray[np.float32]) -> Floats:
    """Bring long tails in: counts and money by their logarithm, either sign."""
    values = design.astype(np.float64)
    return np.sign(values) * np.log1p(np.abs(values))


def _f_score(design: Floats, left: NDArray[np.bool_]) -> Floats:
    """Rank features by the F statistic; one that never varies comes last."""
    varies = design.std(axis=0) > 0
    found = np.zeros(design.shape[1])
    found[varies] = f_classif(design[:, varies], left)[0]
    return found
