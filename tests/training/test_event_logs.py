import hashlib
import json

import pytest

from app.events.adapters import Adapter
from app.events.columns import CODE_OF_KIND, DAY_US
from training.event_logs import adapter_of, read_log

NOW = 20_000 * DAY_US


def line(**changes):
    return json.dumps({"user_id": "a", "session_id": "s", "ts": 1_500_000_000_000, "kind": "visit"} | changes) + "\n"


def test_a_folder_is_read_file_by_file_in_the_order_of_names(tmp_path):
    (tmp_path / "2.jsonl").write_text(line(user_id="b"))
    (tmp_path / "1.jsonl").write_text(line() + line(kind="sky-dive"))
    (tmp_path / "notes.md").write_text("no events")
    log = read_log(tmp_path, "canonical", NOW)
    assert [log.events.user_ids[code] for code in log.events.user] == ["a", "a", "b"]
    assert (log.unknown_kinds, log.problems) == ({"sky-dive": 1}, [])


def test_lines_that_are_no_event_are_told_by_file_and_line(tmp_path):
    file = tmp_path / "log.jsonl"
    file.write_text(line() + "oh\n" + line(ts="yesterday"))
    log = read_log(file, "canonical", NOW)
    assert [(name, problem.line, problem.field) for name, problem in log.problems] == [
        ("log.jsonl", 2, ""),
        ("log.jsonl", 3, "ts"),
    ]
    assert len(log.events) == 1
    assert log.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_mapping_of_ones_own_reads_a_csv_file(tmp_path):
    (tmp_path / "log.csv").write_text("who,when\nx,2020-01-01T00:00:00\n")
    own = Adapter.from_mapping({"columns": {"user_id": "who", "ts": "when"}, "kind": "purchase"})
    log = read_log(tmp_path / "log.csv", own, NOW)
    assert (log.events.user_ids, log.events.kind.tolist()) == (("x",), [CODE_OF_KIND["purchase"]])


def test_a_command_line_names_an_adapter_or_a_file_with_a_mapping(tmp_path):
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"columns": {"user_id": "who", "ts": "when"}, "kind": "purchase"}))
    assert adapter_of("music", None) == "music"
    assert adapter_of("canonical", own).columns == {"user_id": "who", "ts": "when"}
    own.write_text("{}")
    with pytest.raises(ValueError, match="Say which columns"):
        adapter_of("canonical", own)


def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path):
    with pytest.raises(ValueError, match="no adapter radio"):
        read_log(tmp_path, "radio", NOW)
    with pytest.raises(ValueError, match="holds no file"):
        read_log(tmp_path, "canonical", NOW)
    (tmp_path / "log.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match="no event can be read; line 1"):
        read_log(tmp_path, "canonical", NOW)


def test_without_a_moment_the_present_one_counts(tmp_path):
    (tmp_path / "log.jsonl").write_text(line() + line(ts="2999-01-01T00:00:00Z"))
    assert [problem.code for _, problem in read_log(tmp_path, "canonical").problems] == ["in_the_future"]


@pytest.mark.real_data
def test_the_music_log_is_read_whole(shared_data):
    log = read_log(shared_data / "music_events", "music")
    assert (len(log.events), len(log.problems), int((log.events.user < 0).sum())) == (8_056, 0, 286)
