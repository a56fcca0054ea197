"""A user's lines leave the files of the jobs over logs, and nobody else's do."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.batch.erasure import JobFiles
from app.batch.event_erasure import LogFiles
from app.batch.event_reading import ERRORS_HEADER, errors_lines
from app.batch.job_files import ERRORS, UPLOAD
from app.batch.validation import Problem
from app.errors import ErasureWaitsForJob
from tests.app.batch.event_logs import LogBench, an_event, csv_log, json_lines
from tests.app.batch.job_running import records
from tests.factories import settings_in

ZOFIE = "\u017dofie"
WRONG = Problem("ts", "not_a_time", "Time must be ISO 8601")


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> LogBench:
    return LogBench(settings_in(tmp_path / "data"), engine)


def left_after(bench: LogBench, user_id: str, lines: list[str], log: bytes) -> list[str]:
    """Erase a user from the errors of a job; returns the lines that are left."""
    job_id = bench.log_job(log, state="done")
    refused = [(place, line, WRONG) for place, line in enumerate(lines, start=1)]
    bench.path(job_id, ERRORS).write_bytes(ERRORS_HEADER + errors_lines(refused))
    LogFiles(bench.engine, bench.settings.batch_dir).erase_rows(user_id)
    return [row["line as it stands"] for row in records(bench.path(job_id, ERRORS).read_bytes())]


@pytest.mark.parametrize(
    ("user_id", "theirs", "others"),
    [
        ("ann", ['{"user_id": "ann", "ts": 1}', '{"user_id": "ann", "ts"'], ['{"user_id": "anna"}', '{"level":"ann"}']),
        ("39", ['{"user_id": 39}', '{"user_id": 39.0, "a": 1}', '{"a":39'], ['{"user_id": 1, "item_in_session": 39}']),
        (ZOFIE, [json.dumps({"user_id": ZOFIE}), f'{{"user_id": "{ZOFIE}"}}'], [f'{{"user_id": "{ZOFIE[:-1]}"}}']),
        ('a"b', [json.dumps({"user_id": 'a"b'})], ['{"user_id": "b"}']),
    ],
)  # fmt: skip
def test_a_users_lines_leave_the_errors(bench: LogBench, user_id: str, theirs: list[str], others: list[str]) -> None:
    assert left_after(bench, user_id, [*theirs, *others], json_lines([an_event()])) == others


def test_a_users_records_leave_the_errors_of_a_table(bench: LogBench) -> None:
    rest = ",s-1,0,now,play,,,,"
    others = [f"anna{rest}", f"ben{rest}".replace("s-1", "ann")]
    assert left_after(bench, "ann", [f"ann{rest}", "ann,1", *others], csv_log([an_event()])) == others


def test_erasure_waits_for_a_log_that_has_yet_to_be_read(bench: LogBench) -> None:
    job_id = bench.log_job(json_lines([an_event()]), state="queued")
    files = LogFiles(bench.engine, bench.settings.batch_dir)
    with pytest.raises(ErasureWaitsForJob):
        files.erase_rows("ann")
    assert not files.erase_rows("ben")
    assert not JobFiles(bench.engine, bench.settings.batch_dir).erase_rows("ann")
    assert bench.path(job_id, UPLOAD).exists()
