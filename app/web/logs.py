"""Logging of every process of the service."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog

from app.settings import Settings


class Forgiving:
    """Standard error that takes what it can: a full disk must not end the thread that reports it."""

    def write(self, text: str) -> int:
        """Write, or drop the line."""
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be."""
        with suppress(OSError):
            sys.stderr.flush()


def configure_logging(settings: Settings) -> None:
    """Write one JSON object a line to standard error, from the given level up."""
    level = logging.getLevelName(settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Forgiving())),
        cache_logger_on_first_use=True,
    )
