"""The migrations arrive at the declared tables, in one transaction, and cost nothing when there is nothing to do."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, text

from app.db import upgrade as upgrades
from app.db.tables import metadata
from app.db.upgrade import HEAD, MIGRATIONS, current_revision, prepare, upgrade
from app.errors import SettingsInvalid
from app.settings import ROOT
from app.telecom.policy import TIERS
from tests.app.db.migrating import downgrade, script
from tests.databases import locked, postgresql_only, sqlite_only

SCHEMA = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL",
    "postgresql": """
        SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT table_name, string_agg(concat_ws(' ', column_name, data_type, character_maximum_length,
            is_nullable, collation_name), ', ' ORDER BY ordinal_position)
        FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name
    """,
}
FAILING = '''
"""A step that fails half way."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{head}"
def upgrade():
    op.create_table("half", sa.Column("n", sa.Integer))
    raise RuntimeError("half way")
'''


def differences(engine: Engine) -> list[object]:
    with engine.connect().execution_options(read_only=True) as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


def schema(engine: Engine) -> dict[str, str]:
    """Everything the database holds, by name: SQLite's own text, or PostgreSQL's columns and definitions."""
    with engine.connect().execution_options(read_only=True) as connection:
        found = connection.execute(text(SCHEMA[engine.dialect.name])).all()
    return {name: str(definition) for name, definition in found}


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


def test_up_down_up_ends_where_it_began(engine: Engine) -> None:
    before = schema(engine)
    assert {"predictions", "customers", "portfolio"} <= before.keys()
    downgrade(engine, "base")
    assert schema(engine).keys() - {"alembic_version_pkc"} == {"alembic_version"}
    assert current_revision(engine) is None
    upgrade(engine)
    assert schema(engine) == before
    assert current_revision(engine) == HEAD


def test_the_portfolio_begins_with_a_row_of_zeros_for_each_tier(engine: Engine) -> None:
    with engine.connect().execution_options(read_only=True) as connection:
        rows = connection.execute(text("SELECT * FROM portfolio")).all()
    assert {row[:3] for row in rows} == {(tier, 0, -1) for tier in TIERS}
    assert {value for row in rows for value in row[3:]} == {0, None}


def test_the_head_is_the_newest_file() -> None:
    assert ScriptDirectory.from_config(script()).get_heads() == [HEAD]
    newest = max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert newest.startswith(f"{HEAD}_")


def test_an_empty_database_has_no_revision(empty: Engine) -> None:
    assert current_revision(empty) is None


def test_a_failing_step_leaves_nothing_behind(empty: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = shutil.copytree(MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (broken / "versions" / "9999_fails.py").write_text(FAILING.format(head=HEAD))
    with monkeypatch.context() as patched:
        patched.setattr(upgrades, "MIGRATIONS", broken)
        with pytest.raises(RuntimeError, match="half way"):
            upgrade(empty)
    assert schema(empty) == {}
    upgrade(empty)
    assert differences(empty) == []


@sqlite_only
def test_a_second_upgrade_is_one_look(engine: Engine) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    upgrade(engine)
    read = [statement for statement in statements if not statement.startswith(("PRAGMA", "BEGIN DEFERRED"))]
    assert read == ["SELECT version_num FROM alembic_version"]


def test_a_second_upgrade_waits_for_no_writer(engine: Engine, database_url: str) -> None:
    with locked(database_url):
        begin = time.monotonic()
        upgrade(engine)
        assert time.monotonic() - begin < 0.5


def run(code: str, url: str) -> "subprocess.Popen[str]":
    """Run Python code that finds the database's address as its argument."""
    command = [sys.executable, "-c", code, url]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@sqlite_only
def test_a_second_upgrade_imports_neither_alembic_nor_the_other_driver(engine: Engine, database_url: str) -> None:
    code = (
        "import sys; from app.db.engine import open_engine; from app.db.upgrade import current_revision, upgrade\n"
        "engine = open_engine(sys.argv[1]); upgrade(engine)\n"
        "print(current_revision(engine), 'alembic' in sys.modules, 'psycopg' in sys.modules)"
    )
    with run(code, database_url) as done:
        assert done.communicate(timeout=30)[0].split() == [HEAD, "False", "False"]


def test_of_services_started_together_one_migrates_and_the_others_wait(empty: Engine) -> None:
    url = empty.url.render_as_string(hide_password=False)
    code = "import sys; from app.db.upgrade import prepare; prepare(sys.argv[1])"
    together = [run(code, url) for _ in range(4)]
    assert [process.communicate(timeout=60) for process in together] == [("", "")] * 4
    assert [process.returncode for process in together] == [0] * 4
    assert differences(empty) == []


@postgresql_only
def test_a_server_that_cannot_be_used_is_told_in_one_line_without_the_password(database_url: str) -> None:
    for wrong, reason in (
        (database_url.replace(":pa55word@", ":not-pa55word@"), "password authentication failed"),
        (database_url.replace("@127.0.0.1:", "@127.0.0.1:1"), "cannot be used"),
        (database_url.rpartition("/")[0] + "/nowhere", 'database "nowhere" does not exist'),
    ):
        with pytest.raises(SettingsInvalid, match=reason) as raised:
            prepare(wrong)
        assert "\n" not in raised.value.detail
        assert "pa55word" not in raised.value.detail


@postgresql_only
def test_a_locked_server_is_waited_for_only_so_long(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrades, "LOCK_PATIENCE_SECONDS", 0.5)
    url = empty.url.render_as_string(hide_password=False)
    with locked(url), pytest.raises(SettingsInvalid, match="lock timeout"):
        prepare(url)
