"""The public logs, loaded as a person loads them: every line accounted for, and whose the blank events are."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.batch import event_loading
from app.batch.event_loading import LoadRequest, load
from tests.app.batch.event_logs import LogBench, ReadingHere
from tests.app.batch.job_running import NOW
from tests.databases import sqlite_only
from tests.factories import settings_in

pytestmark = pytest.mark.real_data


@pytest.fixture
def bench(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogBench:
    monkeypatch.setattr(event_loading, "reading_process", ReadingHere)
    return LogBench(settings_in(tmp_path / "data"), engine)


@sqlite_only
def test_the_music_log_is_found_by_its_columns_and_its_blanks_are_accounted_for(
    bench: LogBench, shared_data: Path
) -> None:
    days = tuple(sorted((shared_data / "music_events").glob("*.json")))
    counts, _ = load(bench.engine, LoadRequest(days), NOW)
    assert (counts.accepted, counts.duplicates, counts.rejected, counts.unknown_kinds.total()) == (8_056, 0, 0, 0)
    assert counts.identified is not None
    assert counts.identified + counts.unidentified.total() == 286
    again, _ = load(bench.engine, LoadRequest(days[:3]), NOW)
    assert again.accepted == 0


@sqlite_only
def test_the_invoices_are_purchases_of_known_customers(bench: LogBench, shared_data: Path) -> None:
    counts, _ = load(bench.engine, LoadRequest((shared_data / "retail_invoices" / "invoices_2009_2011.csv",)), NOW)
    assert (counts.accepted, counts.duplicates, counts.rejected, counts.users) == (36_969, 0, 0, 5_878)
    assert {row.kind for row in bench.stored()} == {"purchase"}
