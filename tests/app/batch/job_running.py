"""Jobs that run in this process: what the worker process does, without waiting for one to start."""

import csv
import io
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
import uuid_utils
from sqlalchemy import Engine, Row, select

from app.batch import customer_job, intake, job_run, scorer, store
from app.batch.job_files import ERRORS, RESULTS, UPLOAD
from app.batch.progress import Counts
from app.db.tables import customers, predictions
from app.segments.assignment import MODEL_NAME
from app.settings import ROOT, Settings
from app.telecom.champions import FIELD_SETS


def read_aliases() -> dict[str, dict[str, str]]:
    """Which version of each shipped model is the champion."""
    aliases: dict[str, dict[str, str]] = json.loads((ROOT / "models" / "aliases.json").read_text())
    return aliases


NOW = "2026-11-21T12:00:00.000000Z"
CHAMPIONS = {name: f"{name}/{aliases['champion']}" for name, aliases in read_aliases().items()}
SCORING_VERSIONS = tuple(CHAMPIONS[f"telecom-{field_set}"] for field_set in FIELD_SETS)
VERSIONS = (*SCORING_VERSIONS, *(CHAMPIONS[name] for name in CHAMPIONS if name == MODEL_NAME))
"""What a job of a service with the shipped models is answered by."""
SMALL_PIECE = 1_500
"""Bytes: some twenty customers of ``tests.factories.a_csv_file``, so that a short file has many chunks."""


class ScoringHere:
    """Stands in for the scoring process: the same calls, made at once."""

    def __init__(self, models_dir: Path, versions: Sequence[str], told: Mapping[str, Any]) -> None:
        scorer.get_ready(models_dir, versions, told)

    def submit(self, call: Callable[[Any], Any], piece: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(call(piece))
        except Exception as error:
            future.set_exception(error)
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        scorer._at_work.clear()


def score_here(monkeypatch: pytest.MonkeyPatch, piece_bytes: int = SMALL_PIECE) -> None:
    """Let jobs run in this process, in small chunks and without pauses."""
    monkeypatch.setattr(customer_job, "scoring_process", ScoringHere)
    monkeypatch.setattr(job_run, "LEAST_PIECE_BYTES", piece_bytes)
    for bound in ("MOST_PIECE_BYTES", "MOST_EXPLAINED_BYTES"):
        monkeypatch.setattr(customer_job, bound, piece_bytes)
    monkeypatch.setattr(job_run, "GAP_SECONDS", 0.0)
    monkeypatch.setattr(job_run, "RETRY_SECONDS", 0.0)


def fail_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, at: int, error: Exception) -> None:
    """Let the call number ``at`` of a function fail."""
    real, calls = getattr(owner, name), iter(range(1, 10_000))

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if next(calls) == at:
            raise error
        return real(*arguments, **named)

    monkeypatch.setattr(owner, name, wrapped)


def after_chunks(monkeypatch: pytest.MonkeyPatch, chunks: int, act: Callable[[], Any]) -> None:
    """Do something right after a chunk was committed."""
    real, calls = job_run.JobRun._commit, iter(range(1, 10_000))

    def commit(run: job_run.JobRun, *arguments: Any) -> None:
        real(run, *arguments)
        if next(calls) == chunks:
            act()

    monkeypatch.setattr(job_run.JobRun, "_commit", commit)


@dataclass
class Bench:
    """Jobs over one database and one data folder."""

    settings: Settings
    engine: Engine
    stop: threading.Event = field(default_factory=threading.Event)
    beats: list[None] = field(default_factory=list)

    def job(
        self,
        content: bytes,
        mapping: Mapping[str, Any] | None = None,
        with_reasons: bool = False,
        plan: str | None = None,
        **changes: Any,
    ) -> str:
        """Take a file in as the service does, or with a plan as another release kept it; returns the id of its job."""
        job_id = str(uuid_utils.uuid7())
        folder = self.settings.batch_dir / job_id
        folder.mkdir(parents=True)
        (folder / UPLOAD).write_bytes(content)
        row = store.a_new_job(
            id=job_id,
            created_at=NOW,
            file_name="customers.csv",
            file_bytes=len(content),
            mapping=plan or json.dumps(intake.resolve(content, mapping, with_reasons=with_reasons)),
            models=json.dumps(VERSIONS),
            rows_known=content.count(b"\n") - 1,
        )
        with self.engine.begin() as connection:
            store.insert_job(connection, [{"job": {**row, **changes}, "key_row": None}])
        return job_id

    def take_over(self, job_id: str, engine: Any = None) -> job_run.JobRun:
        """Begin to work on a job as a new process."""
        with self.engine.begin() as connection:
            job = store.take_over(connection, job_id, NOW)
        assert job is not None
        return job_run.JobRun(self.settings, engine or self.engine, job, lambda: self.beats.append(None), self.stop)

    def row(self, job_id: str) -> Row[Any]:
        """What the database says of a job."""
        with self.engine.connect().execution_options(read_only=True) as connection:
            job = store.read_job(connection, job_id)
        assert job is not None
        return job

    def counts(self, job_id: str) -> Counts:
        """What a job has counted."""
        return Counts.from_json(self.row(job_id).counts)

    def path(self, job_id: str, name: str) -> Path:
        """One of a job's files."""
        return self.settings.batch_dir / job_id / name

    def results(self, job_id: str) -> list[dict[str, str]]:
        """The rows of results.csv."""
        return records(self.path(job_id, RESULTS).read_bytes())

    def errors(self, job_id: str) -> list[dict[str, str]]:
        """The rows of errors.csv."""
        return records(self.path(job_id, ERRORS).read_bytes())

    def predictions(self) -> list[dict[str, Any]]:
        """The stored predictions, oldest first."""
        with self.engine.connect().execution_options(read_only=True) as connection:
            found = connection.execute(select(predictions).order_by(predictions.c.id)).mappings()
            return [dict(row) for row in found]

    def customer_ids(self) -> set[str]:
        """The ids of the known customers."""
        with self.engine.connect().execution_options(read_only=True) as connection:
            return set(connection.execute(select(customers.c.id)).scalars())

    def check_whole(self, job_id: str, scored: int, rejected: int) -> None:
        """Hold database, counts and files against each other: every row once in each place."""
        row, counts = self.row(job_id), self.counts(job_id)
        assert (counts.scored, counts.rejected, row.rows_done) == (scored, rejected, scored + rejected)
        assert len(self.predictions()) == scored
        assert len(self.results(job_id)) == scored
        assert len(self.errors(job_id)) == rejected
        lengths = [self.path(job_id, name).stat().st_size for name in (RESULTS, ERRORS)]
        assert lengths == [row.results_bytes, row.errors_bytes]
        assert sum(counts.tiers.values()) == scored


def records(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file of ours."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
