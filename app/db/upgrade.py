"""Bring a database to the newest migration; a database that is there already costs one query."""

import time
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from app.db.engine import BUSY_TIMEOUT_MS, as_unavailable, lift_time_limits, open_engine
from app.errors import DatabaseBusy, SettingsInvalid

HEAD: Final = "0006"
LOCK_PATIENCE_SECONDS: Final = 5.0
WHERE: Final = "DATA_DIR, DATABASE_URL"
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def current_revision(engine: Engine) -> str | None:
    """Name the migration the database is at; None for an empty database."""
    with engine.connect().execution_options(read_only=True) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def prepare(url: str) -> None:
    """Bring the database behind an address to the newest migration before the service starts.

    Raises
    ------
    SettingsInvalid
        It cannot be used: not a database, locked for longer than a start should wait, or of a newer release.
    """
    engine = open_engine(url)
    patience_ends = time.monotonic() + LOCK_PATIENCE_SECONDS
    try:
        while True:
            try:
                return upgrade(engine)
            except DBAPIError as error:
                # Two services started together: one migrates, the other waits for it.
                if not (isinstance(as_unavailable(error), DatabaseBusy) and time.monotonic() < patience_ends):
                    raise SettingsInvalid(f"{WHERE}: the database cannot be used ({_one_line(error)}).") from None
                time.sleep(BUSY_TIMEOUT_MS / 1000)
    finally:
        engine.dispose()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the missing migrations in one transaction, or none of them; raises SettingsInvalid for a newer database.

    Alembic is imported only when there is something to do: it would add a fifth to every start.
    """
    current = current_revision(engine)
    if current == HEAD and revision == "head":
        return
    if current is not None and not is_known(current):
        raise SettingsInvalid(
            f"{WHERE}: a newer release has migrated this database; start that release or restore a backup."
        )
    with engine.begin() as connection:
        migrate(connection, revision)


def is_known(revision: str) -> bool:
    """Say whether this release has the migration; a newer release's it has not."""
    return any((MIGRATIONS / "versions").glob(f"{revision}_*.py"))


def migrate(connection: Connection, revision: str) -> None:
    """Run the missing migrations up to a revision inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    lift_time_limits(connection)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _one_line(error: DBAPIError) -> str:
    """Give the driver's first sentence; what follows are hints, and PostgreSQL's errors never hold the password."""
    return str(error.orig).strip().splitlines()[0].rstrip(".")
