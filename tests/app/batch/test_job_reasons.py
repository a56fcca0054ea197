"""What a job says beside the scores, segments and reasons, stays the same however often it is begun again."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.batch import customer_job, intake, job_run, store
from app.batch.job_files import ERRORS, RESULTS
from app.batch.progress import Counts
from app.segments.assignment import MODEL_NAME
from app.telecom.segmenter import UNASSIGNED
from app.web.csv_cells import restore
from tests.app.batch.grouped_models import PERSONAS, grouped_models, segment_card
from tests.app.batch.job_running import SCORING_VERSIONS, Bench, fail_once, score_here
from tests.databases import sqlite_only
from tests.factories import a_csv_file, many_customers, settings_in
from training.sealing import point_champion, write_version

MANY = a_csv_file(many_customers(100))
OLD_COLUMNS = (
    "churn_probability,probability_low,probability_high,churn_risk,estimated_clv,clv_low,clv_high,value_at_risk_usd,"
    "confidence,value_band,recommendation_code,recommendation,model,warnings"
)
OLD_CELLS = "0.1,0.05,0.2,Low,5000.0,4000.0,6000.0,500.0,high,standard,none,No action,telecom-usage/1,"


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


def told_before() -> str:
    """What the release before there were reasons and segments kept of a file."""
    told = intake.resolve(MANY, None)
    return json.dumps({name: told[name] for name in ("dialect", "fields", "ignored")})


@sqlite_only
def test_a_job_of_before_there_were_reasons_and_segments_goes_on(bench: Bench) -> None:
    job_id = bench.job(MANY, plan=told_before(), models=json.dumps(SCORING_VERSIONS))
    bench.take_over(job_id).run()
    bench.check_whole(job_id, scored=100, rejected=0)
    assert not {"segment", "persona", "reasons"} & bench.results(job_id)[0].keys()
    assert {json.loads(row["answer"])["segment"] for row in bench.predictions()} == {UNASSIGNED}


@sqlite_only
def test_rows_stay_as_wide_as_the_header_that_the_release_before_wrote(bench: Bench) -> None:
    own = MANY.decode().splitlines()
    old = [f"{own[0]},{OLD_COLUMNS}", *(f"{line},{OLD_CELLS}" for line in own[1:21])]
    written = {RESULTS: old, ERRORS: [f"{own[0]},telelink_line,telelink_reason"]}
    content = {name: "".join(f"{line}\r\n" for line in lines).encode() for name, lines in written.items()}
    job_id = bench.job(
        MANY,
        plan=told_before(),
        models=json.dumps(SCORING_VERSIONS),
        state="interrupted",
        attempt=1,
        counts=Counts(scored=20, tiers=Counter(Low=20)).to_json(),
        rows_done=20,
        input_offset=sum(len(line) + 2 for line in own[:21]),
        input_line=22,
        results_bytes=len(content[RESULTS]),
        errors_bytes=len(content[ERRORS]),
    )
    for name, begun in content.items():
        bench.path(job_id, name).write_bytes(begun)
    bench.take_over(job_id).run()
    assert (bench.row(job_id).state, bench.counts(job_id).scored) == ("done", 100)
    assert bench.path(job_id, RESULTS).read_bytes().startswith(content[RESULTS])
    lines = list(csv.reader(bench.path(job_id, RESULTS).read_bytes().decode().splitlines()))
    assert {len(cells) for cells in lines} == {len(own[0].split(",")) + 14}
    assert [cells[0] for cells in lines[1:]] == [f"C-{number}" for number in range(100)]
    fresh = bench.job(MANY)
    bench.take_over(fresh).run()
    wanted = [{name: row[name] for name in lines[0]} for row in bench.results(fresh)]
    assert bench.results(job_id)[20:] == wanted[20:]
    assert {row["segment"] for row in bench.results(fresh)} != {""}


def test_rows_that_are_explained_are_taken_in_smaller_chunks() -> None:
    most = customer_job.MOST_EXPLAINED_BYTES
    assert most < customer_job.MOST_PIECE_BYTES
    assert job_run.next_piece_bytes(most, 0.001, most) == most
    assert job_run.next_piece_bytes(most, 5.0, most) == most // 2
