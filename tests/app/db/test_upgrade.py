"""The migrations arrive at the declared tables, in one transaction, and cost nothing when there is nothing to do."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, text

from app.db import upgrade as upgrades
from app.db.engine import open_engine
from app.db.tables import metadata
from app.db.upgrade import HEAD, MIGRATIONS, current_revision, upgrade
from app.settings import ROOT
from app.telecom.policy import TIERS

FAILING = '''
"""A step that fails half way."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{head}"
def upgrade():
    op.create_table("half", sa.Column("n", sa.Integer))
    raise RuntimeError("half way")
'''


def script() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def downgrade(engine: Engine) -> None:
    config = script()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


def differences(engine: Engine) -> list[object]:
    with engine.connect().execution_options(read_only=True) as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


def schema(database: Path) -> dict[str, str]:
    with closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


@pytest.fixture
def empty(database: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{database}")
    yield engine
    engine.dispose()


def test_the_migrated_tables_are_the_declared_ones(engine: Engine) -> None:
    assert differences(engine) == []


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE customers ADD COLUMN nickname TEXT",
        "ALTER TABLE predictions DROP COLUMN answer",
        "DROP INDEX ix_predictions_customer_id_id",
        "DROP TABLE customers",
    ],
)
def test_the_comparison_sees_a_difference(engine: Engine, change: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(change))
    assert differences(engine) != []


def test_up_down_up_ends_where_it_began(engine: Engine, database: Path) -> None:
    before = schema(database)
    assert {"predictions", "customers", "portfolio"} <= before.keys()
    downgrade(engine)
    assert schema(database).keys() == {"alembic_version"}
    assert current_revision(engine) is None
    upgrade(engine)
    assert schema(database) == before
    assert current_revision(engine) == HEAD


def test_the_portfolio_begins_with_a_row_of_zeros_for_each_tier(engine: Engine) -> None:
    with engine.connect().execution_options(read_only=True) as connection:
        rows = connection.execute(text("SELECT * FROM portfolio")).all()
    assert {row[0] for row in rows} == set(TIERS)
    assert {tuple(row[1:]) for row in rows} == {(0, 0, 0, 0)}


def test_the_head_is_the_newest_file() -> None:
    assert ScriptDirectory.from_config(script()).get_heads() == [HEAD]
    newest = max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert newest.startswith(f"{HEAD}_")


def test_an_empty_database_has_no_revision(empty: Engine) -> None:
    assert current_revision(empty) is None


def test_a_failing_step_leaves_nothing_behind(
    empty: Engine, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = shutil.copytree(MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (broken / "versions" / "9999_fails.py").write_text(FAILING.format(head=HEAD))
    with monkeypatch.context() as patched:
        patched.setattr(upgrades, "MIGRATIONS", broken)
        with pytest.raises(RuntimeError, match="half way"):
            upgrade(empty)
    assert schema(database) == {}
    upgrade(empty)
    assert differences(empty) == []


def test_a_second_upgrade_is_one_look(engine: Engine) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    upgrade(engine)
    read = [statement for statement in statements if not statement.startswith(("PRAGMA", "BEGIN DEFERRED"))]
    assert read == ["SELECT version_num FROM alembic_version"]


def test_a_second_upgrade_waits_for_no_writer(engine: Engine, database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        upgrade(engine)


def test_a_second_upgrade_does_not_import_alembic(engine: Engine, database: Path) -> None:
    code = (
        "import sys; from app.db.engine import open_engine; from app.db.upgrade import current_revision, upgrade\n"
        f"engine = open_engine('sqlite:///{database}'); upgrade(engine)\n"
        "print(current_revision(engine), 'alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [HEAD, "False"]
