"""What a job says beside the scores, segments and reasons, stays the same however often it is begun again."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from app.batch import intake, job_run, store
from app.db.tables import jobs
from app.segments.assignment import MODEL_NAME
from app.web.csv_cells import restore
from tests.app.batch.grouped_models import PERSONAS, grouped_models, segment_card
from tests.app.batch.job_running import SCORING_VERSIONS, Bench, fail_once, score_here
from tests.databases import sqlite_only
from tests.factories import a_csv_file, many_customers, settings_in
from training.sealing import point_champion, write_version

MANY = a_csv_file(many_customers(100))


@pytest.fixture
def bench(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    score_here(monkeypatch)
    return Bench(settings_in(tmp_path / "data"), engine)


@sqlite_only
def test_a_job_that_goes_on_keeps_its_reasons_and_its_segments(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models_dir = grouped_models(tmp_path / "models")
    bench.settings = settings_in(tmp_path / "data", models_dir=models_dir)
    job_id = bench.job(MANY, with_reasons=True, models=json.dumps([*SCORING_VERSIONS, f"{MODEL_NAME}/1"]))
    with monkeypatch.context() as broken:
        fail_once(broken, store, "move_on", 3, RuntimeError("killed here"))
        with pytest.raises(RuntimeError):
            bench.take_over(job_id).run()
    assert 0 < bench.row(job_id).rows_done < 100
    write_version(models_dir, segment_card("2", ("Others", "Altogether")), {})
    point_champion(models_dir, MODEL_NAME, "2")
    bench.take_over(job_id).run()
    bench.check_whole(job_id, scored=100, rejected=0)
    results = bench.results(job_id)
    assert {restore(row["persona"]) for row in results} <= set(PERSONAS)
    assert all(bool(row["reasons"]) == (row["churn_risk"] != "Low") for row in results)
    assert {row["churn_risk"] for row in results} >= {"Low", "High"}
    stored = [json.loads(row["answer"])["segment"] for row in bench.predictions()]
    assert stored == [int(row["segment"]) for row in results]


@sqlite_only
def test_a_job_of_before_there_were_reasons_and_segments_goes_on(bench: Bench) -> None:
    told = intake.resolve(MANY, None)
    del told["reasons"]
    job_id = bench.job(MANY, mapping=None, models=json.dumps(SCORING_VERSIONS))
    with bench.engine.begin() as connection:
        connection.execute(update(jobs).values(mapping=json.dumps(told)))
    bench.take_over(job_id).run()
    bench.check_whole(job_id, scored=100, rejected=0)
    assert {row["segment"] for row in bench.results(job_id)} == {""}
    assert "reasons" not in bench.results(job_id)[0]


def test_rows_that_are_explained_are_taken_in_smaller_chunks() -> None:
    most = job_run.MOST_EXPLAINED_BYTES
    assert most < job_run.MOST_PIECE_BYTES
    assert job_run.next_piece_bytes(most, 0.001, most) == most
    assert job_run.next_piece_bytes(most, 5.0, most) == most // 2
