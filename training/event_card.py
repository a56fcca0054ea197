"""Describe an event model in a card: what it was asked, on which dates, how well it answers, and what it leans on."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.events.columns import DAY_US, Micros
from app.events.feature_table import FEATURE_BY_NAME, Windows
from app.events.labels import LabelKind
from app.events.leaks import ranking_strength
from app.events.reasons import recommendation_for, row_reasons
from app.events.scoring import EventModel, score_features
from app.explanations.trees import Forest
from app.performance.curves import Ranked, ranked, roc_auc
from app.performance.held_out import decimal, figure, mean_metric
from app.telecom.policy import TIERS
from training.event_grid import Question, Rows, person_resamples

Floats = NDArray[np.float64]

LIBRARIES: Final = ("imbalanced-learn", "numpy", "onnx", "onnxruntime", "scikit-learn", "skl2onnx")
GOLDEN_ROWS: Final = 20
EXPLAINED_ROWS: Final = 1_000
"""Held-out rows behind the importance and the count of actions: contributions take a millisecond or two each."""
SHUFFLES: Final = 3
SHUFFLED_ROWS: Final = 3_000
IN_DISGUISE: Final = 0.01
"""AUC by which a model must beat its best single feature; below, it is that feature in disguise."""
MEANINGS: Final[dict[LabelKind, str]] = {
    "explicit": "cancels",
    "silence": "does nothing at all",
    "proxy": "is active on fewer than {share:.0%} of the usual number of days",
}
LIMITS: Final = (
    "The answer is for users who were active in the observation window and have not cancelled; it knows no others.",
    "The probability interval covers the calibration, not the choice of forest or a change of the service.",
    "The base rate is that of the training dates. Retrain when the share that leaves has moved.",
)
SEASON_LIMIT: Final = (
    "The year is taken to repeat. Where each time of the year was seen once, what looks like a season may be growth or "
    "a young log. A date far from all training dates is answered without a season (see --no-seasons)."
)
SIMULATED_LIMIT: Final = (
    "Trained on a simulated log: it shows what the method does, and knows nothing of your users. Retrain on your own "
    "log with `python -m training.events --log FILE` before money depends on the score."
)


def day_text(moment: Micros) -> str:
    """Write the UTC day of a moment: YYYY-MM-DD.

    Examples
    --------
    >>> day_text(0)
    '1970-01-01'
    """
    return str(np.datetime64(moment // DAY_US, "D"))


def question_part(question: Question) -> dict[str, Any]:
    """Say what is asked: windows, label and population."""
    windows, horizon, lead = question.windows, question.horizon_days, question.lead_days
    meaning = MEANINGS[question.label].format(share=question.usual_share)
    after = f", from {lead} days after the date on" if lead else ""
    return {
        "what": f"Probability that a user {meaning} within {horizon} days{after}",
        "windows": {"observation_days": windows.observation_days, "recent_days": windows.recent_days},
        "label": {
            "kind": question.label,
            "horizon_days": horizon,
            "lead_days": lead,
            "usual_share": question.usual_share if question.label == "proxy" else None,
        },
        "population": f"Active in the {windows.observation_days} days before the date, and not cancelled before it",
    }


def rows_part(rows: Rows) -> dict[str, Any]:
    """Count rows, users and leavers, and list the dates with the share that left after each."""
    dates = np.unique(rows.as_of)
    return {
        "rows": len(rows),
        "users": len(np.unique(rows.user)),
        "left": int(rows.left.sum()),
        "churn_rate": decimal(rows.left.mean()),
        "dates": [
            {
                "as_of": day_text(int(as_of)),
                "users": int((rows.as_of == as_of).sum()),
                "churn_rate": decimal(rows.left[rows.as_of == as_of].mean()),
            }
            for as_of in dates
        ],
    }


def trained_on(source: Mapping[str, Any], rows: Rows) -> str:
    """Say in one sentence what a model was trained on."""
    log = f"the log {source['file']}" if "file" in source else "a simulated log"
    dates = np.unique(rows.as_of)
    named = f"{len(dates)} dates from {day_text(int(dates[0]))} to {day_text(int(dates[-1]))}"
    users, events = len(np.unique(rows.user)), source["events"]
    return f"{users:,} users of {log} ({events:,} events) at {named if len(dates) > 1 else day_text(int(dates[0]))}."


def features_part(training: Rows, windows: Windows) -> list[dict[str, Any]]:
    """Describe each column of the design, in order, with the training rows' median and range."""
    described = []
    for name, values in zip(training.features, training.values.T, strict=True):
        feature = FEATURE_BY_NAME[name]
        described.append(
            {
                "name": name,
                "group": feature.group,
                "label": feature.label_in(windows),
                "unit": feature.unit,
                "typical": round(float(np.median(values)), 6),
                "training_range": [float(values.min()), float(values.max())],
            }
        )
    return described


def golden_design(training: Rows) -> NDArray[np.float32]:
    """Lay out rows that are nobody's: every feature at its own quantile, from the lowest to the highest."""
    return np.quantile(training.values, np.linspace(0, 1, GOLDEN_ROWS), axis=0).astype(np.float32)


def best_feature(training: Rows, held_out: Rows, model_auc: float) -> dict[str, Any]:
    """Find the feature that ranks the training rows best, and how it alone ranks the held-out ones.

    Parameters
    ----------
    model_auc : float
        Of the model, on the held-out rows.
    """
    strengths = [ranking_strength(values, training.left) for values in training.values.T]
    place = int(np.argmax(strengths))
    name = training.features[place]
    everybody = np.ones((1, len(training)))
    falls = float(roc_auc(ranked(training.left, training.values[:, place], everybody))[0]) < 0.5
    alone = held_out.values[:, place] * (-1 if falls else 1)
    auc = decimal(roc_auc(ranked(held_out.left, alone, np.ones((1, len(held_out)))))[0])
    label = FEATURE_BY_NAME[name].name
    if model_auc - auc <= IN_DISGUISE:
        sentence = (
            f"The model is one feature in disguise: {label} alone reaches AUC {auc:.3f}, the model {model_auc:.3f}. "
            "Use the feature, or find out why the others add nothing."
        )
    else:
        sentence = f"The best single feature, {label}, alone reaches AUC {auc:.3f}; the model {model_auc:.3f}."
    return {"feature": name, "roc_auc": auc, "in_disguise": model_auc - auc <= IN_DISGUISE, "sentence": sentence}


def oracle_part(rows: Rows, probability: Floats, oracle: Floats, seed: int) -> dict[str, Any]:
    """Set the model beside the generating process's own probability on the same held-out rows.

    Parameters
    ----------
    probability, oracle : ndarray, shape (n,)
        By the model, and by the process that made the log.
    """
    weights = person_resamples(rows, seed)
    best, own = (roc_auc(expected_ranking(oracle, score, weights)) for score in (oracle, probability))
    return {
        "roc_auc": figure(best),
        "model_roc_auc": figure(own),
        "gap": figure(best - own),
        "mean_probability": decimal(oracle.mean()),
        "note": "AUC expected over who happens to leave, given every user's hidden state. The process that made the "
        "log knows that state: no model of behaviour can rank better.",
    }


def expected_ranking(oracle: Floats, score: Floats, weights: Floats) -> Ranked:
    """Rank users by score and count each as leaving with the process's own probability, free of chance."""
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(falling)) + 1])
    sums = [np.add.reduceat(weights[:, order] * share[order], starts, axis=1) for share in (oracle, 1 - oracle)]
    leavers, stayers = (np.pad(np.cumsum(part, axis=1), ((0, 0), (1, 0))) for part in sums)
    return Ranked(falling[starts], leavers, stayers)


def _tiers(model: EventModel, rows: Rows) -> list[int]:
    """Give each row's tier as the service would on its date, the time of the year included."""
    tiers = np.empty(len(rows), dtype=np.intp)
    for as_of in np.unique(rows.as_of):
        inside = rows.as_of == as_of
        tiers[inside] = score_features(rows.values[inside], model, int(as_of)).tier
    return [int(tier) for tier in tiers]


def leaning_part(model: EventModel, forest: Forest, held_out: Rows, seed: int) -> dict[str, Any]:
    """Say what the model leans on, and which actions its users get.

    Over at most 1,000 held-out rows: ``shap`` is the mean absolute contribution to the forest's score with its
    interval, ``auc_drop`` what the AUC loses when the feature is shuffled among at most 3,000 (mean of 3 times).
    """
    random = np.random.default_rng(seed)
    chosen = np.sort(random.permutation(len(held_out))[:EXPLAINED_ROWS])
    some = held_out.take(chosen)
    contributions = forest.contributions(some.design)
    weights = person_resamples(some, seed)
    shuffled = held_out.take(np.sort(random.permutation(len(held_out))[:SHUFFLED_ROWS]))
    auc_drop = _auc_drops(model, shuffled, random)
    rows: list[dict[str, Any]] = [
        {
            "feature": name,
            "group": FEATURE_BY_NAME[name].group,
            "shap": figure(mean_metric(np.abs(contributions[:, place]))(weights)),
            "auc_drop": decimal(auc_drop[place]),
        }
        for place, name in enumerate(model.features)
    ]
    rows.sort(key=lambda row: -row["shap"]["value"])
    counts: dict[str, int] = {}
    for place, tier in enumerate(_tiers(model, some)):
        reasons = row_reasons(model, contributions[place], some.values[place])
        code = recommendation_for(TIERS[tier], reasons).code
        counts[code] = counts.get(code, 0) + 1
    return {
        "importance": {
            "rows": rows,
            "notes": [
                f"SHAP: mean absolute contribution to the forest's score, over {len(some):,} held-out rows.",
                f"Permutation: AUC lost when values are shuffled among {len(shuffled):,} rows, {SHUFFLES} times.",
                "A feature that says much the same as another loses little when it is shuffled alone.",
            ],
        },
        "actions": {"rows": len(some), "counts": dict(sorted(counts.items()))},
    }


def libraries() -> dict[str, str]:
    """Print the versions that made a model."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def limits(simulated: bool, has_seasons: bool, further: Sequence[str] = ()) -> list[str]:
    """List what a reader has to know before trusting the score."""
    return [*LIMITS, *[SEASON_LIMIT] * has_seasons, *[SIMULATED_LIMIT] * simulated, *further]


def _auc_drops(model: EventModel, held_out: Rows, random: np.random.Generator) -> Floats:
    """AUC lost by shuffling each feature in turn: shape (k,)."""
    everybody = np.ones((1, len(held_out)))

    def auc(design: NDArray[np.float32]) -> float:
        return float(roc_auc(ranked(held_out.left, model.graph(design)[0].astype(np.float64), everybody))[0])

    whole = auc(held_out.design)
    drops = np.zeros(len(held_out.features))
    for place in range(len(drops)):
        for _ in range(SHUFFLES):
            design = held_out.design.copy()
            design[:, place] = design[random.permutation(len(design)), place]
            drops[place] += whole - auc(design)
    return drops / SHUFFLES
