"""Start the service: `python backend.py`. Settings come from the environment; see docs/settings.md."""

import logging
import os
import sys

import structlog

from app.application import create_app
from app.db.upgrade import prepare
from app.errors import SettingsInvalid
from app.settings import Settings, load_settings
from app.web.server import Server


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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def main() -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    os.umask(0o077)  # the database holds what customers told the company
    try:
        settings = load_settings()
        configure_logging(settings)
        prepare(settings.resolved_database_url)
        return Server.for_app(create_app(settings), settings).serve_until_stopped()
    except SettingsInvalid as error:
        sys.stderr.write(f"{error.detail}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
