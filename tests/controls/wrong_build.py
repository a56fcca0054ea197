"""Run the real service with one thing replaced, in its own process or in its worker's: what wrong builds share."""

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import backend
from app.batch import supervisor, worker

WORKER = "worker"


def run(name: str, spoil: Callable[[], None]) -> None:
    """Start the service, or its worker when the service did so, from the module ``name`` after spoiling it."""
    spoil()
    if sys.argv[1:] == [WORKER]:
        sys.exit(worker.main())

    def start_worker(_command: Any, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", f"tests.controls.{name}", WORKER], **options)

    known = {"PIPE": subprocess.PIPE, "TimeoutExpired": subprocess.TimeoutExpired}
    supervisor.subprocess = SimpleNamespace(Popen=start_worker, **known)  # type: ignore[attr-defined]
    sys.exit(backend.main())
