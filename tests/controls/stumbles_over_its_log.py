"""Wrong build for F5: a log line that the full disk does not take is an error like any other, and ends its writer."""

import sys

import structlog

import backend
from app.batch import worker
from app.settings import Settings
from app.web import logs
from tests.controls.wrong_build import run

configure = logs.configure_logging


def configure_strictly(settings: Settings) -> None:
    """Write the log as the service does, and raise what goes wrong."""
    configure(settings)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


def spoil() -> None:
    """Replace how logging is set up."""
    backend.configure_logging = configure_strictly
    worker.configure_logging = configure_strictly


if __name__ == "__main__":
    run("stumbles_over_its_log", spoil)
