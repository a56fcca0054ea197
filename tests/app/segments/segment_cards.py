"""Cards of segment versions as small as they can be, and complete."""

from dataclasses import asdict
from typing import Any

import numpy as np

from app.segments.assignment import CARD_SCHEMA, DESCRIBED, RULE_SEGMENTS, SegmentModel
from app.segments.personas import apart_sentence, differences, rule_personas, rule_sentence, worth_sentence
from app.telecom.features import FIELDS, MONTHLY_CHARGE

OVERALL = {described.name: (10.0, 2.0) for described in DESCRIBED} | {"international_plan": (0.1, 0.3)}
PERSONAS = ("Low-bill customers", "High-bill customers", "International plan holders")
FEATURES = [(MONTHLY_CHARGE, "identity", 60.0, 10.0), ("international_plan", "identity", 0.1, 0.3)]
CENTROIDS = [[-1.0, -1 / 3], [1.0, -1 / 3], [0.0, 3.0]]


def a_frame(n: int, seed: int = 0, **changes: Any) -> dict[str, Any]:
    """Columns of n customers with their minutes; every number is one that a person might type."""
    random = np.random.default_rng(seed)
    columns = {field.name: random.integers(0, 60, n).astype(np.float64) for field in FIELDS if field.kind != "code"}
    columns["international_plan"] = random.integers(0, 2, n).astype(np.float64)
    columns["total_day_minutes"] = random.uniform(0, 400, n).round(1)
    return columns | {name: np.array(values, dtype=np.float64) for name, values in changes.items()}


def points(value: float) -> list[dict[str, float]]:
    """A curve that is as good everywhere."""
    return [{"k": k, "value": value, "low": value - 0.02, "high": value + 0.02} for k in range(2, 9)]


def a_segment(place: int, persona: str, first: str | None = None, **changes: Any) -> dict[str, Any]:
    """A segment of a card; a higher place has higher means, churn and value."""
    means = {name: mean + (place - 1) * deviation for name, (mean, deviation) in OVERALL.items()}
    means["international_plan"] = 0.1 * place
    ranked = differences(means, OVERALL)
    rate = {"value": 0.1 + 0.05 * place, "low": 0.08 + 0.05 * place, "high": 0.12 + 0.05 * place}
    return {
        "id": place,
        "persona": persona,
        "sentences": [first or apart_sentence(ranked), worth_sentence(0.3, rate, 6000.0 + 500 * place)],
        "customers": 100 + place,
        "share": 0.3,
        "churn_rate": rate,
        "mean_clv_usd": 6000.0 + 500 * place,
        "value_at_risk_usd": 50_000.0 + 10_000 * place,
        "differences": [asdict(difference) for difference in ranked],
        "profile": [
            {"feature": item.name, "label": item.label, "value": round(0.1 + 0.1 * place, 4),
             "overall": 0.1 if item.flag else 0.5}
            for item in DESCRIBED
        ],
        **changes,
    }  # fmt: skip


def a_card(**changes: Any) -> dict[str, Any]:
    """A version of three segments: low bills, high bills, and holders of the international plan."""
    card = {
        "schema": CARD_SCHEMA,
        "kind": "segments",
        "name": "telecom-segments",
        "version": "1",
        "method": "kmeans",
        "remaining_months": 30.0,
        "features": [dict(zip(("name", "transform", "mean", "scale"), entry, strict=True)) for entry in FEATURES],
        "centroids": CENTROIDS,
        "k": len(PERSONAS),
        "rule": {"features": "One set.", "groups": "The largest.", "silhouette_floor": 0.25, "stability_floor": 0.85,
                 "one_standard_error_k": 2},
        "curves": {"silhouette": points(0.4), "stability": points(0.9), "one_cloud": points(0.1),
                   "shuffled": points(0.38)},
        "finding": "3 groups hold.",
        "segments": [a_segment(place, persona) for place, persona in enumerate(PERSONAS)],
        "retired": [],
        "limits": ["Without their minutes 37 % come into another segment."],
        "golden": [],
        "matched_to": None,
    }  # fmt: skip
    return card | changes


def a_rules_card(**changes: Any) -> dict[str, Any]:
    """A version that found nothing."""
    segments = [
        a_segment(place, persona, rule_sentence(place), customers=50) for place, persona in enumerate(rule_personas())
    ]
    told = {"method": "rules", "features": [], "centroids": [], "k": len(RULE_SEGMENTS), "segments": segments}
    return a_card(**{**told, "finding": "Nothing separates.", **changes})


def golden_of(card: dict[str, Any], n: int = 5) -> list[dict[str, Any]]:
    """What a card's centres answer, as the trainer writes it down."""
    model, golden = SegmentModel.from_card({**card, "golden": []}), []
    for field_set in ("core", "usage"):
        columns, clv = a_frame(n), np.linspace(500, 9000, n)
        told = {name: values.tolist() for name, values in columns.items()}
        segment = model.assign(columns, field_set, clv).tolist()
        golden.append({"field_set": field_set, "columns": told, "clv_usd": clv.tolist(), "segment": segment})
    return golden
