"""Write an answer down in full or in short, and read either back: what a stored prediction said, word for word."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.telecom import policy
from app.telecom.features import FieldSet

NOTES: Final[Mapping[FieldSet, str]] = {
    "usage": "All four minutes were given, so the bill is known and the sharper model answered.",
    "core": "Without the four minutes the bill is unknown: many leavers look like everybody else to this model. "
    "Give all four minutes for a sharper answer.",
}
ANSWER_COLUMNS: Final = (
    "churn_probability",
    "probability_low",
    "probability_high",
    "churn_risk",
    "estimated_clv",
    "clv_low",
    "clv_high",
    "value_at_risk_usd",
    "confidence",
    "value_band",
    "recommendation_code",
    "recommendation",
    "model",
    "warnings",
    "segment",
    "persona",
)
"""The answer in a table: what results files and the list of customers say behind the profile."""
CUSTOMER_COLUMNS: Final = ("first_seen_at", "last_seen_at", "outcome", "outcome_date")
"""What a list of customers says behind the answer."""
COMPACT_KEYS: Final = (
    "confidence",
    "probability_interval",
    "clv_interval",
    "value_at_risk_usd",
    "value_band",
    "typical_churn_rate",
    "field_set",
    "segment",
    "warnings",
)
"""What the other columns of a stored prediction do not say: the short form that rows of a file keep."""


def full_answer(row: Mapping[str, Any], personas: Sequence[str] = ()) -> dict[str, Any]:
    """Give the complete answer of a stored prediction.

    Parameters
    ----------
    row : mapping
        The columns of ``predictions``; ``answer`` holds the JSON as it was sent or, for a row of a file, only
        ``COMPACT_KEYS``. Words that the short form leaves out are the policy's for its tier and value band.
    personas : sequence of str, optional
        What segments are called, which the short form leaves out, too.

    Returns
    -------
    dict
        The fields of ``PredictResponse`` by wire name; ``segment`` is None for an answer of before there were any.

    Raises
    ------
    KeyError
        The stored answer is neither of the two forms.
    """
    stored: dict[str, Any] = json.loads(row["answer"])
    if "churn_risk" in stored:
        return stored if "segment" in stored else {**stored, "segment": None}
    action = policy.RECOMMENDATIONS[row["tier"], stored["value_band"]]
    return {
        "churn_probability": row["churn_probability"],
        "churn_risk": row["tier"],
        "estimated_clv": row["clv_cents"] / 100,
        "recommendation": action.text,
        "confidence": stored["confidence"],
        "prediction_id": row["id"],
        "probability_interval": stored["probability_interval"],
        "clv_interval": stored["clv_interval"],
        "value_at_risk_usd": stored["value_at_risk_usd"],
        "model": {
            "name": row["model_name"],
            "version": row["model_version"],
            "field_set": stored["field_set"],
            "note": NOTES[stored["field_set"]],
        },
        "warnings": stored["warnings"],
        "recommendation_code": action.code,
        "value_band": stored["value_band"],
        "typical_churn_rate": stored["typical_churn_rate"],
        "segment": named_segment(stored.get("segment", -1), personas),
    }


def named_segment(segment: int, personas: Sequence[str]) -> dict[str, Any] | None:
    """Give a stored segment with its name; one that the loaded version does not have goes by its number.

    Examples
    --------
    >>> named_segment(1, ("Newcomers", "Evening talkers"))
    {'id': 1, 'persona': 'Evening talkers'}
    >>> named_segment(2, ())
    {'id': 2, 'persona': 'Segment 2'}
    >>> named_segment(-1, ()) is None
    True
    """
    if segment < 0:
        return None
    return {"id": segment, "persona": personas[segment] if segment < len(personas) else f"Segment {segment}"}
