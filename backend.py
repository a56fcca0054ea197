"""Start the service: `python backend.py`. Settings come from the environment; see docs/settings.md."""

import os
import sys

from app.application import create_app
from app.db.upgrade import prepare
from app.errors import SettingsInvalid
from app.settings import load_settings
from app.web.logs import configure_logging
from app.web.server import Server


def main() -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    os.umask(0o077)  # the database holds what customers told the company
    try:
        settings = load_settings()
        configure_logging(settings)
        # SQLite sorts large things in files, and the data folder may be the only one that can be written to.
        os.environ.setdefault("SQLITE_TMPDIR", str(settings.data_dir.resolve()))
        prepare(settings.resolved_database_url)
        return Server.for_app(create_app(settings), settings).serve_until_stopped()
    except SettingsInvalid as error:
        sys.stderr.write(f"{error.detail}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
