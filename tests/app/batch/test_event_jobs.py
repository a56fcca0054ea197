"""A job over a log, chunk by chunk: every event stored once, every other line reported, however often it is begun."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from app.batch import event_job, event_tally, store
from app.batch.event_tally import owners_of, tally_of
from app.batch.job_files import TALLY, UPLOAD, Outputs
from app.batch.job_run import Stopped
from app.events.ownership import MESSAGES
from app.events.store import append_chunk, stored_rows
from tests.app.batch.event_logs import (
    SMALL_PIECE,
    LogBench,
    a_session,
    an_event,
    canonical,
    csv_log,
    json_lines,
    many_events,
    read_here,
)
from tests.app.batch.job_running import NOW, after_chunks, fail_once
from tests.databases import sqlite_only
from tests.factories import settings_in

MANY = json_lines([*many_events(90), "{not json}", *many_events(10, "v")])


@pytest.fixture
def bench(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogBench:
    read_here(monkeypatch)
    return LogBench(settings_in(tmp_path / "data"), engine)


def test_a_log_ends_with_every_line_stored_or_reported(bench: LogBench) -> None:
    job_id = bench.log_job(MANY)
    assert len(MANY) > 10 * SMALL_PIECE
    bench.take_over(job_id).run()
    row, counts = bench.row(job_id), bench.event_counts(job_id)
    bench.check_log(job_id, accepted=100, rejected=1)
    assert (row.state, row.reason, row.rows_known, row.stalled) == ("done", None, 101, 0)
    assert (counts.identified, counts.unidentified.total()) == (10, 0)
    assert counts.users == 4
    assert not bench.path(job_id, UPLOAD).exists()
    (rejected,) = bench.errors(job_id)
    assert rejected == {
        "line as it stands": "{not json}",
        "telelink_line": "91",
        "telelink_reason": "The line is not JSON",
    }


def test_the_same_log_again_stores_nothing_and_tells_the_same(bench: LogBench) -> None:
    first = bench.finish(MANY)
    stored = bench.stored()
    again = bench.finish(MANY)
    assert (again.accepted, again.duplicates, again.rejected) == (0, 100, 1)
    assert (again.identified, again.unidentified, again.users) == (first.identified, first.unidentified, first.users)
    assert bench.stored() == stored


def test_a_csv_log_stores_what_its_json_lines_store(bench: LogBench) -> None:
    rows = many_events(40)
    bench.finish(json_lines(rows))
    counts = bench.finish(csv_log(rows))
    assert (counts.accepted, counts.duplicates) == (0, 40)


def test_the_file_counts_each_line_also_those_that_come_twice(bench: LogBench) -> None:
    rows = many_events(20)
    counts = bench.finish(json_lines([*rows, "", *rows, "[]", an_event(0, "zoe", kind=7)]))
    assert (counts.accepted, counts.duplicates, counts.rejected, counts.blank_lines) == (20, 20, 2, 1)
    assert counts.rows == 42
    assert counts.identified == 2


def test_unknown_kinds_are_kept_and_counted(bench: LogBench) -> None:
    counts = bench.finish(json_lines([an_event(0, kind="karaoke"), an_event(1, kind="karaoke"), an_event(2)]))
    assert (counts.accepted, counts.unknown_kinds) == (3, Counter({"karaoke": 2}))
    assert [row.kind for row in bench.stored()] == ["karaoke", "karaoke", "play"]


BORDERS: dict[str, tuple[list[str | None], int, set[str]]] = {
    "decided by the next chunk": (["ann", None, *[None] * 8, "ann"], 9, set()),
    "decided only at first": (["ann", *[None] * 9, "ben"], 0, {"between_two_users"}),
    "decided by the last chunk": ([*[None] * 10, "ann"], 10, set()),
    "never decided": ([None] * 11, 0, {"session_without_user"}),
}


@pytest.mark.parametrize("kind", BORDERS)
def test_whose_an_event_is_does_not_depend_on_where_the_file_is_cut(
    bench: LogBench, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    users, identified, reasons = BORDERS[kind]
    content = json_lines(a_session(users))
    sizes = (150, 400, 100_000)
    told = []
    for size in sizes:
        read_here(monkeypatch, size)
        counts = bench.finish(content)
        told.append((counts.identified, set(counts.unidentified), counts.users))
    assert told == [(identified, reasons, len(set(users) - {None}))] * len(sizes)


def test_sums_over_chunks_would_have_told_something_else(bench: LogBench, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    real = event_job.append_chunk
    monkeypatch.setattr(event_job, "append_chunk", lambda *given: found.append(real(*given)) or found[-1])
    counts = bench.finish(json_lines(a_session(["ann", *[None] * 9, "ben"])))
    assert sum(outcome.identified for outcome in found) > 0
    assert (counts.identified, counts.unidentified) == (0, Counter(between_two_users=9))


@sqlite_only
def test_shuffled_lines_are_owned_as_those_in_order(bench: LogBench, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*many_events(60), *a_session(["ann", None, None, "ben", None], "shared")]
    shuffled = random.Random(5).sample(rows, len(rows))
    first = bench.finish(json_lines(shuffled))
    read_here(monkeypatch, 100_000)
    second = bench.finish(json_lines(rows))
    assert second.accepted == 0
    assert (first.identified, first.unidentified) == (second.identified, second.unidentified)
    assert first.unidentified.keys() <= MESSAGES.keys()


@sqlite_only
def test_what_another_door_stores_meanwhile_counts_too(bench: LogBench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.log_job(json_lines(a_session([None] * 10)))
    late = stored_rows(canonical([an_event(10, "ann")]))

    def append_late() -> None:
        with bench.engine.begin() as connection:
            append_chunk(connection, late)

    after_chunks(monkeypatch, 1, append_late)
    bench.take_over(job_id).run()
    assert bench.event_counts(job_id).identified == 10


@pytest.mark.parametrize(
    ("owner", "name"),
    [(event_job, "append_chunk"), (store, "move_on"), (Outputs, "append"), (event_job, "read_log_piece")],
)
@pytest.mark.parametrize("at", [1, 2, 7])
@sqlite_only
def test_a_job_that_broke_off_goes_on_where_its_row_says(
    bench: LogBench, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, at: int
) -> None:
    job_id = bench.log_job(MANY)
    with monkeypatch.context() as broken:
        fail_once(broken, owner, name, at, RuntimeError("killed here"))
        with pytest.raises(RuntimeError):
            bench.take_over(job_id).run()
    assert bench.row(job_id).state == "running"
    assert len(bench.stored()) == bench.event_counts(job_id).accepted < 100
    bench.take_over(job_id).run()
    bench.check_log(job_id, accepted=100, rejected=1)
    assert (bench.event_counts(job_id).identified, bench.event_counts(job_id).users) == (10, 4)


@sqlite_only
def test_what_was_tallied_and_not_stored_is_cut_off(bench: LogBench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.log_job(MANY)
    with monkeypatch.context() as broken:
        fail_once(broken, event_job, "append_chunk", 3, RuntimeError("killed here"))
        with pytest.raises(RuntimeError):
            bench.take_over(job_id).run()
    assert bench.path(job_id, TALLY).stat().st_size > bench.row(job_id).results_bytes > 0
    with bench.path(job_id, TALLY).open("ab") as tally:
        tally.write(b'{"users": ["half a li')
    bench.take_over(job_id).run()
    bench.check_log(job_id, accepted=100, rejected=1)


@sqlite_only
def test_a_stopped_job_goes_on_and_a_cancelled_one_keeps_what_is_stored(
    bench: LogBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = bench.log_job(MANY)
    with monkeypatch.context() as stopping:
        after_chunks(stopping, 2, bench.stop.set)
        with pytest.raises(Stopped):
            bench.take_over(job_id).run()
    assert (bench.row(job_id).state, bench.path(job_id, TALLY).exists()) == ("interrupted", True)
    bench.stop.clear()

    def cancel() -> None:
        with bench.engine.begin() as connection:
            store.request_cancel(connection, [{"id": job_id, "now": NOW}])

    after_chunks(monkeypatch, 2, cancel)
    with pytest.raises(Stopped):
        bench.take_over(job_id).run()
    row, counts = bench.row(job_id), bench.event_counts(job_id)
    assert (row.state, row.reason) == ("cancelled", "It was cancelled. Events read until then are stored.")
    assert 0 < len(bench.stored()) == counts.accepted < 100
    assert counts.identified == sum(1 for each in bench.stored() if each.is_blank and each.user_id)
    assert not bench.path(job_id, UPLOAD).exists()
    assert not bench.path(job_id, TALLY).exists()


@sqlite_only
def test_a_service_that_stops_while_the_end_is_counted_counts_it_when_it_starts_again(
    bench: LogBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = bench.log_job(MANY)
    real = event_tally.standing
    with monkeypatch.context() as stopping:
        stopping.setattr(event_tally, "standing", lambda *given: bench.stop.set() or real(*given))
        with pytest.raises(Stopped):
            bench.take_over(job_id).run()
    assert bench.row(job_id).state == "interrupted"
    bench.stop.clear()
    bench.take_over(job_id).run()
    bench.check_log(job_id, accepted=100, rejected=1)


@sqlite_only
def test_a_busy_database_is_asked_again_at_the_end_too(bench: LogBench, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = OperationalError("SELECT", None, Exception("busy"), False)
    fail_once(monkeypatch, event_tally, "standing", 1, busy)
    job_id = bench.log_job(MANY)
    bench.take_over(job_id).run()
    bench.check_log(job_id, accepted=100, rejected=1)


@sqlite_only
def test_a_moment_is_held_against_the_time_the_file_came(bench: LogBench) -> None:
    rows = [
        an_event(0, ts=moment) for moment in ("2026-11-21T12:04:59Z", "2026-11-21T12:05:01Z", "1999-12-31T23:59:59Z")
    ]
    counts = bench.finish(json_lines([*rows, an_event(0, ts="2021-11-21T12:00:00Z")]))
    assert (counts.accepted, counts.rejected) == (2, 2)
    assert {code for _, code, _ in counts.rejections} == {"in_the_future", "before_2000"}


@sqlite_only
def test_the_owners_are_looked_up_a_session_at_a_time(bench: LogBench, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = stored_rows(canonical(many_events(200)))
    with bench.engine.begin() as connection:
        append_chunk(connection, rows)
    tally = [tally_of(rows[start : start + 20]) for start in range(0, 200, 20)]
    beats: list[None] = []
    monkeypatch.setattr(event_tally, "BLANKS_TOGETHER", 4)
    owners = owners_of(bench.engine, [*tally, *tally], lambda: beats.append(None))
    assert (owners.identified, len(owners.users), len(beats)) == (20, 7, 5)


def test_a_tally_without_events_is_empty() -> None:
    assert tally_of([]) == b""
    (row,) = stored_rows(canonical([an_event()]))
    assert json.loads(tally_of([row])) == {"users": ["ann"], "blanks": []}
