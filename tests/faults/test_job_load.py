"""L5, as a sanity check of the full run only: a large file does not starve the people who ask /predict meanwhile::

FAULT_BULK_ROWS=100000 python -m pytest tests/faults/test_job_load.py
"""

import os
from pathlib import Path

import pytest

from tests.faults.audit import audit
from tests.faults.clients import ClientLog, under_load
from tests.faults.job_audit import complaints_about_job
from tests.faults.jobs import await_job, await_progress, is_finished, job_file, job_row, upload
from tests.server_process import start

ROWS = int(os.environ.get("FAULT_BULK_ROWS", "0"))
CONNECTIONS = 8
SLOW_ANSWER_SECONDS = 0.25

pytestmark = pytest.mark.fault


@pytest.mark.skipif(not ROWS, reason="measures time: part of the full run, with FAULT_BULK_ROWS")
def test_a_large_file_starves_nobody(data_dir: Path) -> None:
    log = ClientLog()
    with start(data_dir) as server:
        server.wait_ready()
        job_id = upload(server, job_file(ROWS))
        assert await_progress(server.database, job_id, 0)
        with under_load(server, log, singles=CONNECTIONS, batches=0):
            job = await_job(server, job_id, is_finished, timeout_seconds=600)
        active = job_row(server.database, job_id, "active_seconds")[0]
        assert complaints_about_job(server.database, job_id, job_file(ROWS)) == []
        assert audit(server.database, log).lost == frozenset()
    seconds = sorted(attempt.reply.seconds for attempt in log.attempts)
    slow = seconds[int(0.99 * (len(seconds) - 1))]
    print(
        f"{ROWS} rows in {active:.1f} s ({ROWS / active:.0f} rows/s) beside {len(seconds)} predictions: "
        f"p50 {seconds[len(seconds) // 2] * 1000:.0f} ms, p99 {slow * 1000:.0f} ms, slowest {seconds[-1] * 1000:.0f} ms"
    )
    assert (job["state"], log.statuses()) == ("done", {200})
    assert slow <= SLOW_ANSWER_SECONDS
