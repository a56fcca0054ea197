"""Settings come from the environment; a wrong one stops the start with one line that names it and not its value."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import backend
from app.errors import SettingsInvalid
from app.settings import ROOT, Settings, load_settings
from tests.server_process import free_port

DEFAULTS: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 8000,
    "data_dir": ROOT / "data",
    "database_url": "",
    "models_dir": ROOT / "models",
    "log_level": "info",
    "max_body_kib": 64,
    "max_batch_body_kib": 12_288,
    "max_upload_mib": 500,
    "queue_url": "",
    "job_memory_mib": 450,
    "job_files_days": 30,
    "write_timeout_seconds": 5.0,
    "max_waiting_writes": 2_000,
    "shutdown_seconds": 20,
}
OTHERS = {
    "HOST": ("0.0.0.0", "0.0.0.0"),
    "PORT": ("0", 0),
    "DATA_DIR": ("/somewhere/else", Path("/somewhere/else")),
    "DATABASE_URL": ("sqlite:////a/b.db", "sqlite:////a/b.db"),
    "MODELS_DIR": ("elsewhere", Path("elsewhere")),
    "LOG_LEVEL": ("debug", "debug"),
    "MAX_BODY_KIB": ("1", 1),
    "MAX_BATCH_BODY_KIB": ("65536", 65_536),
    "MAX_UPLOAD_MIB": ("1", 1),
    "QUEUE_URL": ("redis://queue:6379/0", "redis://queue:6379/0"),
    "JOB_MEMORY_MIB": ("150", 150),
    "JOB_FILES_DAYS": ("3650", 3_650),
    "WRITE_TIMEOUT_SECONDS": ("0.5", 0.5),
    "MAX_WAITING_WRITES": ("1", 1),
    "SHUTDOWN_SECONDS": ("300", 300),
}
WRONG = [
    ("PORT", "eight-thousand"), ("PORT", "65536"), ("PORT", "-1"), ("PORT", "80.5"), ("PORT", "0x1f90"),
    ("LOG_LEVEL", "chatty"), ("LOG_LEVEL", "INFORMATIVE"),
    ("MAX_BODY_KIB", "0"), ("MAX_BODY_KIB", "1025"), ("MAX_BATCH_BODY_KIB", "65537"), ("MAX_BATCH_BODY_KIB", "lots"),
    ("WRITE_TIMEOUT_SECONDS", "0"), ("WRITE_TIMEOUT_SECONDS", "61"), ("WRITE_TIMEOUT_SECONDS", "nan"),
    ("WRITE_TIMEOUT_SECONDS", "inf"), ("MAX_WAITING_WRITES", "0"), ("MAX_WAITING_WRITES", "1000001"),
    ("QUEUE_URL", "amqp://anna:pa55word@queue"), ("QUEUE_URL", "queue.db"), ("MAX_UPLOAD_MIB", "0"),
    ("JOB_MEMORY_MIB", "149"), ("JOB_FILES_DAYS", "0"),
    ("SHUTDOWN_SECONDS", "301"), ("SHUTDOWN_SECONDS", "never"),
    ("DATABASE_URL", "postgresql://anna:pa55word@db.example"), ("DATABASE_URL", "mysql://anna:pa55word@db/x"),
    ("DATABASE_URL", "postgresql://anna:half@pa55word@db/x"),
    ("DATABASE_URL", "postgresql+asyncpg://anna:pa55word@db/x"),
    ("DATABASE_URL", "postgresql://anna:pa55word@db:port/x"),
    ("DATABASE_URL", "pa55word"), ("DATABASE_URL", "nosuchdialect://anna:pa55word@db/x"),
    ("MODELS_DIR", "/no/such/pa55word"), ("DATA_DIR", "/dev/null/pa55word"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without any setting but a data folder of this test's own."""
    for name in DEFAULTS:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def test_every_setting_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATA_DIR")
    assert Settings().model_dump() == DEFAULTS


def test_every_setting_has_a_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.parametrize("name", OTHERS)
def test_every_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    text, expected = OTHERS[name]
    monkeypatch.setenv(name, text)
    settings = Settings()
    assert getattr(settings, name.lower()) == expected
    assert expected != DEFAULTS[name.lower()]


def test_the_tables_above_name_every_setting() -> None:
    assert Settings.model_fields.keys() == DEFAULTS.keys() == {name.lower() for name in OTHERS}


def test_an_empty_variable_is_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHERS:
        monkeypatch.setenv(name, "")
    assert Settings().model_dump() == DEFAULTS


def test_the_database_lies_in_the_data_folder_unless_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load_settings().resolved_database_url == f"sqlite:///{tmp_path}/data/telelink.db"
    assert (tmp_path / "data").is_dir()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    assert load_settings().resolved_database_url == f"sqlite:///{tmp_path}/other.db"


def test_a_relative_data_folder_is_meant_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "here")
    assert load_settings().resolved_database_url == f"sqlite:///{tmp_path}/here/telelink.db"


def check_refusal(line: str, name: str, value: str) -> None:
    """One line that names the variable, says the rule and does not repeat the value."""
    assert line.startswith(f"{name}: ")
    assert line.endswith(".\n")
    assert line.count("\n") == 1
    assert "pa55word" not in line
    assert len(value) < 3 or value not in line.removeprefix(name)


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_ends_the_start_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert backend.main() == 2
    output = capfd.readouterr()
    assert output.out == ""
    check_refusal(output.err, name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:////dev/null/pa55word.db"),
        ("HOST", "256.1.1.1"),
    ],
)
def test_a_value_that_cannot_work_ends_the_start_with_one_line(tmp_path: Path, name: str, value: str) -> None:
    done = start(tmp_path, {name: value, "PORT": "0"})
    assert done.returncode == 2
    check_refusal(done.stderr.replace("HOST, PORT", "HOST"), name, value)


def start(data_dir: Path, changes: dict[str, str], *python: str) -> "subprocess.CompletedProcess[str]":
    """Run `python backend.py`, or the Python arguments given, to its end."""
    environment = {**os.environ, "DATA_DIR": str(data_dir), **changes}
    command = [sys.executable, *(python or ("backend.py",))]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30)


def test_the_process_says_so_and_exits_with_2(tmp_path: Path) -> None:
    done = start(tmp_path, {"DATABASE_URL": "mysql://anna:pa55word@db.example/telelink"})
    assert (done.returncode, done.stdout) == (2, "")
    check_refusal(done.stderr, "DATABASE_URL", "pa55word")
    assert "sqlite:// or postgresql://" in done.stderr


def test_a_server_that_is_not_there_ends_the_start_with_one_line(tmp_path: Path) -> None:
    done = start(tmp_path, {"DATABASE_URL": f"postgresql://anna:pa55word@127.0.0.1:{free_port()}/telelink"})
    assert (done.returncode, done.stdout) == (2, "")
    check_refusal(done.stderr, "DATA_DIR, DATABASE_URL", "pa55word")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_postgresql_is_named_with_or_without_its_driver(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://anna:pa55word@db.example:5433/telelink")
    assert load_settings().resolved_database_url == f"{scheme}://anna:pa55word@db.example:5433/telelink"


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that whoever runs the test may read and not write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


AS_NOBODY = """
import os, sys, backend
if os.geteuid() == 0:  # the superuser may write everywhere
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(backend.main())
"""


def test_a_data_folder_that_cannot_be_written(closed_folder: Path) -> None:
    done = start(closed_folder, {}, "-c", AS_NOBODY)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "DATA_DIR: the folder cannot be written to by this user.\n"


def test_the_first_of_several_wrong_values_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUTDOWN_SECONDS", "soon")
    monkeypatch.setenv("PORT", "none")
    with pytest.raises(SettingsInvalid, match=r"^PORT: "):
        load_settings()


def test_settings_do_not_change_after_the_start() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1


def test_the_log_level_may_be_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    assert load_settings().log_level == "info"


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.write_bytes(b"this is no database" * 100), "file is not a database"),
        (Path.mkdir, "unable to open database file"),
        (newer, "a newer release has migrated this database"),
    ],
    ids=["no database", "a folder", "a newer release"],
)
def test_a_database_that_cannot_be_used_ends_the_start_with_one_line(
    tmp_path: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    spoil(tmp_path / "telelink.db")
    done = start(tmp_path, {"PORT": "0"})
    assert done.returncode == 2
    assert done.stderr.startswith("DATA_DIR, DATABASE_URL: ")
    assert done.stderr.count("\n") == 1
    assert reason in done.stderr


def test_services_started_together_wait_for_one_migration(tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "PORT": "0"}
    command = [sys.executable, "-c", "import backend; backend.prepare(backend.load_settings().resolved_database_url)"]
    together = [subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) for _ in range(4)]
    assert [process.communicate(timeout=30)[1] for process in together] == [b""] * 4
    assert [process.returncode for process in together] == [0] * 4
