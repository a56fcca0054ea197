"""Lay scored rows of a file out as the columns of stored predictions: the same profile /predict stores, built fast."""

from collections.abc import Sequence
from functools import cache
from json.encoder import encode_basestring
from typing import Any

import numpy as np

from app.batch.answering import FIELD_SETS, Answers, Models
from app.batch.validation import NOT_GIVEN, Remembered
from app.telecom import policy
from app.telecom.features import CUSTOMER_ID, FIELD_BY_NAME, FIELDS, YES_NO, Field, monthly_charge_usd
from app.telecom.scoring import Warned


def stored_columns(answers: Answers, models: Models) -> dict[str, list[Any]]:
    """Give the values of ``predictions``' columns for n scored rows.

    Returns
    -------
    dict of str to list, length n
        Every column but ``id``, ``created_at`` and ``request_id``; ``answer`` in the short form of
        ``app.telecom.answers``. And what only the customer keeps: ``value_at_risk_cents``, ``value_band`` (int,
        position in ``policy.VALUE_BANDS``) and ``segment`` (int).
    """
    scores = answers.scores
    versions = [models.get(field_set) for field_set in FIELD_SETS]
    names = [version and version.name for version in versions]
    numbers = [version and version.version for version in versions]
    return {
        "customer_id": answers.customer_ids,
        "model_name": [names[place] for place in answers.field_sets],
        "model_version": [numbers[place] for place in answers.field_sets],
        "profile": profiles(answers),
        "answer": short_answers(answers, models),
        "churn_probability": scores.churn_probability.tolist(),
        "tier": [policy.TIERS[place] for place in scores.tier.tolist()],
        "clv_cents": _cents(scores.clv_usd),
        "monthly_charge_cents": _charges(answers),
        "value_at_risk_cents": _cents(scores.value_at_risk_usd),
        "value_band": scores.value_band.tolist(),
        "segment": answers.segments.tolist(),
    }


def profiles(answers: Answers) -> list[str]:
    """Write each row's profile as /predict stores it: JSON by wire name, in the field table's order."""
    parts: list[Sequence[str]] = []
    for field in FIELDS:
        values: Sequence[Any] = (
            answers.codes[field.name] if field.kind == "code" else answers.numbers[field.name].tolist()
        )
        parts.append(list(map(_entry(field).__getitem__, values)))
    ids = [
        "}" if customer_id is None else f',"{CUSTOMER_ID}":{encode_basestring(customer_id)}}}'
        for customer_id in answers.customer_ids
    ]
    return list(map("".join, zip(*parts, ids, strict=True)))


@cache
def _entry(field: Field) -> Remembered:
    """Write a field's value with its name and what stands before it; nothing for a value that was not given."""
    before = f'{"{" if field is FIELDS[0] else ","}"{field.alias}":'

    def write(value: Any) -> str:
        if value == NOT_GIVEN:
            return ""
        if field.kind == "flag":
            return f'{before}"{YES_NO[0] if value else YES_NO[1]}"'
        return f'{before}"{value}"' if field.kind == "code" else f"{before}{_json_number(value)}"

    return Remembered(write)


def _json_number(value: float) -> str:
    """Write a number as pydantic does, which goes one digit further than Python before it turns to exponents."""
    text = repr(value)
    if "e-" not in text:
        return text
    digits, _, exponent = text.partition("e-")
    return f"0.0000{digits.replace('.', '')}" if exponent == "05" else f"{digits}e-{int(exponent)}"


def short_answers(answers: Answers, models: Models) -> list[str]:
    """Write what the other columns of a stored prediction do not say; see ``app.telecom.answers.COMPACT_KEYS``."""
    scores = answers.scores
    tails = [
        [
            f'"value_band":"{band}","typical_churn_rate":{models[field_set].typical_churn_rate!r},"field_set":"{field_set}"'
            for band in policy.VALUE_BANDS
        ]
        if field_set in models
        else []
        for field_set in FIELD_SETS
    ]
    columns = (scores.probability_low, scores.probability_high, scores.clv_low_usd, scores.clv_high_usd)
    places = (scores.confidence.tolist(), scores.value_band.tolist(), answers.field_sets, answers.segments.tolist())
    rows = zip(*(column.tolist() for column in columns), scores.value_at_risk_usd.tolist(), *places, strict=True)
    written = [
        f'{{"confidence":"{policy.CONFIDENCES[confidence]}","probability_interval":[{low!r},{high!r}],'
        f'"clv_interval":[{clv_low!r},{clv_high!r}],"value_at_risk_usd":{risk!r},{tails[field_set][band]},"segment":{segment},"warnings":[]}}'
        for low, high, clv_low, clv_high, risk, confidence, band, field_set, segment in rows
    ]
    for row, found in answers.warnings.items():
        written[row] = f"{written[row].removesuffix('[]}')}[{','.join(map(_warning, found))}]}}"
    return written


def _warning(found: Warned) -> str:
    field, message = FIELD_BY_NAME[found.field].alias, encode_basestring(found.message)
    return f'{{"code":"{found.code}","field":"{field}","message":{message}}}'


def _cents(usd: Any) -> list[int]:
    cents: list[int] = np.rint(usd * 100).astype(np.int64).tolist()
    return cents


def _charges(answers: Answers) -> list[int | None]:
    cents = _cents(monthly_charge_usd(answers.numbers))
    return [value if field_set else None for value, field_set in zip(cents, answers.field_sets, strict=True)]
