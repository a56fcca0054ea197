"""Databases of older releases: take a database back."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from app.db.upgrade import MIGRATIONS


def script() -> Config:
    """Where the migrations are."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def downgrade(engine: Engine, revision: str) -> None:
    """Take a database back to an older revision."""
    config = script()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
