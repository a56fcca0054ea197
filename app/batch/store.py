"""Jobs, mappings and what a worker commits with each chunk of rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from app.batch.progress import KEPT, UNFINISHED, Counts
from app.db.tables import jobs, mappings
from app.predictions.idempotency import claim

Values = Mapping[str, Any]


def insert_mapping(connection: Connection, rows: Sequence[Values]) -> None:
    """Store confirmed mappings."""
    connection.execute(insert(mappings), [dict(row) for row in rows])


def read_mapping(connection: Connection, mapping_id: str) -> str | None:
    """Read a confirmed mapping's JSON; None when there is none with this id."""
    return connection.execute(select(mappings.c.mapping).where(mappings.c.id == mapping_id)).scalar()


def insert_job(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store new jobs; one whose idempotency key is taken already leaves no row, and hears it in ``is_new``.

    Each row holds ``job``, the columns a new job has, and ``key_row``, None or a row of ``idempotency_keys``.
    """
    for row in rows:
        row["is_new"] = row["key_row"] is None or claim(connection, row["key_row"])
        if row["is_new"]:
            connection.execute(insert(jobs), row["job"])


def a_new_job(**values: Any) -> dict[str, Any]:
    """Lay out the row of a job that nobody has begun."""
    nothing = {
        "rows_done": 0,
        "input_offset": 0,
        "input_line": 0,
        "results_bytes": 0,
        "errors_bytes": 0,
        "active_seconds": 0.0,
    }
    fresh = {"cancel_requested": 0, "attempt": 0, "stalled": 0, "counts": Counts().to_json()}
    return {"kind": "customers", "state": "queued", **nothing, **fresh, **values}


def read_job(connection: Connection, job_id: str) -> Row[Any] | None:
    """Read one job."""
    return connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()


def read_jobs(connection: Connection, before: str | None, limit: int | None) -> Sequence[Row[Any]]:
    """Read jobs newest first, those older than the id ``before``; all of them without a limit."""
    newest_first = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
    return connection.execute(newest_first.where(jobs.c.id < before) if before else newest_first).all()


def unfinished_jobs(connection: Connection) -> Sequence[Row[Any]]:
    """Read the jobs that still have work to do, oldest first."""
    return connection.execute(select(jobs).where(jobs.c.state.in_(UNFINISHED)).order_by(jobs.c.id)).all()


def all_ids(connection: Connection) -> set[str]:
    """Read the id of every job there ever was."""
    return set(connection.execute(select(jobs.c.id)).scalars())


def finished_before(connection: Connection, time: str) -> list[str]:
    """List the jobs that ended before a time."""
    return list(connection.execute(select(jobs.c.id).where(jobs.c.finished_at < time)).scalars())


def forget_files(connection: Connection, finished_before: str) -> None:
    """Record that the files of jobs that ended before a time are gone."""
    old = (jobs.c.finished_at < finished_before, jobs.c.results_bytes + jobs.c.errors_bytes > 0)
    connection.execute(update(jobs).where(*old).values(results_bytes=0, errors_bytes=0))


def request_cancel(connection: Connection, rows: Sequence[Values]) -> None:
    """Ask unfinished jobs to stop; one that does not run is cancelled at once. Rows hold ``id`` and ``now``."""
    for row in rows:
        here = jobs.c.id == row["id"]
        connection.execute(update(jobs).where(here, jobs.c.state.in_(UNFINISHED)).values(cancel_requested=1))
        idle = update(jobs).where(here, jobs.c.state.in_(("queued", "interrupted")))
        connection.execute(idle.values(state="cancelled", finished_at=row["now"]))


def take_over(connection: Connection, job_id: str, now: str) -> Row[Any] | None:
    """Make this process the one that works on a job; None when there is nothing left to do.

    The attempt is raised, so whatever an older process still tries to commit for the job is refused.
    """
    job = read_job(connection, job_id)
    if job is None or job.state not in UNFINISHED:
        return None
    begun = {"started_at": job.started_at or now, "attempt": job.attempt + 1, "stalled": job.stalled + 1}
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(state="running", reason=None, **begun))
    return read_job(connection, job_id)


def move_on(connection: Connection, job: Row[Any], **values: Any) -> bool:
    """Record a job's progress in the caller's transaction; false when the job is no longer this process's."""
    mine = update(jobs).where(jobs.c.id == job.id, jobs.c.attempt == job.attempt, jobs.c.state == "running")
    return connection.execute(mine.values(**values)).rowcount == 1


def is_cancel_requested(connection: Connection, job_id: str) -> bool:
    """Say whether somebody asked the job to stop."""
    return bool(connection.execute(select(jobs.c.cancel_requested).where(jobs.c.id == job_id)).scalar())


def end_abandoned(connection: Connection, state: str, reason: str, now: str | None) -> Sequence[Row[Any]]:
    """Record what became of the running job whose process is gone, and what is kept of a failed one; gives the job."""
    abandoned = connection.execute(select(jobs).where(jobs.c.state == "running")).all()
    for job in abandoned:
        told = f"{reason} {KEPT[job.kind]}" if state == "failed" else reason
        ended = update(jobs).where(jobs.c.id == job.id, jobs.c.state == "running")
        connection.execute(ended.values(state=state, reason=told, finished_at=now))
    return abandoned


def give_up(connection: Connection, job_id: str, reason: str, now: str) -> Row[Any] | None:
    """Record that a job failed and what is kept of it, unless it has ended already; gives the job."""
    job = read_job(connection, job_id)
    if job is None:
        return None
    unfinished = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(UNFINISHED))
    connection.execute(unfinished.values(state="failed", reason=f"{reason} {KEPT[job.kind]}", finished_at=now))
    return read_job(connection, job_id)
