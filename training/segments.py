"""Find the segments of the training customers and seal what they are in a card, or say that nothing separates."""

import importlib.metadata
from collections.abc import Collection, Mapping
from dataclasses import asdict
from itertools import count
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.segments.assignment import (
    CARD_SCHEMA,
    DESCRIBED,
    DESCRIBED_BY_NAME,
    DOMESTIC_CALLS,
    MODEL_NAME,
    RULE_SEGMENTS,
    Feature,
    SegmentModel,
    described_values,
    rule_segment,
)
from app.segments.personas import (
    apart_sentence,
    differences,
    per_cent,
    persona_names,
    rule_personas,
    rule_sentence,
)
from app.telecom.features import MODELLED_FIELDS, MONTHLY_CHARGE, FieldSet
from app.telecom.scoring import ScoringModel, score
from training.clustering import (
    CANDIDATES,
    RULE,
    SILHOUETTE_FLOOR,
    STABILITY_FLOOR,
    Clustering,
    best_features,
    choose,
    cluster,
    match,
    one_standard_error_choice,
    references,
    single_threaded,
)
from training.datasets import CHURNED, columns_of
from training.segment_cards import Portrait, finding, means_inside, segment_entry, separation
from training.simulate import simulate
from training.telecom import Source

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

VALUE_AND_PLANS: Final = (MONTHLY_CHARGE, "international_plan", "number_vmail_messages")
FEATURE_SETS: Final = (
    *((*VALUE_AND_PLANS, name) for name in ("account_length", "customer_service_calls", DOMESTIC_CALLS,
                                            "total_intl_calls")),
    (*VALUE_AND_PLANS, "account_length", "customer_service_calls"),
    tuple(described.name for described in DESCRIBED),
)  # fmt: skip
"""Sets of features that are tried: value and plans with one more kind of usage, with two, and everything."""
FEATURE_RULE: Final = (
    "Of the declared sets of features, the one whose groups, chosen by the rule, refits agree with best. Whether "
    "customers left plays no part."
)
GOLDEN_ROWS: Final = 20
LIBRARIES: Final = ("numpy", "scikit-learn", "scipy")
LIMITS: Final = (
    "The table is one cross-section of artificial customers: segments are not habits watched over time.",
    "Without the four minutes the bill is the one that the estimated lifetime value implies, which lies near the mean "
    "for nearly everybody: such customers are hardly told apart by their bill.",
    "Churn rates, values and the value at risk describe the customers the models were trained on.",
)


def train_segments(
    version: str,
    training: Source,
    models: Mapping[FieldSet, ScoringModel],
    previous: Mapping[str, Any] | None,
    seed: int,
) -> dict[str, Any]:
    """Choose features and number of groups by the declared rules, and write the card.

    Parameters
    ----------
    version : str
        Name of the new version.
    training : Source
        Labelled customers; labels only describe the segments, they choose nothing.
    models : mapping of field set to ScoringModel
        The versions that estimate values and risks.
    previous : mapping or None
        Card of the version before, whose segments keep their numbers and names where they are found again.
    seed : int
        The same seed, customers and models give the same card.

    Raises
    ------
    KeyError
        A field set has no model.
    """
    columns, churned = columns_of(training.frame), training.frame[CHURNED].to_numpy(np.bool_)
    scores, remaining = score(columns, models["usage"]), models["usage"].clv_interval.remaining_months
    values = {item.name: described_values(item.name, columns, "usage", scores.clv_usd, remaining) for item in DESCRIBED}
    frame = Portrait(values, churned, scores)
    features = {name: Feature(name, "identity", *_moments(values[name])) for name in values}
    standardised = {name: feature.standardised(values[name]) for name, feature in features.items()}
    names, found, search = _search(standardised, seed)
    card: dict[str, Any] = {
        "schema": CARD_SCHEMA,
        "kind": "segments",
        "name": MODEL_NAME,
        "version": version,
        "method": "kmeans" if found else "rules",
        "seed": seed,
        "data": {"training": _describe(training, churned)},
        "scored_by": {"name": models["usage"].name, "version": models["usage"].version},
        "remaining_months": remaining,
        **search,
        "limits": list(LIMITS),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
    if found is None:
        return card | _rules_part(frame, search["curves"], previous)
    card |= _clusters_part(frame, [features[name] for name in names], found, previous)
    return _with_golden_rows(card, frame, columns, models, seed)


def _search(standardised: Mapping[str, Floats], seed: int) -> tuple[list[str], Clustering | None, dict[str, Any]]:
    """Choose by the rules: which features, which groups (None: nothing separates), and the card's evidence for both."""
    with single_threaded():
        best, tried = best_features(standardised, FEATURE_SETS, seed)
        names = tried[best]["features"]
        chosen = np.column_stack([standardised[name] for name in names])
        curves = {**tried[best]["curves"], **references(chosen, seed)}
        k = choose(curves)
        found = cluster(chosen, k, seed) if k else None
    return names, found, {
        "rule": {
            "features": FEATURE_RULE,
            "groups": RULE,
            "silhouette_floor": SILHOUETTE_FLOOR,
            "stability_floor": STABILITY_FLOOR,
            "one_standard_error_k": one_standard_error_choice(curves),
        },
        "tried": [{name: entry[name] for name in ("features", "k", "silhouette", "stability")} for entry in tried],
        "curves": curves,
    }  # fmt: skip


def renumber(pairs: Mapping[int, int], k: int, used: Collection[int] = ()) -> list[int]:
    """Number groups so that those found again keep their number, and the others have one that no group ever had.

    Parameters
    ----------
    pairs : mapping of int to int
        Number of a segment of before to the group that it is now.
    k : int
        Number of groups.
    used : collection of int
        Numbers that any version gave, those in ``pairs`` among them.

    Examples
    --------
    >>> renumber({2: 0, 0: 1}, 3, {0, 1, 2})  # group 0 was segment 2, group 1 was segment 0; group 2 is new
    [2, 0, 3]
    """
    kept = {after: before for before, after in pairs.items()}
    unused = count(max({*used, *pairs}, default=-1) + 1)
    return [kept[group] if group in kept else next(unused) for group in range(k)]


def numbers_used(previous: Mapping[str, Any] | None) -> set[int]:
    """Every number that customers may be stored with, up to the version of a card; rules are never stored."""
    if previous is None:
        return set()
    own = (segment["id"] for segment in previous["segments"]) if previous["method"] == "kmeans" else ()
    return {*previous.get("retired", ()), *own}


def _clusters_part(
    frame: Portrait, features: list[Feature], found: Clustering, previous: Mapping[str, Any] | None
) -> dict[str, Any]:
    k, used = len(found.centroids), numbers_used(previous)
    pairs = _found_again(previous, features, found.centroids)
    numbers = renumber(pairs, k, used)
    order = np.argsort(numbers)
    ids, labels = sorted(numbers), np.argsort(order)[found.labels]
    ranked = [differences(means_inside(frame.values, labels == place), frame.overall) for place in range(k)]
    before = {segment["id"]: segment["persona"] for segment in previous["segments"]} if previous else {}
    personas = persona_names(ranked, {place: before[ids[place]] for place in range(k) if ids[place] in pairs})
    parted = separation(frame.values, labels, [feature.name for feature in features])
    return {
        "features": [
            {**asdict(feature), "label": DESCRIBED_BY_NAME[feature.name].label,
             "unit": DESCRIBED_BY_NAME[feature.name].unit}
            for feature in features
        ],
        "centroids": found.centroids[order].round(6).tolist(),
        "k": k,
        "separation": parted,
        "segments": [
            segment_entry(frame, ids[place], labels == place, personas[place], ranked[place],
                     apart_sentence(ranked[place]))
            for place in range(k)
        ],
        "retired": sorted(used - set(ids)),
        "matched_to": {"version": previous["version"], "map": {str(old): numbers[new] for old, new in pairs.items()}}
        if previous else None,
    }  # fmt: skip


def _rules_part(
    frame: Portrait, curves: Mapping[str, list[dict[str, float]]], previous: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Describe value band by risk tier, and say why no clusters are in use."""
    labels = rule_segment(frame.scores.tier, frame.scores.value_band)
    best = max(curves["silhouette"], key=lambda point: point["value"])
    personas = rule_personas()
    segments = []
    for segment in range(len(RULE_SEGMENTS)):
        inside = labels == segment
        ranked = differences(means_inside(frame.values, inside), frame.overall)
        segments.append(segment_entry(frame, segment, inside, personas[segment], ranked, rule_sentence(segment)))
    return {
        "features": [],
        "centroids": [],
        "k": len(segments),
        "separation": [],
        "finding": (
            f"Nothing separates: no number of groups from {CANDIDATES[0]} to {CANDIDATES[-1]} meets the rule (the best "
            f"mean silhouette is {best['value']:.2f}, with {best['k']:g} groups). Segments are value band by risk tier."
        ),
        "segments": segments,
        "retired": sorted(numbers_used(previous)),
        "matched_to": None,
        "golden": [],
    }


def _with_golden_rows(
    card: dict[str, Any],
    frame: Portrait,
    columns: Mapping[str, Floats],
    models: Mapping[FieldSet, ScoringModel],
    seed: int,
) -> dict[str, Any]:
    """Add what the sealed centres themselves answer, and how much of it hangs on the minutes."""
    model = SegmentModel.from_card({**card, "golden": []})
    simulated = columns_of(simulate(GOLDEN_ROWS, seed))
    golden = []
    for field_set in models:
        shown = {name: simulated[name] for name in MODELLED_FIELDS[field_set]}
        clv = score(shown, models[field_set]).clv_usd
        told = {name: values.tolist() for name, values in shown.items()}
        segment = model.assign(shown, field_set, clv).tolist()
        golden.append({"field_set": field_set, "columns": told, "clv_usd": clv.tolist(), "segment": segment})
    with_minutes = model.assign(columns, "usage", frame.scores.clv_usd)
    without = model.assign(columns, "core", score(columns, models["core"]).clv_usd)
    other = per_cent(round(float((with_minutes != without).mean()), 2))
    limit = f"Without their minutes {other} of the training customers come into another segment than with them."
    return {**card, "finding": finding(card), "limits": [*card["limits"], limit], "golden": golden}


def _found_again(previous: Mapping[str, Any] | None, features: list[Feature], centroids: Floats) -> dict[int, int]:
    if previous is None or previous["method"] != "kmeans":
        return {}
    before = [
        {difference["feature"]: difference["mean"] for difference in segment["differences"]}
        for segment in previous["segments"]
    ]
    units = [feature.standardised(np.array([means[feature.name] for means in before])) for feature in features]
    found = match(np.column_stack(units), centroids)
    return {previous["segments"][place]["id"]: group for place, group in found.items()}


def _moments(values: Floats) -> tuple[float, float]:
    """Mean and deviation as the card keeps them; a feature that never varies keeps its unit."""
    return round(float(values.mean()), 8), round(float(values.std()), 8) or 1.0


def _describe(source: Source, churned: NDArray[np.bool_]) -> dict[str, Any]:
    rate = round(float(churned.mean()), 6)
    return {"file": source.file_name, "sha256": source.sha256, "rows": len(churned), "churn_rate": rate}
