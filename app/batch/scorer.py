"""The process that scores for a job while the worker stores: reads pieces of the file, gives them back scored."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import uuid_utils

from app.batch.blocks import Piece, read_block
from app.batch.equipment import explainer
from app.batch.intake import as_resolved
from app.batch.scoring import ScoredBlock, score_block
from app.batch.side_process import side_process
from app.errors import SealBroken
from app.segments.assignment import MODEL_NAME
from app.segments.service import pinned_segment_model
from app.telecom.champions import pinned_models

_at_work: dict[str, Any] = {}


def scoring_process(models_dir: Path, versions: Sequence[str], told: Mapping[str, Any]) -> ProcessPoolExecutor:
    """Start the process; it ends with the block it is used in, or soon after its parent is gone."""
    return side_process(get_ready, models_dir, versions, told)


def get_ready(models_dir: Path, versions: Sequence[str], told: Mapping[str, Any]) -> None:
    """Load what ``score_piece`` needs."""
    _at_work.clear()
    dialect, plan = as_resolved(told)
    groups = [version for version in versions if version.startswith(f"{MODEL_NAME}/")]
    try:
        models = pinned_models(models_dir, [version for version in versions if version not in groups])
        segments = pinned_segment_model(models_dir, groups[0].removeprefix(f"{MODEL_NAME}/") if groups else None)
        _at_work.update(
            dialect=dialect,
            plan=plan,
            models=models,
            segmenter=segments.segmenter() if segments else None,
            explain=explainer(models_dir, models) if plan.with_reasons else None,
        )
    except SealBroken as refused:
        _at_work["refused"] = refused  # raised here it would only break the process, and nobody would hear why


def score_piece(piece: Piece) -> ScoredBlock:
    """Read and score one piece of the file, inside the scoring process; raises SealBroken without the versions."""
    if refused := _at_work.get("refused"):
        raise refused
    return score_block(
        read_block(piece, _at_work["dialect"]),
        _at_work["plan"],
        _at_work["models"],
        segmenter=_at_work["segmenter"],
        explain=_at_work["explain"],
    )


def prediction_rows(stored: Mapping[str, Sequence[Any]], job_id: str, created_at: str) -> Iterable[dict[str, Any]]:
    """Lay scored rows out for ``predictions``, in the file's order: ids sort by time, so a customer's last row wins."""
    names = list(stored)
    for values in zip(*stored.values(), strict=True):
        row = dict(zip(names, values, strict=True))
        yield {**row, "id": str(uuid_utils.uuid7()), "created_at": created_at, "request_id": job_id}
