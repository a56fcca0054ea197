"""Wrong build for F7: it does not count attempts that got nowhere, so a deadly job is tried for ever."""

from typing import Any

from app.batch import job_run
from tests.controls.wrong_build import run


def spoil() -> None:
    """Find that no job has stalled."""
    give_nothing_up: Any = float("inf")
    job_run.MOST_STALLED = give_nothing_up


if __name__ == "__main__":
    run("tries_for_ever", spoil)
