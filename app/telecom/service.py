"""Answer customers: choose the field set, score in frames, store, then answer."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any, Final

import uuid_utils
from pydantic_core import to_json

from app.db.engine import reading
from app.db.moments import now
from app.db.writer import GroupWriter, Row
from app.errors import FieldProblem, InvalidRequest, ModelNotReady
from app.predictions import idempotency
from app.predictions.store import insert_predictions
from app.telecom import policy
from app.telecom.answers import NOTES, named_segment
from app.telecom.batching import AdaptiveBatcher, OnItsWay, Waiting
from app.telecom.features import FIELD_BY_NAME, MINUTE_NAMES, MODELLED_FIELDS, Columns, FieldSet, monthly_charge_usd
from app.telecom.profiles import numeric_columns
from app.telecom.schemas import listed, read_customer, to_wire
from app.telecom.scoring import ScoringModel, outside_training_range, score, warnings_for
from app.telecom.segmenter import UNASSIGNED, Segmenter
from app.web.metrics import PREDICTIONS

Customer = dict[str, Any]

MOST_CUSTOMERS: Final = 10_000
_INLINE_CUSTOMERS: Final = 2
"""Up to this many customers of one request are scored on the event loop; more go to a thread."""


def read_batch(raw: Any) -> list[Customer]:
    """Validate a JSON array of customers.

    Raises
    ------
    InvalidRequest
        Not an array, empty, too long, or some rows are wrong; each entry names its row (from 0) and field.
    """
    if not isinstance(raw, list):
        raise InvalidRequest([FieldProblem("", "not_an_array", "Send a JSON array of customers")])
    if not 1 <= len(raw) <= MOST_CUSTOMERS:
        raise InvalidRequest([FieldProblem("", "wrong_length", f"Send between 1 and {MOST_CUSTOMERS:,} customers")])
    customers, problems = [], []
    for row, item in enumerate(raw):
        values, found = read_customer(item, row)
        customers.append(values)
        problems += found
    if problems:
        shown = listed(problems)
        more = f"There are {len(problems):,} problems; the first {len(shown)} are listed."
        raise InvalidRequest(shown, more if len(shown) < len(problems) else None)
    return customers


def read_one(raw: Any) -> Customer:
    """Validate one customer; raises InvalidRequest with every problem of the form."""
    values, problems = read_customer(raw)
    if problems:
        raise InvalidRequest(problems)
    return values


class TelecomService:
    """Scores customers with the loaded versions and records each answer before it is given."""

    def __init__(
        self, models: Mapping[FieldSet, ScoringModel], writer: GroupWriter, segmenter: Segmenter | None = None
    ) -> None:
        self.models = models
        self.segmenter = segmenter
        self._writer = writer
        self._batcher = AdaptiveBatcher(self._answer_frame, writer.most_waiting)

    async def predict_once(self, customers: Sequence[Customer], request_id: str, key: str, wanted: str) -> list[bytes]:
        """Answer as ``predict`` does, or give the stored answers when the key was used for the same request before.

        Raises
        ------
        IdempotencyKeyReused, AnswerErased
            The key belongs to another request, or its answers were erased.
        """
        self._need_models(customers)
        made = await asyncio.to_thread(self._made_before, key, wanted)
        if made is None:
            rows = await asyncio.to_thread(self.answer, customers, [request_id] * len(customers))
            reference = " ".join(row["id"] for row in rows)
            key_row = {"key": key, "created_at": rows[0]["created_at"], "fingerprint": wanted, "reference": reference}
            await asyncio.shield(self._writer.submit(idempotency.insert_once, [{"key_row": key_row, "rows": rows}]))
            # Another request with the key may have been quicker: then its answers stand.
            made = await asyncio.to_thread(self._made_before, key, wanted) or []
            if made == _sent(rows):
                _count(rows)
        return made

    async def predict(self, customers: Sequence[Customer], request_id: str) -> list[bytes]:
        """Answer customers in order, each as the JSON of a ``PredictResponse``; all are stored or none.

        Raises
        ------
        ModelNotReady
            A field set that is needed has no loaded version.
        Unavailable
            The database did not store the answers.
        """
        self._need_models(customers)
        if len(customers) <= _INLINE_CUSTOMERS:
            return await self._batcher.answer(customers, request_id, self._writer.deadline())
        rows = await asyncio.to_thread(self.answer, customers, [request_id] * len(customers))
        # Shielded: a client that goes away does not take a row out of a group that is being committed.
        await asyncio.shield(self._writer.submit(insert_predictions, rows))
        _count(rows)
        return await asyncio.to_thread(_sent, rows)

    @property
    def personas(self) -> tuple[str, ...]:
        """What segments are called; none without a segment version."""
        return self.segmenter.personas if self.segmenter else ()

    def model_for(self, customer: Customer) -> ScoringModel:
        """Give the version that answers this customer; raises ModelNotReady."""
        self._need_models([customer])
        return self.models[_field_set(customer)]

    def unstored_answer(self, customer: Customer) -> dict[str, Any]:
        """Answer one customer as ``predict`` does, without an id and without storing it; raises ModelNotReady."""
        model = self.model_for(customer)
        columns = numeric_columns([customer], MODELLED_FIELDS[model.field_set])
        (answer,) = _answers(columns, model, self.segmenter, [None])
        return answer

    def _need_models(self, customers: Sequence[Customer]) -> None:
        if any(_field_set(customer) not in self.models for customer in customers):
            raise ModelNotReady

    def _made_before(self, key: str, wanted: str) -> list[bytes] | None:
        with reading(self._writer.engine) as connection:
            reference = idempotency.find(connection, key, wanted)
            return None if reference is None else idempotency.read_answers(connection, reference)

    def answer(self, customers: Sequence[Customer], request_ids: Sequence[str]) -> list[Row]:
        """Score customers and lay each answer out as its row of ``predictions``, in the order given."""
        # Handed out in the order of the request: ids sort by time, and the last of a customer's rows is the latest.
        ids = [str(uuid_utils.uuid7()) for _ in customers]
        rows: list[Row] = [{}] * len(customers)
        by_field_set: dict[FieldSet, list[int]] = {}
        for position, customer in enumerate(customers):
            by_field_set.setdefault(_field_set(customer), []).append(position)
        for field_set, positions in by_field_set.items():
            chosen = [(customers[position], request_ids[position], ids[position]) for position in positions]
            for position, row in zip(positions, _rows(chosen, self.models[field_set], self.segmenter), strict=True):
                rows[position] = row
        return rows

    def _answer_frame(self, frame: Sequence[Waiting]) -> list[OnItsWay]:
        """Score the customers of several requests as one frame, and send each request's rows to the writer."""
        customers = [customer for waiting in frame for customer in waiting.asked]
        rows = iter(self.answer(customers, [waiting.request_id for waiting in frame for _ in waiting.asked]))
        own = [[next(rows) for _ in waiting.asked] for waiting in frame]
        deadlines = [waiting.deadline for waiting in frame]
        stored = self._writer.submit_all(insert_predictions, list(zip(own, deadlines, strict=True)))
        for part, future in zip(own, stored, strict=True):
            future.add_done_callback(partial(_count_stored, part))
        return [OnItsWay(_sent(part), future) for part, future in zip(own, stored, strict=True)]


def _sent(rows: Sequence[Row]) -> list[bytes]:
    return [row["answer"].encode() for row in rows]


def _count_stored(rows: Sequence[Row], stored: "asyncio.Future[None]") -> None:
    if stored.exception() is None:
        _count(rows)


def _count(rows: Sequence[Row]) -> None:
    if len(rows) == 1:
        _counter(rows[0]["model_name"], rows[0]["tier"]).inc()
        return
    for (model, tier), count in Counter((row["model_name"], row["tier"]) for row in rows).items():
        _counter(model, tier).inc(count)


@cache
def _counter(model: str, tier: str) -> Any:
    return PREDICTIONS.labels(model, tier)


def _field_set(customer: Customer) -> FieldSet:
    return "core" if customer[MINUTE_NAMES[0]] is None else "usage"


def _rows(chosen: Sequence[tuple[Customer, str, str]], model: ScoringModel, segmenter: Segmenter | None) -> list[Row]:
    columns = numeric_columns((customer for customer, _, _ in chosen), MODELLED_FIELDS[model.field_set])
    answers = _answers(columns, model, segmenter, [prediction_id for _, _, prediction_id in chosen])
    charges = (monthly_charge_usd(columns) * 100).round().tolist() if model.field_set == "usage" else None
    created_at = now()
    return [
        {
            **_stored(answer),
            "created_at": created_at,
            "request_id": request_id,
            "customer_id": customer["customer_id"],
            "model_name": model.name,
            "model_version": model.version,
            "profile": to_json(to_wire(customer)).decode(),
            "monthly_charge_cents": int(charges[row]) if charges else None,
            "answer": to_json(answer).decode(),
        }
        for row, ((customer, request_id, _), answer) in enumerate(zip(chosen, answers, strict=True))
    ]


def _answers(
    columns: Columns, model: ScoringModel, segmenter: Segmenter | None, prediction_ids: Sequence[str | None]
) -> list[dict[str, Any]]:
    """Score a frame and write each row's answer down; the ids are given in the frame's order."""
    outside = outside_training_range(columns, model)
    scored = score(columns, model, outside)
    scores: dict[str, list[Any]] = {name: values.tolist() for name, values in vars(scored).items()}
    scores["segment"] = [None] * len(prediction_ids)
    if segmenter:
        segments = segmenter.assign(columns, model.field_set, scored.clv_usd).tolist()
        scores["segment"] = [named_segment(segment, segmenter.personas) for segment in segments]
    warned: dict[int, list[dict[str, str]]] = {}
    for found in warnings_for(columns, model, outside):
        entry = {"code": found.code, "field": FIELD_BY_NAME[found.field].alias, "message": found.message}
        warned.setdefault(found.row, []).append(entry)
    return [
        _answer(scores, row, model, prediction_id, warned.get(row, []))
        for row, prediction_id in enumerate(prediction_ids)
    ]


def _answer(
    scores: Mapping[str, list[Any]],
    row: int,
    model: ScoringModel,
    prediction_id: str | None,
    warned: list[dict[str, str]],
) -> dict[str, Any]:
    tier = policy.TIERS[scores["tier"][row]]
    band = policy.VALUE_BANDS[scores["value_band"][row]]
    action = policy.RECOMMENDATIONS[tier, band]
    return {
        "churn_probability": scores["churn_probability"][row],
        "churn_risk": tier,
        "estimated_clv": scores["clv_usd"][row],
        "recommendation": action.text,
        "confidence": policy.CONFIDENCES[scores["confidence"][row]],
        "prediction_id": prediction_id,
        "probability_interval": (scores["probability_low"][row], scores["probability_high"][row]),
        "clv_interval": (scores["clv_low_usd"][row], scores["clv_high_usd"][row]),
        "value_at_risk_usd": scores["value_at_risk_usd"][row],
        "model": {
            "name": model.name,
            "version": model.version,
            "field_set": model.field_set,
            "note": NOTES[model.field_set],
        },
        "warnings": warned,
        "recommendation_code": action.code,
        "value_band": band,
        "typical_churn_rate": model.typical_churn_rate,
        "segment": scores["segment"][row],
    }


def _stored(answer: dict[str, Any]) -> Row:
    return {
        "id": answer["prediction_id"],
        "churn_probability": answer["churn_probability"],
        "tier": answer["churn_risk"],
        "clv_cents": round(answer["estimated_clv"] * 100),
        "value_at_risk_cents": round(answer["value_at_risk_usd"] * 100),
        "value_band": policy.VALUE_BANDS.index(answer["value_band"]),
        "segment": answer["segment"]["id"] if answer["segment"] else UNASSIGNED,
    }
