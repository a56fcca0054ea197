"""Jobs in the database: what each step of their life changes, and what it refuses to change."""

import json
from typing import Any

import pytest
import uuid_utils
from sqlalchemy import Connection, Engine, Row, select

from app.batch import store
from app.batch.progress import STATES, UNFINISHED, Counts, State
from app.db.tables import idempotency_keys, jobs
from tests.factories import a_job

EARLIER, NOW, LATER = (f"2026-11-21T12:00:0{second}.000000Z" for second in range(3))


@pytest.fixture
def connection(shared_engine: Engine) -> Any:
    """A transaction that is rolled back."""
    with shared_engine.connect() as connection:
        yield connection
        connection.rollback()


def put(connection: Connection, **changes: Any) -> str:
    """Store a job; returns its id."""
    job = a_job(**changes)
    store.insert_job(connection, [{"job": job, "key_row": None}])
    return str(job["id"])


def read(connection: Connection, job_id: str) -> Row[Any]:
    job = store.read_job(connection, job_id)
    assert job is not None
    return job


def state(connection: Connection, job_id: str) -> str:
    return str(read(connection, job_id).state)


def test_a_new_job_waits_and_has_done_nothing(connection: Connection) -> None:
    job = read(connection, put(connection, file_name="C-1.csv", rows_known=7))
    assert (job.state, job.file_name, job.rows_known, job.rows_done, job.attempt, job.stalled) == (
        "queued", "C-1.csv", 7, 0, 0, 0
    )  # fmt: skip
    assert (job.started_at, job.finished_at, job.reason) == (None, None, None)
    assert Counts.from_json(job.counts) == Counts()
    assert store.read_job(connection, str(uuid_utils.uuid7())) is None


def test_a_mapping_is_read_by_its_id(connection: Connection) -> None:
    rows = [{"id": str(uuid_utils.uuid7()), "created_at": NOW, "mapping": json.dumps({"place": n})} for n in range(2)]
    store.insert_mapping(connection, rows)
    assert store.read_mapping(connection, rows[1]["id"]) == '{"place": 1}'
    assert store.read_mapping(connection, "unknown") is None


def test_a_key_makes_one_job_and_the_other_hears_it(connection: Connection) -> None:
    entries: list[dict[str, Any]] = []
    for fingerprint in ("one", "two"):
        job = a_job(created_at=NOW)
        key_row = {"key": "k", "created_at": NOW, "fingerprint": fingerprint, "reference": job["id"]}
        entries.append({"job": job, "key_row": key_row})
    store.insert_job(connection, [*entries, {"job": a_job(), "key_row": None}])
    assert [entry["is_new"] for entry in entries] == [True, False]
    assert store.read_job(connection, entries[0]["job"]["id"]) is not None
    assert store.read_job(connection, entries[1]["job"]["id"]) is None
    assert connection.execute(select(idempotency_keys.c.reference)).scalars().all() == [entries[0]["job"]["id"]]


def test_jobs_are_listed_newest_first_page_by_page(connection: Connection) -> None:
    ids = [put(connection) for _ in range(5)]
    pages, before = [], None
    while page := store.read_jobs(connection, before, 2):
        pages.append([job.id for job in page])
        before = page[-1].id
    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]


def test_unfinished_jobs_are_listed_oldest_first(connection: Connection) -> None:
    ids = {each: put(connection, state=each) for each in STATES}
    assert [job.id for job in store.unfinished_jobs(connection)] == [ids[each] for each in STATES if each in UNFINISHED]
    assert store.all_ids(connection) == set(ids.values())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("queued", "cancelled"),
        ("interrupted", "cancelled"),
        ("running", "running"),
        ("done", "done"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
    ],
)
def test_a_job_is_asked_to_stop(connection: Connection, before: State, after: State) -> None:
    job_id, other = put(connection, state=before), put(connection)
    store.request_cancel(connection, [{"id": job_id, "now": NOW}])
    job = read(connection, job_id)
    assert job.state == after
    assert bool(job.cancel_requested) == store.is_cancel_requested(connection, job_id) == (before in UNFINISHED)
    assert job.finished_at == (NOW if before != after else None)
    assert state(connection, other) == "queued"


@pytest.mark.parametrize("before", STATES)
def test_a_job_is_taken_over_while_there_is_something_to_do(connection: Connection, before: State) -> None:
    job_id = put(connection, state=before, reason="It broke off.", attempt=4, stalled=1)
    taken = store.take_over(connection, job_id, NOW)
    if before not in UNFINISHED:
        assert taken is None
        assert read(connection, job_id).attempt == 4
        return
    assert taken is not None
    assert (taken.state, taken.started_at, taken.reason, taken.attempt, taken.stalled) == ("running", NOW, None, 5, 2)
    again = store.take_over(connection, job_id, LATER)
    assert again is not None
    assert again.started_at == NOW


def test_there_is_no_job_to_take_over(connection: Connection) -> None:
    assert store.take_over(connection, str(uuid_utils.uuid7()), NOW) is None


def test_only_the_latest_attempt_moves_a_job_on(connection: Connection) -> None:
    job_id = put(connection)
    old, new = (store.take_over(connection, job_id, NOW) for _ in range(2))
    assert old is not None
    assert new is not None
    assert not store.move_on(connection, old, rows_done=1)
    assert store.move_on(connection, new, rows_done=2)
    assert read(connection, job_id).rows_done == 2
    assert store.move_on(connection, new, state="done")
    assert not store.move_on(connection, new, rows_done=3)
    assert read(connection, job_id).rows_done == 2


def test_moving_a_job_on_leaves_others_where_they_are(connection: Connection) -> None:
    first, second = put(connection), put(connection)
    taken = [store.take_over(connection, job_id, NOW) for job_id in (first, second)]
    assert taken[0] is not None
    assert store.move_on(connection, taken[0], rows_done=5)
    assert read(connection, second).rows_done == 0


@pytest.mark.parametrize(("told", "at"), [("interrupted", None), ("failed", NOW)])
def test_what_ran_in_a_lost_process_is_told(connection: Connection, told: str, at: str | None) -> None:
    ids = {each: put(connection, state=each) for each in STATES}
    abandoned = store.end_abandoned(connection, told, "Its process ended.", at)
    assert [job.id for job in abandoned] == [ids["running"]]
    job = read(connection, ids["running"])
    kept = " Customers scored until then are stored." if told == "failed" else ""
    assert (job.state, job.reason, job.finished_at) == (told, f"Its process ended.{kept}", at)
    assert {each: state(connection, ids[each]) for each in STATES if each != "running"} == {
        each: each for each in STATES if each != "running"
    }


@pytest.mark.parametrize("before", STATES)
def test_a_job_is_given_up_alone_and_only_before_its_end(connection: Connection, before: State) -> None:
    job_id, other = put(connection, state=before), put(connection, state="running")
    given_up = store.give_up(connection, job_id, "It cannot go on.", NOW)
    assert given_up is not None
    assert given_up.state == ("failed" if before in UNFINISHED else before)
    kept = "It cannot go on. Customers scored until then are stored."
    assert given_up.reason == (kept if before in UNFINISHED else None)
    assert state(connection, other) == "running"


def test_no_column_is_too_short_for_what_is_stored(connection: Connection) -> None:
    longest = "\U0001f600" * 255
    job_id = put(connection, file_name=longest, state=max(STATES, key=len), models=json.dumps(["m/1"] * 100))
    assert read(connection, job_id).file_name == longest
    assert len(max(STATES, key=len)) <= jobs.c.state.type.length
