"""Bring a database to the newest migration; a database that is there already costs one query."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Engine

HEAD: Final = "0001"
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def current_revision(engine: Engine) -> str | None:
    """Name the migration the database is at; None for an empty database."""
    with engine.connect().execution_options(read_only=True) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the missing migrations in one transaction, or none of them.

    Alembic is imported only when there is something to do: it would add a fifth to every start.
    """
    if current_revision(engine) == HEAD and revision == "head":
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
