"""Wrong build for F6: when it stops it kills its worker, whose job stays "running" although nobody runs it."""

from app.batch import supervisor
from tests.controls.wrong_build import run


async def stop_at_once(self: supervisor.Supervisor) -> None:
    """End the worker without a word."""
    if self._watching is not None:
        self._watching.cancel()
    if self._process is not None:
        supervisor._kill(self._process)


def spoil() -> None:
    """Replace how the worker is ended."""
    supervisor.Supervisor.stop = stop_at_once  # type: ignore[method-assign]


if __name__ == "__main__":
    run("kills_its_worker", spoil)
