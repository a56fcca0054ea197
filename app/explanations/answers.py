"""Lay explanations out as the routes answer them: wire names, whole sentences, numbers that still add up."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.explanations import sentences
from app.explanations.changes import Difference, Prediction
from app.explanations.closest_change import LEVERS
from app.explanations.contributions import Explained
from app.telecom.features import FIELD_BY_NAME, Columns
from app.telecom.policy import TIERS

DECIMALS: Final = 12
"""Enough for contributions to add up to the score again."""
USD_DECIMALS: Final = 6
MOST_REASONS: Final = 3
_SMALL_STEP: Final = 0.005
"""Half a percentage point of probability: a smaller part of a difference is not worth a word."""
_COUNTED: Final = ("No change", "One change", "Two changes together", "Three changes together")


def wire_explanation(
    answer: Mapping[str, Any], columns: Columns, typical: Mapping[str, float], explained: Explained
) -> dict[str, Any]:
    """Lay out why one customer has this score, as ``Explanation``."""
    values = {entry["field"]: entry for entry in _values(columns, typical, explained)}
    entries = [
        {**entry, "contribution": round(float(part), DECIMALS)}
        for entry, part in zip(values.values(), explained.contributions[0], strict=True)
    ]
    return {
        "scale": "forest_score",
        "base": round(explained.base, DECIMALS),
        "forest_score": round(float(explained.total[0]), DECIMALS),
        "churn_probability": answer["churn_probability"],
        "message": sentences.score_message(explained, columns),
        "contributions": sorted(entries, key=lambda entry: -abs(entry["contribution"])),
        "reasons": [
            {
                "direction": reason.direction,
                "field": (alias := FIELD_BY_NAME[reason.field].alias),
                "value": values[alias]["value"],
                "typical": values[alias]["typical"],
                "contribution": round(reason.contribution, DECIMALS),
                "text": reason.text,
            }
            for reason in sentences.reasons(explained, columns, typical)
        ],
    }


def wire_clv(
    answer: Mapping[str, Any], columns: Columns, typical: Mapping[str, float], explained: Explained
) -> dict[str, Any]:
    """Lay out where one customer's lifetime value comes from, as ``ClvExplanation``."""
    entries = [
        {**entry, "contribution_usd": round(float(part), USD_DECIMALS)}
        for entry, part in zip(_values(columns, typical, explained), explained.contributions[0], strict=True)
    ]
    return {
        "base_usd": round(explained.base, USD_DECIMALS),
        "linear_clv_usd": round(float(explained.total[0]), USD_DECIMALS),
        "estimated_clv": answer["estimated_clv"],
        "message": sentences.clv_message(explained, columns),
        "contributions": sorted(entries, key=lambda entry: -abs(entry["contribution_usd"])),
    }


def wire_closest_change(
    customer: Mapping[str, Any], before: Mapping[str, Any], changed: Mapping[str, float], after: dict[str, Any] | None
) -> dict[str, Any]:
    """Lay out the smallest change that lowers the tier, as ``ClosestChange``."""
    tier = before["churn_risk"]
    if after is not None:
        moved = _COUNTED[sum(name in LEVERS for name in changed)]
        message = f"{moved} would lower the tier from {tier} to {after['churn_risk']}."
    elif tier == TIERS[0]:
        message = f"The tier is {tier} already: there is no lower one."
    else:
        message = "No change of the plans, fewer service calls or fewer minutes, up to three together, lowers the tier."
    return {
        "tier": tier,
        "target_tier": after["churn_risk"] if after else None,
        "changes": [
            {
                **_named(name),
                "from": sentences.shown_value(FIELD_BY_NAME[name], customer[name]),
                "to": sentences.shown_value(FIELD_BY_NAME[name], value),
                "text": sentences.change_text(FIELD_BY_NAME[name], customer[name], value),
            }
            for name, value in changed.items()
        ],
        "answer": after,
        "message": message,
        "note": sentences.NOTE,
    }


def wire_difference(
    rows: Sequence[Mapping[str, Any]], sides: Sequence[Prediction], difference: Difference
) -> dict[str, Any]:
    """Lay out why a score moved between two stored predictions, as ``PredictionChanges``."""
    first, last = sides
    scores = (difference.score_before, difference.score_after)
    before, after = (_compared(row, score) for row, score in zip(rows, scores, strict=True))
    customer, model = difference.customer, difference.model
    named = {"name": difference.through.name, "version": difference.through.version}
    return {
        "before": before,
        "after": after,
        "probability_change": round(last.churn_probability - first.churn_probability, DECIMALS),
        "score_change": round(difference.score_after - difference.score_before, DECIMALS),
        "customer_changed": {
            "score_change": round(customer.score_change, DECIMALS),
            "probability_change": round(customer.probability_change, DECIMALS),
            "model": named,
            "contributions": [
                {
                    **_named(name),
                    "before": sentences.shown_value(FIELD_BY_NAME[name], first.values[name] or 0.0),
                    "after": sentences.shown_value(FIELD_BY_NAME[name], last.values[name] or 0.0),
                    "contribution": round(part, DECIMALS),
                }
                for name, part in _largest_first(customer.contributions)
            ],
        },
        "model_changed": {
            "score_change": round(model.score_change, DECIMALS),
            "probability_change": round(model.probability_change, DECIMALS),
            "base_change": round(model.base_change, DECIMALS),
            "contributions": [
                {
                    "field": FIELD_BY_NAME[name].alias,
                    "label": FIELD_BY_NAME[name].label,
                    "contribution": round(part, DECIMALS),
                }
                for name, part in _largest_first(model.contributions)
                if part
            ],
        },
        "message": _difference_message(first, last, difference),
        "reasons": _difference_reasons(first, last, difference),
    }


def _named(name: str) -> dict[str, str]:
    field = FIELD_BY_NAME[name]
    return {"field": field.alias, "label": field.label, "unit": field.unit}


def _values(columns: Columns, typical: Mapping[str, float], explained: Explained) -> list[dict[str, Any]]:
    return [
        {
            **_named(name),
            "value": sentences.shown_value(FIELD_BY_NAME[name], float(columns[name][0])),
            "typical": sentences.shown_typical(FIELD_BY_NAME[name], typical[name]),
        }
        for name in explained.fields
    ]


def _largest_first(contributions: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(contributions.items(), key=lambda entry: -abs(entry[1]))


def _compared(row: Mapping[str, Any], forest_score: float) -> dict[str, Any]:
    return {
        "prediction_id": row["id"],
        "predicted_at": row["created_at"],
        "churn_probability": row["churn_probability"],
        "churn_risk": row["tier"],
        "forest_score": round(forest_score, DECIMALS),
        "model": {"name": row["model_name"], "version": row["model_version"]},
    }


def _why_another_model(first: Prediction, last: Prediction) -> tuple[str, str, str]:
    """Say why another version answered, as a clause, a noun and a reason: the minutes decide which model answers."""
    before, after = first.model.scoring, last.model.scoring
    if before.field_set == after.field_set:
        instead = f"{after.name} {after.version} answered instead of {before.name} {before.version}"
        return "another model version answered", "the other model version", instead
    if after.field_set == "usage":
        instead = "The model for customers with minutes answered instead of the one without"
        return "the four minutes are now known", "knowing the four minutes", instead
    instead = "The model for customers without minutes answered instead of the one with"
    return "the four minutes are no longer known", "no longer knowing the four minutes", instead


def _difference_message(first: Prediction, last: Prediction, difference: Difference) -> str:
    """Say in one sentence which way the probability went and whose doing that is."""
    remodelled, other_model, _ = _why_another_model(first, last)
    parts = [(difference.customer.probability_change, "the customer changed", "the customer's change"),
             (difference.model.probability_change, remodelled, other_model)]  # fmt: skip
    (main, because, _), (other, also, alone) = sorted(parts, key=lambda part: -abs(part[0]))
    if abs(main + other) < _SMALL_STEP:
        cancel = f": the customer's change and {other_model} cancel out" if abs(main) >= _SMALL_STEP else ""
        return f"The risk stayed the same{cancel}."
    moved = f"The risk {'rose' if main > 0 else 'fell'}"
    if abs(other) < _SMALL_STEP:
        return f"{moved} because {because}."
    if main * other > 0:
        return f"{moved} mainly because {because}, and also because {also}."
    return f"{moved} because {because}; {alone} alone would have {'raised' if other > 0 else 'lowered'} it."


def _difference_reasons(first: Prediction, last: Prediction, difference: Difference) -> list[str]:
    texts = []
    for name, part in _largest_first(difference.customer.contributions):
        was, now = first.values[name] or 0.0, last.values[name] or 0.0
        if was != now and abs(part) >= sentences.LEAST_CONTRIBUTION:
            texts.append(sentences.moved_text(FIELD_BY_NAME[name], was, now, part))
    step = difference.model.score_change
    if abs(step) >= sentences.LEAST_CONTRIBUTION:
        effect = f"which {'raises' if step > 0 else 'lowers'} the score"
        texts = [*texts[: MOST_REASONS - 1], f"{_why_another_model(first, last)[2]}, {effect}"]
    return texts[:MOST_REASONS]
