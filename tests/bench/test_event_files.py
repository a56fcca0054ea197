import csv
import json
from pathlib import Path

import pytest

from tests.bench import event_files
from tests.bench.event_files import write_logs


def test_both_logs_hold_the_same_events(tmp_path: Path) -> None:
    lines, table = tmp_path / "log.jsonl", tmp_path / "log.csv"
    blanks = write_logs(lines, table, 2_000)
    objects = [json.loads(line) for line in lines.read_text().splitlines()]
    with table.open(newline="") as stream:
        records = list(csv.DictReader(stream))
    assert [row["ts"] for row in objects] == [row["ts"] for row in records]
    assert len(objects) == 2_000
    assert sum("user_id" not in row for row in objects) == sum(not row["user_id"] for row in records) == blanks > 0


def test_a_load_that_lost_an_event_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_files, "LOADED_EVENTS", 500)
    monkeypatch.setattr(event_files, "_load", lambda *_given, **_named: (1.0, 1.0))
    monkeypatch.setattr(event_files, "_stored", lambda _folder: (499, 0))
    with pytest.raises(RuntimeError, match="499"):
        event_files.measure()
