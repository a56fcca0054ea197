"""Loading logs from the command line: the same reading and storing as a job's, any number of files, begun again."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from app.batch import event_job, event_loading
from app.batch.event_counts import EventCounts
from app.batch.event_loading import LoadRequest, load
from app.batch.file_plan import FileRefused
from app.settings import ROOT
from tests.app.batch.event_logs import LogBench, ReadingHere, a_session, csv_log, json_lines, many_events
from tests.app.batch.job_running import NOW, fail_once, records
from tests.databases import sqlite_only
from tests.factories import settings_in

RETAIL = {
    "Invoice": ["489434", "489434", "C489449", "489435"],
    "StockCode": ["85048", "79323P", "22087", "22350"],
    "Description": ["LIGHTS", None, "BUNTING", "CAT BOWL"],
    "Quantity": [12, 12, -12, -3],
    "InvoiceDate": ["2009-12-01 07:45:00", "2009-12-01 07:45:00", "2009-12-01 10:33:00", "2009-12-01 07:46:00"],
    "Price": [6.95, 6.75, 2.95, 0.0],
    "Customer ID": [13085.0, 13085.0, 16321.0, None],
    "Country": ["United Kingdom"] * 4,
}


@pytest.fixture
def bench(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogBench:
    monkeypatch.setattr(event_loading, "reading_process", ReadingHere)
    monkeypatch.setattr(event_loading, "PIECE_BYTES", 700)
    monkeypatch.setattr(event_loading, "RETRY_SECONDS", 0.0)
    return LogBench(settings_in(tmp_path / "data"), engine)


def a_file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def loaded(bench: LogBench, *sources: Path, **request: Any) -> EventCounts:
    return load(bench.engine, LoadRequest(sources, **request), NOW)[0]


def test_logs_are_loaded_one_after_the_other_and_their_lines_reported(bench: LogBench, tmp_path: Path) -> None:
    first = a_file(tmp_path, "a.jsonl", json_lines([*many_events(40), '{"ts": "x",']))
    second = a_file(tmp_path, "b.csv", csv_log([*many_events(20, "v"), {"user_id": "ann", "ts": "now"}]))
    errors = tmp_path / "errors.csv"
    counts = loaded(bench, first, second, errors=errors)
    assert (counts.accepted, counts.duplicates, counts.rejected, counts.rows) == (60, 0, 2, 62)
    assert (counts.identified, counts.unidentified.total(), counts.users) == (6, 0, 3)
    told = [(row["file"], row["telelink_line"]) for row in records(errors.read_bytes())]
    assert told == [(str(first), "41"), (str(second), "22")]
    assert len(bench.stored()) == 60


@sqlite_only
def test_a_session_that_ends_in_the_next_file_is_decided(bench: LogBench, tmp_path: Path) -> None:
    rows = a_session(["ann", None, None, "ann"])
    files = [a_file(tmp_path, f"{place}.jsonl", json_lines([row])) for place, row in enumerate(rows)]
    assert loaded(bench, *files).identified == 2


@pytest.mark.parametrize("at", [1, 3, 6])
@sqlite_only
def test_a_load_that_broke_off_is_gone_on_with_by_running_it_again(
    bench: LogBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    log = a_file(tmp_path, "a.jsonl", json_lines(many_events(60)))
    with monkeypatch.context() as broken:
        fail_once(broken, event_job, "append_chunk", at, KeyboardInterrupt())  # type: ignore[arg-type]
        with pytest.raises(KeyboardInterrupt):
            loaded(bench, log)
    before = len(bench.stored())
    counts = loaded(bench, log)
    assert (counts.duplicates, counts.accepted, len(bench.stored())) == (before, 60 - before, 60)
    assert (counts.identified, counts.users) == (6, 2)


@sqlite_only
def test_a_busy_database_is_waited_for_and_then_named(
    bench: LogBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = a_file(tmp_path, "a.jsonl", json_lines(many_events(30)))
    busy = OperationalError("BEGIN", None, Exception("database is locked"), False)
    fail_once(monkeypatch, event_job, "append_chunk", 2, busy)
    assert loaded(bench, log).accepted == 30

    def never(*_: object) -> None:
        raise busy

    monkeypatch.setattr(event_loading, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(event_job, "append_chunk", never)
    with pytest.raises(FileRefused, match="Run the same command again"):
        loaded(bench, log)


@sqlite_only
def test_parquet_is_read_as_its_table_would_be(bench: LogBench, tmp_path: Path) -> None:
    path = tmp_path / "lines.parquet"
    pq.write_table(pa.table(RETAIL), path)
    counts = loaded(bench, path)
    assert (counts.accepted, counts.rejected, counts.users) == (4, 0, 2)
    stored = {(row.session_id, row.item_id): row for row in bench.stored()}
    assert (stored["489434", "85048"].user_id, stored["489434", "85048"].value) == ("13085", pytest.approx(83.4))
    assert (stored["C489449", "22087"].kind, stored["C489449", "22087"].value) == ("refund", pytest.approx(35.4))
    assert counts.unidentified.total() == 1
    table = [dict(zip(RETAIL, ("" if cell is None else cell for cell in row), strict=True))
             for row in zip(*RETAIL.values(), strict=True)]  # fmt: skip
    again = loaded(bench, a_file(tmp_path, "lines.csv", csv_log(table, list(RETAIL))))
    assert (again.accepted, again.duplicates) == (0, 4)


@sqlite_only
def test_a_mapping_can_be_given_as_a_file(bench: LogBench, tmp_path: Path) -> None:
    log = a_file(tmp_path, "a.csv", b"when,who\n1772359200,ann\n")
    mapping = a_file(
        tmp_path,
        "mapping.json",
        json.dumps({"columns": {"ts": "when", "user_id": "who"}, "ts_unit": "s", "kind": "visit"}).encode(),
    )
    assert loaded(bench, log, mapping=mapping).accepted == 1
    assert [row.kind for row in bench.stored()] == ["visit"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"a,b\n1,2\n", "adapter: Choose an adapter, or say in a mapping what the columns hold"),
        ("a.jsonl", b"[{}]", "This is one JSON array"),
        ("a.parquet", b"PAR1", "this is not a Parquet file"),
        ("a.csv", b"", "The file is empty"),
    ],
)
@sqlite_only
def test_a_file_that_is_no_log_is_refused_before_anything_is_stored(
    bench: LogBench, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    good = a_file(tmp_path, "good.jsonl", json_lines(many_events(3)))
    with pytest.raises(FileRefused) as refused:
        loaded(bench, good, a_file(tmp_path, name, content))
    assert sentence in str(refused.value)
    with pytest.raises(FileRefused, match="No such file"):
        loaded(bench, good, tmp_path / "missing.csv")
    with pytest.raises(FileRefused, match="the mapping cannot be read"):
        loaded(bench, good, mapping=good)
    assert bench.stored() == []


def run_script(tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": ""}
    command = [sys.executable, str(ROOT / "scripts" / "load_events"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_script_loads_scores_and_sums_it_up(tmp_path: Path) -> None:
    log = a_file(tmp_path, "a.jsonl", json_lines([*many_events(30), "no event"]))
    first = run_script(tmp_path, str(log), "--errors", str(tmp_path / "errors.csv"))
    assert first.returncode == 3, first.stderr
    assert "31 rows in: 30 accepted, 0 duplicates, 1 rejected; 0 blank lines" in first.stderr
    assert "3 events without a user were identified" in first.stderr
    assert "1 users scored" in first.stderr
    again = run_script(tmp_path, str(log), "--no-scores")
    assert "0 accepted, 30 duplicates, 1 rejected" in again.stderr
    assert run_script(tmp_path, str(tmp_path / "errors.csv")).returncode == 2
