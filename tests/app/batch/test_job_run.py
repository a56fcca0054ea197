"""One job, chunk by chunk: every row once in database, counts and files, however often it is begun again."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from app.batch import customer_job, job_run, store
from app.batch.job_files import ERRORS, RESULTS, UPLOAD, Outputs
from app.batch.job_run import JobRun, Stopped
from app.predictions.sums import read_portfolio
from app.telecom.features import CORE_FIELDS
from tests.app.batch.job_running import SMALL_PIECE, Bench, after_chunks, fail_once, score_here
from tests.databases import sqlite_only
from tests.factories import a_csv_file, many_customers, settings_in

HEADER = a_csv_file([]).decode()
MANY = a_csv_file(many_customers(100))


@pytest.fixture
def bench(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    score_here(monkeypatch)
    return Bench(settings_in(tmp_path / "data"), engine)


def test_a_job_ends_with_every_row_in_the_database_the_counts_and_the_files(bench: Bench) -> None:
    job_id = bench.job(MANY)
    assert len(MANY) > 4 * SMALL_PIECE
    before = job_run.now()
    bench.take_over(job_id).run()
    row = bench.row(job_id)
    bench.check_whole(job_id, scored=100, rejected=0)
    assert (row.state, row.reason, row.rows_known, row.rows_done, row.stalled) == ("done", None, 100, 100, 0)
    assert row.finished_at > before
    assert [result["customerId"] for result in bench.results(job_id)] == [f"C-{number}" for number in range(100)]
    assert [row["customer_id"] for row in bench.predictions()] == [f"C-{number}" for number in range(100)]
    assert {row["request_id"] for row in bench.predictions()} == {job_id}
    assert not bench.path(job_id, UPLOAD).exists()
    assert len(bench.beats) >= 4


@sqlite_only
def test_the_portfolio_counts_what_the_job_counted(bench: Bench) -> None:
    job_id = bench.job(MANY)
    bench.take_over(job_id).run()
    with bench.engine.connect().execution_options(read_only=True) as connection:
        stored = Counter[str]()
        for cell in read_portfolio(connection):
            stored[cell.tier] += cell.customers
    tiers = bench.counts(job_id).tiers
    assert stored == {tier: tiers[tier] for tier in stored}
    assert min(stored.values()) > 0


FILES: dict[str, tuple[str, dict[str, int]]] = {
    "nothing but a header": (HEADER, {}),
    "a header without a line end": (HEADER.rstrip(), {}),
    "no line end at the end": (a_csv_file(many_customers(2)).decode().rstrip(), {"scored": 2}),
    "blank lines": (HEADER + "\r\n" + a_csv_file(many_customers(2)).decode().partition("\n")[2] + "\r\n \r\n",
                    {"scored": 2, "blank_lines": 3}),
    "rows without any value": (HEADER + "," * HEADER.count(",") + "\r\n", {"blank_lines": 1}),
    "rows without an id": (a_csv_file([{**one, "customerId": ""} for one in many_customers(3)]).decode(),
                           {"scored": 3, "without_id": 3}),
    "the same customer three times": (a_csv_file([*many_customers(2), *many_customers(1), *many_customers(1)]).decode(),
                                      {"scored": 4, "duplicates": 2}),
    "rows with warnings": (a_csv_file(many_customers(2, accountLength=600)).decode(),
                           {"scored": 2, "with_warnings": 2}),
    "rows that cannot be scored": (a_csv_file([*many_customers(2, state="XX"), *many_customers(1)]).decode(),
                                   {"scored": 1, "rejected": 2}),
    "a row that is not a row": (HEADER + "only one value\r\n", {"rejected": 1}),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
@sqlite_only
def test_every_line_of_a_file_is_accounted_for(bench: Bench, kind: str) -> None:
    content, expected = FILES[kind]
    job_id = bench.job(content.encode())
    bench.take_over(job_id).run()
    bench.check_whole(job_id, expected.get("scored", 0), expected.get("rejected", 0))
    counts = vars(bench.counts(job_id))
    names = ("scored", "rejected", "blank_lines", "duplicates", "without_id", "with_warnings")
    assert {name: counts[name] for name in names} == {name: expected.get(name, 0) for name in names}
    assert bench.row(job_id).rows_known == bench.row(job_id).rows_done


def test_duplicates_count_across_chunks_and_the_last_row_stands(bench: Bench) -> None:
    twice = [*many_customers(60), *many_customers(60, accountLength=3)]
    job_id = bench.job(a_csv_file(twice))
    bench.take_over(job_id).run()
    assert bench.counts(job_id).duplicates == 60
    assert len(bench.customer_ids()) == 60
    assert {json.loads(row["profile"])["accountLength"] for row in bench.predictions()[60:]} == {3.0}
    # Another file with the same customers repeats none of its own rows.
    again = bench.job(a_csv_file(many_customers(60)))
    bench.take_over(again).run()
    assert bench.counts(again).duplicates == 0


@sqlite_only
def test_rejected_rows_are_counted_by_reason_and_can_be_corrected_and_sent_again(bench: Bench) -> None:
    customers = many_customers(40)
    for number, wrong in {3: {"state": "XX"}, 17: {"state": ""}, 18: {"accountLength": "601"}}.items():
        customers[number] |= wrong
    customers[30] |= {"state": "YY", "accountLength": "old"}
    job_id = bench.job(a_csv_file(customers))
    bench.take_over(job_id).run()
    bench.check_whole(job_id, scored=36, rejected=4)
    assert {(field, code): rows for (field, code, _), rows in bench.counts(job_id).rejections.items()} == {
        ("state", "not_in_vocabulary"): 2,
        ("state", "missing"): 1,
        ("accountLength", "out_of_range"): 1,
        ("accountLength", "not_a_number"): 1,
    }
    errors = bench.errors(job_id)
    assert [int(error["telelink_line"]) for error in errors] == [5, 19, 20, 32]
    assert errors[1]["telelink_reason"] == "Enter the state"
    corrected = bench.path(job_id, ERRORS).read_bytes()
    for wrong, right in ((b",XX,", b",KS,"), (b",601,", b",60,"), (b",old,YY,", b",12,OH,"), (b",,", b",TX,")):
        corrected = corrected.replace(wrong, right)
    again = bench.job(corrected)
    bench.take_over(again).run()
    assert (bench.counts(again).scored, bench.counts(again).rejected) == (4, 0)
    assert len(bench.customer_ids()) == 40


@sqlite_only
def test_results_can_be_read_in_again(bench: Bench) -> None:
    odd = many_customers(5)
    odd[2]["customerId"] = "=C-2"
    first = bench.job(a_csv_file(odd))
    bench.take_over(first).run()
    assert b"'=C-2" in bench.path(first, RESULTS).read_bytes()
    second = bench.job(bench.path(first, RESULTS).read_bytes())
    bench.take_over(second).run()
    assert bench.counts(second).scored == 5
    profiles = [row["profile"] for row in bench.predictions()]
    assert profiles[:5] == profiles[5:]
    assert "=C-2" in bench.customer_ids()


@sqlite_only
def test_a_file_without_minutes_is_answered_by_the_core_model(bench: Bench) -> None:
    columns = ["customerId", *(field.alias for field in CORE_FIELDS)]
    job_id = bench.job(a_csv_file(many_customers(3), columns))
    bench.take_over(job_id).run()
    assert {row["model_name"] for row in bench.predictions()} == {"telecom-core"}
    assert {row["monthly_charge_cents"] for row in bench.predictions()} == {None}


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (customer_job, "insert_predictions"),  # appended, and the transaction has not begun to store
        (store, "move_on"),  # stored, and the transaction is not committed
        (Outputs, "append"),
        (customer_job, "score_piece"),
    ],
)
@pytest.mark.parametrize("at", [1, 2, 4])
@sqlite_only
def test_a_job_that_broke_off_goes_on_where_its_row_says(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, at: int
) -> None:
    job_id = bench.job(MANY)
    with monkeypatch.context() as broken:
        fail_once(broken, owner, name, at, RuntimeError("killed here"))
        with pytest.raises(RuntimeError):
            bench.take_over(job_id).run()
    assert bench.row(job_id).state == "running"
    stored = len(bench.predictions())
    assert stored < 100
    assert stored == bench.row(job_id).rows_done
    bench.take_over(job_id).run()
    bench.check_whole(job_id, scored=100, rejected=0)
    assert bench.row(job_id).attempt == 2
    assert len({row["customer_id"] for row in bench.predictions()}) == 100


def test_rows_that_were_appended_and_not_stored_are_cut_off(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.job(MANY)
    with monkeypatch.context() as broken:
        fail_once(broken, customer_job, "insert_predictions", 3, RuntimeError("killed here"))
        with pytest.raises(RuntimeError):
            bench.take_over(job_id).run()
    assert bench.path(job_id, RESULTS).stat().st_size > bench.row(job_id).results_bytes > 0
    with bench.path(job_id, RESULTS).open("ab") as results:
        results.write(b"half a ro")
    bench.take_over(job_id).run()
    bench.check_whole(job_id, scored=100, rejected=0)


class LosesConnection:
    """An engine whose connection is lost while it commits: what it was to store is stored or not."""

    def __init__(self, engine: Engine, at: int, *, is_stored: bool) -> None:
        self._engine, self._left, self._is_stored = engine, at, is_stored
        self.dialect, self.url, self.connect = engine.dialect, engine.url, engine.connect

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        self._left -= 1
        with self._engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                (transaction.commit if self._left != 0 or self._is_stored else transaction.rollback)()
        if self._left == 0:
            raise OperationalError("COMMIT", None, Exception("server closed the connection"), False)


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_connection_lost_at_the_commit_doubles_nothing_and_loses_nothing(bench: Bench, is_stored: bool) -> None:
    job_id = bench.job(MANY)
    with pytest.raises(OperationalError):
        bench.take_over(job_id, LosesConnection(bench.engine, 2, is_stored=is_stored)).run()
    assert bench.row(job_id).state == "running"
    bench.take_over(job_id).run()
    bench.check_whole(job_id, scored=100, rejected=0)


@sqlite_only
def test_a_busy_database_is_asked_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = OperationalError("INSERT", None, Exception("busy"), False)
    monkeypatch.setattr(job_run, "is_connection_lost", lambda error: False)
    fail_once(monkeypatch, customer_job, "insert_predictions", 2, busy)
    fail_once(monkeypatch, job_run.store, "move_on", 4, busy)
    job_id = bench.job(MANY)
    bench.take_over(job_id).run()
    assert bench.row(job_id).state == "done"
    bench.check_whole(job_id, scored=100, rejected=0)


def test_an_older_attempt_can_no_longer_commit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.job(MANY)
    newer: list[JobRun] = []
    with monkeypatch.context() as overtaken:
        after_chunks(overtaken, 2, lambda: newer.append(bench.take_over(job_id)))
        with pytest.raises(Stopped):
            bench.take_over(job_id).run()
    assert bench.row(job_id).rows_done == len(bench.predictions()) < 100
    assert bench.path(job_id, UPLOAD).exists()
    newer[0].run()
    bench.check_whole(job_id, scored=100, rejected=0)


@sqlite_only
def test_an_overtaken_process_that_is_at_its_end_leaves_the_upload(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = bench.job(HEADER.encode())
    old, new = bench.take_over(job_id), bench.take_over(job_id)
    with pytest.raises(Stopped):
        old.run()
    assert bench.row(job_id).state == "running"
    assert bench.path(job_id, UPLOAD).exists()
    new.run()
    assert bench.row(job_id).state == "done"
