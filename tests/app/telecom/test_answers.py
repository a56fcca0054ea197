"""A stored answer is read back word for word, whether it was written in full or in short."""

import io
import json
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.batch import intake
from app.batch.blocks import read_blocks
from app.batch.scorer import prediction_rows
from app.batch.scoring import score_block
from app.db.tables import predictions
from app.registry.service import load_registry
from app.settings import ROOT
from app.telecom import policy
from app.telecom.answers import COMPACT_KEYS, NOTES, full_answer
from app.telecom.champions import scoring_models
from app.telecom.features import CORE_FIELDS
from app.telecom.schemas import PredictResponse
from tests.factories import a_core_customer, a_csv_file, a_customer, a_segmenter, many_customers

SEGMENTER = a_segmenter("Silent", "Talkers", "Callers")
MODELS = scoring_models(load_registry(ROOT / "models"))
CORE_ONLY = ["customerId", *(field.alias for field in CORE_FIELDS)]
CUSTOMERS: dict[str, tuple[list[dict[str, Any]], list[str] | None]] = {
    "with minutes": (many_customers(40), None),
    "without minutes": (many_customers(40), CORE_ONLY),
    "with minutes, with warnings": (many_customers(10, accountLength=600, numberOfVmailMessages=40, voiceMailPlan="no"),
                                    None),
    "without minutes, with warnings": (many_customers(10, totalDayCalls=2_000, numberOfVmailMessages=40,
                                                      voiceMailPlan="no"), CORE_ONLY),
    "without an id": ([{**one, "customerId": ""} for one in many_customers(3)], None),
    "with odd amounts": ([{**one, "totalIntlMinutes": written} for one, written in zip(
        many_customers(6), ("0.00001", "1e-5", "0.1", "19.990", "12.5000", " 7 "), strict=True)], None),
}  # fmt: skip


def from_file(customers: list[dict[str, Any]], columns: list[str] | None) -> list[dict[str, Any]]:
    """The rows of ``predictions`` that a job would store."""
    content = a_csv_file(customers, columns)
    dialect, plan = intake.as_resolved(json.loads(json.dumps(intake.resolve(content, None))))
    (block,) = read_blocks(io.BytesIO(content), dialect)
    return list(
        prediction_rows(
            score_block(block, plan, MODELS, segmenter=SEGMENTER).stored, "a-job", "2026-11-21T12:00:00.000000Z"
        )
    )


def asked(client: TestClient, customers: list[dict[str, Any]], columns: list[str] | None) -> list[dict[str, Any]]:
    client.app.state.telecom.segmenter = SEGMENTER  # type: ignore[attr-defined]
    sent = [{name: one[name] for name in (columns or one)} for one in customers]
    answer = client.post("/batch-predict", json=sent)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["predictions"])


@pytest.mark.parametrize("kind", CUSTOMERS)
def test_a_row_of_a_file_is_answered_as_the_form_is(client: TestClient, kind: str) -> None:
    customers, columns = CUSTOMERS[kind]
    rows = from_file(customers, columns)
    scored = {row["customer_id"] for row in rows}
    if kind == "with odd amounts":  # one of them is no amount, in the form as in a file
        assert len(rows) == 5
        customers = [one for one in customers if one["customerId"] in scored]
    answers = asked(client, customers, columns)
    assert len(rows) == len(answers)
    for row, answer in zip(rows, answers, strict=True):
        assert full_answer(row, SEGMENTER.personas) == {**answer, "prediction_id": row["id"]}
        assert bool(answer["warnings"]) == ("warnings" in kind)


def test_a_row_of_a_file_stores_what_the_form_stores(client: TestClient) -> None:
    for customers, columns in (CUSTOMERS["with minutes"], CUSTOMERS["without minutes"]):
        asked(client, customers, columns)
        engine = client.app.state.engine  # type: ignore[attr-defined]
        with engine.connect().execution_options(read_only=True) as connection:
            newest = select(predictions).order_by(predictions.c.id.desc()).limit(len(customers))
            stored = [dict(row) for row in connection.execute(newest).mappings()][::-1]
        rows = from_file(customers, columns)
        own = {"id", "created_at", "request_id", "answer"}
        same = [name for name in stored[0] if name not in own]
        assert [{name: row[name] for name in same} for row in rows] == [
            {name: row[name] for name in same} for row in stored
        ]


def test_an_answer_as_it_was_sent_is_given_as_it_was_sent(client: TestClient) -> None:
    (answer,) = asked(client, many_customers(1), None)
    assert full_answer({"answer": json.dumps(answer)}) == answer


@pytest.mark.parametrize("is_short", [True, False])
def test_an_answer_of_before_there_were_segments_has_none(client: TestClient, is_short: bool) -> None:
    row = from_file(*CUSTOMERS["with minutes"])[0]
    (answer,) = asked(client, many_customers(1), None)
    stored = json.loads(row["answer"]) if is_short else answer
    assert stored.pop("segment") is not None
    full = full_answer({**row, "answer": json.dumps(stored)}, SEGMENTER.personas)
    assert full == {**answer, "prediction_id": row["id"] if is_short else answer["prediction_id"], "segment": None}
    PredictResponse.model_validate(full, strict=False)


def test_every_word_of_the_short_form_is_kept() -> None:
    rows = from_file(*CUSTOMERS["with minutes, with warnings"])
    for row in rows:
        short = json.loads(row["answer"])
        assert tuple(short) == COMPACT_KEYS
        full = full_answer(row)
        same = [name for name in COMPACT_KEYS if name not in ("field_set", "segment")]
        assert {name: full[name] for name in same} == {name: short[name] for name in same}


@pytest.mark.parametrize("kind", ["with minutes", "without minutes"])
def test_the_full_form_is_a_whole_answer_in_the_policys_words(kind: str) -> None:
    seen = set()
    for row in from_file(*CUSTOMERS[kind]):
        answer = PredictResponse.model_validate(full_answer(row), strict=False)
        action = policy.RECOMMENDATIONS[answer.churn_risk, answer.value_band]
        assert (answer.recommendation_code, answer.recommendation) == (action.code, action.text)
        assert answer.model.note == NOTES[answer.model.field_set]
        assert list(full_answer(row)) == list(PredictResponse.model_fields)
        seen.add(answer.churn_risk)
    assert len(seen) > 1


def test_the_short_form_is_a_third_of_the_full_one() -> None:
    for row in from_file(*CUSTOMERS["with minutes"]):
        assert len(row["answer"]) < 0.4 * len(json.dumps(full_answer(row)))


@pytest.mark.parametrize("answer", ["{}", '{"confidence": "High"}'])
def test_what_is_neither_form_is_not_guessed(answer: str) -> None:
    with pytest.raises(KeyError):
        full_answer({**from_file(*CUSTOMERS["with minutes"])[0], "answer": answer})


def test_each_customer_of_a_mixed_request_has_their_own_segment(client: TestClient) -> None:
    client.app.state.telecom.segmenter = SEGMENTER  # type: ignore[attr-defined]
    sent = [
        a_customer(customerServiceCalls=1),
        a_core_customer(customerServiceCalls=2),
        a_customer(),
        a_core_customer(),
    ]
    answer = client.post("/batch-predict", json=sent).json()
    calls = [one["customerServiceCalls"] for one in sent]
    assert [one["segment"]["id"] for one in answer["predictions"]] == [number % 3 for number in calls]
    assert [one["segment"]["persona"] for one in answer["predictions"]] == [SEGMENTER.personas[n % 3] for n in calls]
