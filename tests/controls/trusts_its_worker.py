"""Wrong build for F7: it starts a worker and never looks after it again, so a dead one's job is running for ever."""

from app.batch.supervisor import Supervisor
from tests.controls.wrong_build import run


def spoil() -> None:
    """Find every worker well."""
    Supervisor._look_after = lambda self, process: None  # type: ignore[method-assign]


if __name__ == "__main__":
    run("trusts_its_worker", spoil)
