"""How much each field matters, asked in two ways: by Shapley contributions and by shuffling the field's values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.explanations.contributions import explain
from app.explanations.trees import Forest
from app.performance.curves import brier_score, ranked, roc_auc
from app.performance.held_out import TAILS, Figure, figure, mean_metric, resamples, rounded
from app.telecom.features import FIELD_BY_NAME, MINUTE_NAMES, MODELLED_FIELDS
from app.telecom.scoring import ScoringModel, score

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

SHUFFLES: Final = 25
LEAST_CORRELATION: Final = 0.7


@dataclass(frozen=True)
class Group:
    """Fields that say much the same, or act through one column, and are therefore asked about together."""

    name: str
    label: str
    fields: tuple[str, ...]
    reason: str


def correlated_groups(columns: Mapping[str, Floats], model: ScoringModel) -> list[Group]:
    """Find what has to be asked about together among the training customers.

    Two fields belong together when their correlation is 0.7 or more either way; the minutes belong together because
    the charges and the monthly charge are computed from them.
    """
    names = [name for name in MODELLED_FIELDS[model.field_set] if name not in MINUTE_NAMES]
    strength = np.abs(np.corrcoef([columns[name] for name in names]))
    groups = []
    for place, first in enumerate(names):
        together = [name for name, value in zip(names, strength[place], strict=True) if value >= LEAST_CORRELATION]
        if len(together) > 1 and together[0] == first:
            least = strength[place][[names.index(name) for name in together]].min()
            label = " and ".join(FIELD_BY_NAME[name].mid_sentence for name in together)
            reason = f"Their correlation among the training customers is {least:.2f} or more."
            groups.append(Group("+".join(together), label[0].upper() + label[1:], tuple(together), reason))
    if set(MINUTE_NAMES) <= set(MODELLED_FIELDS[model.field_set]):
        reason = "Each charge follows its minutes, and the monthly charge follows all four."
        groups.append(Group("minutes", "All minutes and their charges", MINUTE_NAMES, reason))
    return groups


def importance_of(
    columns: Mapping[str, Floats], churned: Booleans, model: ScoringModel, forest: Forest, groups: Sequence[Group],
    seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Ask about each field and each group over the held-out customers.

    Returns
    -------
    dict
        ``rows``: fields and groups, largest SHAP first. ``shap`` is the mean absolute contribution to the forest's
        score (of a group: of its contributions' sum) with its bootstrap interval; ``auc_drop`` and ``brier_rise`` are
        the mean over 25 shuffles of the typed values, made before charges are computed, with the interval over
        shuffles and resamples.
    """
    weights = resamples(len(churned), seed, churned)
    explained = explain(columns, model, forest)
    asked: list[tuple[str, str, tuple[str, ...]]] = [
        *((name, FIELD_BY_NAME[name].label, (name,)) for name in explained.fields),
        *((group.name, group.label, group.fields) for group in groups),
    ]
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for name, label, fields in asked:
        places = [explained.fields.index(member) for member in fields]
        moved = np.abs(explained.contributions[:, places].sum(axis=1))
        auc_drop, brier_rise = _shuffled(columns, churned, model, fields, weights, random)
        rows.append(
            {
                "name": name,
                "label": label,
                "fields": [FIELD_BY_NAME[member].alias for member in fields],
                "is_group": len(fields) > 1,
                "groups": [group.name for group in groups if len(fields) == 1 and name in group.fields],
                "shap": figure(mean_metric(moved)(weights)),
                "auc_drop": auc_drop,
                "brier_rise": brier_rise,
            }
        )
    rows.sort(key=lambda row: -row["shap"]["value"])
    return {
        "rows": rows,
        "groups": [{"name": group.name, "label": group.label, "reason": group.reason} for group in groups],
        "notes": [
            "SHAP: mean absolute contribution to the forest's score, charges counted with their minutes.",
            f"Permutation: what is lost when the values are shuffled among the held-out customers, {SHUFFLES} times.",
            "A field that says much the same as another loses little when it is shuffled alone: see the groups.",
        ],
    }


def _shuffled(
    columns: Mapping[str, Floats], churned: Booleans, model: ScoringModel, fields: Sequence[str], weights: Floats,
    random: np.random.Generator,
) -> tuple[Figure, Figure]:  # fmt: skip
    """Drop in AUC and rise in Brier score: mean over shuffles, interval over shuffles and resamples alike."""
    whole = score(columns, model).churn_probability
    means: list[tuple[float, float]] = []
    drawn: list[Floats] = []
    for some in np.array_split(weights[1:], SHUFFLES):
        order = random.permutation(len(churned))
        changed = score({**columns, **{name: columns[name][order] for name in fields}}, model).churn_probability
        both = np.vstack([weights[:1], some])
        auc = roc_auc(ranked(churned, whole, both)) - roc_auc(ranked(churned, changed, both))
        brier = brier_score(churned, changed, both) - brier_score(churned, whole, both)
        means.append((float(auc[0]), float(brier[0])))
        drawn.append(np.vstack([auc[1:], brier[1:]]))
    low, high = np.quantile(np.hstack(drawn), TAILS, axis=1)
    auc_mean, brier_mean = np.mean(means, axis=0)
    return rounded(auc_mean, low[0], high[0]), rounded(brier_mean, low[1], high[1])
