"""The scoring process: the same answers as in this one, a refusal in words, and no life after its parent."""

import io
import json
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.batch import intake, scorer, side_process
from app.batch.blocks import Piece, read_pieces
from app.batch.scorer import prediction_rows, score_piece, scoring_process
from app.batch.scoring import ScoredBlock
from app.db.tables import predictions
from app.errors import SealBroken
from app.segments.assignment import MODEL_NAME
from app.settings import ROOT
from tests.app.batch.grouped_models import grouped_models, segment_card
from tests.app.batch.job_running import CHAMPIONS, SCORING_VERSIONS, VERSIONS, ScoringHere
from tests.factories import a_csv_file, many_customers
from training.sealing import point_champion, write_version

CONTENT = a_csv_file([*many_customers(40), *many_customers(2, state="XX")])
TOLD: dict[str, Any] = json.loads(json.dumps(intake.resolve(CONTENT, None)))
MODELS = ROOT / "models"


def pieces(size: int = 1_000) -> list[Piece]:
    return list(read_pieces(io.BytesIO(CONTENT), intake.as_resolved(TOLD)[0], size=size))


def scored_with(start: Any, versions: Sequence[str] = VERSIONS) -> list[ScoredBlock]:
    with start(MODELS, versions, TOLD) as scoring:
        waiting = [scoring.submit(score_piece, piece) for piece in pieces()]
        return [future.result() for future in waiting]


def test_another_process_gives_the_same_answers() -> None:
    elsewhere, here = scored_with(scoring_process), scored_with(ScoringHere)
    assert elsewhere == here
    assert sum(block.scored for block in here) == 40
    assert sum(block.rejected for block in here) == 2


@pytest.mark.parametrize("versions", [[CHAMPIONS["telecom-core"], "telecom-usage/999"], ["../models/telecom-core/999"]])
def test_a_version_that_cannot_be_loaded_is_named(versions: list[str]) -> None:
    with pytest.raises(SealBroken) as refused:
        scored_with(ScoringHere, versions)
    name = versions[-1].removeprefix("../models/")
    assert name in refused.value.detail
    sent = pickle.loads(pickle.dumps(refused.value))  # as it comes back from the other process
    assert (type(sent), sent.detail) == (SealBroken, refused.value.detail)


def test_segments_and_reasons_are_those_the_job_was_begun_with(tmp_path: Path) -> None:
    models_dir = grouped_models(tmp_path / "models")
    write_version(models_dir, segment_card("2", ("Others", "Altogether")), {})
    point_champion(models_dir, MODEL_NAME, "2")
    told = {**TOLD, "reasons": True}
    with scoring_process(models_dir, [*SCORING_VERSIONS, f"{MODEL_NAME}/1"], told) as scoring:
        blocks = [scoring.submit(score_piece, piece).result() for piece in pieces()]
    segments = [segment for block in blocks for segment in block.stored["segment"]]
    assert len(segments) == 40
    assert set(segments) == {0, 1, 2}
    lines = b"".join(block.results for block in blocks).decode()
    assert "'=Light, users" in lines
    assert "Altogether" not in lines
    assert "customers make 1 or fewer |" in lines


def test_a_segment_version_that_is_gone_is_named() -> None:
    with pytest.raises(SealBroken, match="telecom-segments/9"):
        scored_with(ScoringHere, [*SCORING_VERSIONS, f"{MODEL_NAME}/9"])


def test_a_segment_version_with_a_card_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    models_dir = grouped_models(tmp_path / "models", {**segment_card(), "schema": 0})
    with ScoringHere(models_dir, [*SCORING_VERSIONS, f"{MODEL_NAME}/1"], TOLD) as scoring:
        refused = scoring.submit(score_piece, pieces()[0]).exception()
    assert isinstance(refused, SealBroken)
    assert "telecom-segments/1: the card cannot be used" in refused.detail


def test_getting_ready_again_forgets_what_was_before() -> None:
    scorer.get_ready(MODELS, ["telecom-usage/999"], TOLD)
    scorer.get_ready(MODELS, VERSIONS, TOLD)
    assert score_piece(pieces()[0]).scored > 0
    scorer._at_work.clear()


def test_rows_are_complete_and_in_the_order_of_the_file() -> None:
    (block,) = (block for block in scored_with(ScoringHere)[:1])
    rows = list(prediction_rows(block.stored, "a-job", "2026-11-21T12:00:00.000000Z"))
    assert len(rows) == block.scored > 5
    assert [row["id"] for row in rows] == sorted({row["id"] for row in rows})
    assert [row["customer_id"] for row in rows] == [f"C-{number}" for number in range(len(rows))]
    assert {row["request_id"] for row in rows} == {"a-job"}
    wanted = {column.name for column in predictions.columns} | {"value_at_risk_cents", "value_band", "segment"}
    assert all(row.keys() == wanted for row in rows)
    assert list(prediction_rows({}, "a-job", "now")) == []


def test_the_process_ends_when_its_parent_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = iter([7, 7, 1])
    ended: list[int] = []
    monkeypatch.setattr(side_process, "ORPHAN_SECONDS", 0.0)
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    monkeypatch.setattr(os, "_exit", ended.append)
    side_process._end_with(7)
    assert (ended, list(parents)) == ([1], [])
