"""Fit, calibrate, compare and describe one event model, ready to be sealed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from imblearn.pipeline import Pipeline
from numpy.typing import NDArray

from app.events.feature_table import SUMMARY_FEATURES
from app.events.leaks import check_no_leak
from app.events.policy import cut_points_for
from app.events.scoring import CARD_KIND, CARD_SCHEMA, CHURN, SUMMARY, EventModel, score_features
from app.events.seasons import Seasons
from app.explanations.trees import TREES, Forest
from app.performance.curves import ranked, roc_auc
from app.registry.artifacts import MODEL, load_graph
from training import event_card
from training.event_calibration import calibration_of, cross_calibrated_later, seasons_of
from training.event_grid import Question, Rows, person_resamples
from training.event_models import (
    SUMMARY_RECIPE,
    Recipe,
    compare,
    cross_fitted,
    event_forest,
    rival_scores,
    scores_of,
    search_recipe,
)
from training.fitting import fitted
from training.metrics import churn_figures
from training.sealing import build_score_graph, prove_equal, tree_arrays

Floats = NDArray[np.float64]

MONOTONE: Final = {"days_inactive": 1, "time_spent_minutes_recent": -1, "purchases_recent": -1}
"""Which way a summary's feature may move the risk. Sessions are free: more of them in the same minutes are shorter
ones, and holding them down costs 0.011 of the AUC on the training dates, out of fold."""
SUMMARY_LIMIT: Final = (
    "Four numbers say less than a log: the answer is coarser than that of the model over all features. It never falls "
    "with more silence and never rises with more minutes or purchases; more sessions in the same minutes are shorter "
    "ones, which may raise it."
)
LEAST_OF_EACH: Final = 20
"""Rows of each outcome below which every figure is chance, and folds may lack one."""
NEW_USERS: Final = "Users of another log, none of whom was trained on: each answered by the sealed model."
SAME_USERS: Final = (
    "Later dates of the same log: each user answered by the same recipe fitted and calibrated without that user."
)


@dataclass(frozen=True, eq=False)
class Material:
    """What a model is made from and judged on.

    Attributes
    ----------
    training, held_out : Rows
        Held-out rows are of later dates; their users are new, or the same as in training.
    question : Question
    source : dict
        Where the log came from, for the card.
    oracle : ndarray, shape (len(held_out),), or None
        For a simulated log: the generating process's own probability of each held-out row.
    """

    training: Rows
    held_out: Rows
    question: Question
    source: dict[str, Any]
    oracle: Floats | None = None

    def only(self, names: Sequence[str]) -> "Material":
        """Choose features."""
        return Material(self.training.only(names), self.held_out.only(names), self.question, self.source, self.oracle)


@dataclass(frozen=True)
class Trained:
    """What sealing needs, and the answers of the held-out rows."""

    card: dict[str, Any]
    files: dict[str, bytes]
    pipeline: Pipeline
    probability: Floats


def train_churn(material: Material, version: str, seed: int) -> Trained:
    """Search a recipe and train the model over all features; see ``train``."""
    _check_outcomes(material.training)
    recipe, tried, method = search_recipe(material.training, material.question.label_days, seed)
    return train(material, CHURN, version, recipe, seed, {"tried": tried, "method": method})


def train_summary(material: Material, version: str, seed: int) -> Trained:
    """Train the model over the four numbers a person can state, held to ``MONOTONE``; see ``train``."""
    return train(material.only(SUMMARY_FEATURES), SUMMARY, version, SUMMARY_RECIPE, seed, None)


def train(
    material: Material, name: str, version: str, recipe: Recipe, seed: int, search: dict[str, Any] | None
) -> Trained:  # fmt: skip
    """Fit on every training row, calibrate on out-of-fold scores by user, and report on the held-out rows.

    Nothing is chosen by the held-out rows: they are read for the card's figures alone.

    Raises
    ------
    LeakFound
        A column, or two, all but give the label away, or a user is on both sides of a fold.
    SealRefused
        The ONNX graph does not answer like the fitted forest.
    ValueError
        An outcome occurs too seldom to learn from.
    """
    training, held_out, question = material.training, material.held_out, material.question
    _check_outcomes(training)
    check_no_leak(training.design, training.features, training.left)
    monotone = [MONOTONE.get(feature, 0) for feature in training.features] if name == SUMMARY else None
    pipeline = fitted(event_forest(recipe, seed, monotone), training.design, training.left)
    out_of_fold, later = cross_fitted(lambda: event_forest(recipe, seed, monotone), training, held_out)
    forest = pipeline.named_steps["forest"]
    graph = build_score_graph(forest, len(training.features))
    equality = prove_equal(graph, training.design, scores_of(pipeline, training))
    table = calibration_of(out_of_fold, training, seed)
    seasons = seasons_of(table.apply(out_of_fold)[0], training) if question.seasons else Seasons()
    scores = {f"random forest, {recipe.balance} (this model)": out_of_fold, **rival_scores(training, seed)}
    card: dict[str, Any] = {
        **_asked(material, name, version, seed),
        "recipe": asdict(recipe),
        "search": search,
        "monotone": dict(zip(training.features, monotone, strict=True)) if monotone else None,
        "calibration": {"method": "Venn-ABERS on out-of-fold scores by user", "knots": table.to_card()},
        "seasons": {"shifts": seasons.to_card(), "note": _season_note(seasons)},
        "policy": _policy(training),
        "comparison": compare(scores, training, seed),
        "equality": {"rows": len(training), **equality},
        "golden": _golden(graph, training),
        "limits": event_card.limits(
            material.oracle is not None, bool(seasons.day_of_year), [SUMMARY_LIMIT] * (name == SUMMARY)
        ),
        "libraries": event_card.libraries(),
    }
    model, trees = EventModel.from_card(card, load_graph(graph)), tree_arrays(forest)
    if set(training.user) & set(held_out.user):
        probability, method = cross_calibrated_later(out_of_fold, training, later, held_out, seasons), SAME_USERS
    else:
        probability, method = answers_of(model, held_out), NEW_USERS
    card["data"]["reporting"] = event_card.rows_part(held_out) | {"note": method}
    cut_point = card["policy"]["decision_cut_point"]
    card |= _reported(material, model, Forest.from_npz(trees), probability, cut_point, seed)
    return Trained(card, {MODEL: graph, TREES: trees}, pipeline, probability)


def _check_outcomes(training: Rows) -> None:
    left = int(training.left.sum())
    stayed = len(training) - left
    if min(left, stayed) < LEAST_OF_EACH:
        raise ValueError(
            f"training needs {LEAST_OF_EACH} rows of users who left and as many of users who stayed, and there are "
            f"{left:,} and {stayed:,}: change the label, the horizon or the dates"
        )


def _asked(material: Material, name: str, version: str, seed: int) -> dict[str, Any]:
    """Name the version, and say what it is asked about whom."""
    training, question = material.training, material.question
    return {
        "schema": CARD_SCHEMA,
        "kind": CARD_KIND,
        "name": name,
        "version": version,
        "seed": seed,
        **event_card.question_part(question),
        "trained_on": event_card.trained_on(material.source, training),
        "data": {"source": material.source, "training": event_card.rows_part(training)},
        "features": event_card.features_part(training, question.windows),
    }


def answers_of(model: EventModel, rows: Rows) -> Floats:
    """Answer rows as the service would, each at its own date: shape (n,)."""
    probability = np.empty(len(rows))
    for as_of in np.unique(rows.as_of):
        inside = rows.as_of == as_of
        probability[inside] = score_features(rows.values[inside], model, int(as_of)).probability
    return probability


def _reported(
    material: Material, model: EventModel, forest: Forest, probability: Floats, cut_point: float, seed: int
) -> dict[str, Any]:  # fmt: skip
    """Give what a card says of the held-out rows."""
    held_out = material.held_out
    weights = person_resamples(held_out, seed)
    auc = float(roc_auc(ranked(held_out.left, probability, weights[:1]))[0])
    oracle = material.oracle
    return {
        "reported": {"churn": churn_figures(held_out.left, probability, cut_point, weights)},
        "best_feature": event_card.best_feature(material.training, held_out, auc),
        "oracle": None if oracle is None else event_card.oracle_part(held_out, probability, oracle, seed),
        **event_card.leaning_part(model, forest, held_out, seed),
    }


def _policy(training: Rows) -> dict[str, Any]:
    """Take the tiers from the typical rate; figures of yes or no are those of High, so that High means one thing."""
    typical_rate = round(float(training.left.mean()), 6)
    medium, high = cut_points_for(typical_rate)
    return {"typical_rate": typical_rate, "tier_cut_points": [medium, high], "decision_cut_point": high}


def _golden(graph: bytes, training: Rows) -> dict[str, Any]:
    design = event_card.golden_design(training)
    return {"design": design.tolist(), "forest_score": load_graph(graph)(design)[0].tolist()}


def _season_note(seasons: Seasons) -> str:
    if not seasons.day_of_year:
        return "None: the training dates do not span most of a year, or do not differ by more than chance."
    return "Added to the log-odds at that time of the year; from the share that left after each training date."


def report(trained: Trained) -> str:
    """Write the figures of a card as lines."""
    card = trained.card
    churn = card["reported"]["churn"]
    lines = [
        f"  {card['what']}",
        f"  {card['data']['training']['rows']:,} training rows, {churn['rows']:,} held-out rows; "
        f"left {churn['churn_rate']:.3f}, majority {churn['majority_share']:.3f}, cut {churn['cut_point']}",
        *(_figure_line(name, found) for name, found in churn.items() if isinstance(found, dict)),
        *(_figure_line(f"out of fold: {row['model']}", row["roc_auc"]) for row in card["comparison"]),
        f"  {card['best_feature']['sentence']}",
    ]
    if card["oracle"]:
        lines += [_figure_line("oracle AUC", card["oracle"]["roc_auc"]), _figure_line("gap", card["oracle"]["gap"])]
    lines.append(f"  actions {json.dumps(card['actions']['counts'])}")
    return "\n".join(lines) + "\n"


def _figure_line(name: str, found: dict[str, float]) -> str:
    interval = f"  [{found['low']:.4f}, {found['high']:.4f}]" if "low" in found else ""
    return f"  {name:50} {found['value']:.4f}{interval}"
