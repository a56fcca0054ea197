"""The image's process-level twin: the files it copies, read-only, run by an ordinary user, the data folder elsewhere.

It proves that the list of copied files is enough to serve and to stop cleanly, and that nothing else is written to.
IMAGE_PYTHON names another interpreter to try, for example one of the image's own version with the lock installed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server_process import LOOPBACK, ServerDiedError, ServerProcess, free_port
from tests.shipping.dockerfile import command, environment, make_service_folder, stages
from tests.shipping.machine import ROOT

PYTHON = os.environ.get("IMAGE_PYTHON", sys.executable)
SERVICE_ID = int(stages()[-1].arguments("USER")[0].split(":")[0])
CUSTOMER = {
    "accountLength": 128, "state": "KS", "areaCode": 415, "internationalPlan": "no", "voiceMailPlan": "yes",
    "numberOfVmailMessages": 25, "totalDayCalls": 110, "totalEveCalls": 99, "totalNightCalls": 91, "totalIntlCalls": 3,
    "customerServiceCalls": 1, "totalDayMinutes": 265.1, "totalEveMinutes": 197.4, "totalNightMinutes": 244.7,
    "totalIntlMinutes": 10.0,
}  # fmt: skip
# Hides every installed package that is not in the lock, as the image does, and then imports the server.
ONLY_LOCKED = """
import importlib.metadata, re, sys

class Hide:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"{name} is not locked", name=name)

known = importlib.metadata.packages_distributions()
locked = set(sys.argv[1:])
hidden = {module for module, makers in known.items()
          if not locked & {re.sub("[-_.]+", "-", maker).lower() for maker in makers}}
sys.meta_path.insert(0, Hide)
import backend
"""
StartTwin = Callable[..., ServerProcess]


def as_ordinary_user() -> list[str]:
    """Return the prefix that gives up root, or nothing where the tests do not run as root."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    assert setpriv, "the twin must not run as root: install util-linux, or run the tests as an ordinary user"
    prefix = [setpriv, f"--reuid={SERVICE_ID}", f"--regid={SERVICE_ID}", "--clear-groups"]
    # Through env, because setpriv itself still finds the interpreter with root's eyes.
    reachable = subprocess.run([*prefix, "env", PYTHON, "-c", "import fastapi"], capture_output=True, check=False)
    if reachable.returncode == 0:
        return prefix
    # Something lies below root's own folder: the service user may look through it, but still cannot write.
    return [*prefix, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a folder that any user may enter, which pytest's own are not."""
    made = Path(tempfile.mkdtemp(prefix="telelink-twin-"))
    made.chmod(0o755)
    yield made
    subprocess.run(["chmod", "-R", "u+w", str(made)], check=True)
    shutil.rmtree(made)


@pytest.fixture
def start_twin(folder: Path) -> Iterator[StartTwin]:
    started: list[ServerProcess] = []

    def start(without: str | None = None) -> ServerProcess:
        service, data, home = folder / "service", folder / "data", folder / "home"
        make_service_folder(service)
        if without:
            shutil.rmtree(service / without)
        subprocess.run(["chmod", "-R", "a=rX", str(service)], check=True)
        for own in (data, home):
            own.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(own, SERVICE_ID, SERVICE_ID)
        port = free_port()
        told = environment() | {
            "PATH": "/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(home), "HOST": LOOPBACK, "PORT": str(port),
            "DATA_DIR": str(data),
        }  # fmt: skip
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*as_ordinary_user(), PYTHON, *command()[1:]], cwd=service, env=told, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        started.append(ServerProcess(process, port, data, log, time.monotonic()))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()


def contents(folder: Path) -> dict[str, int]:
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in folder.rglob("*")}


def charts_address() -> list[str]:
    """Return the chart library's address, where this checkout could fetch it."""
    return ["/static/vendor/echarts.js"] if (ROOT / "static" / "vendor" / "echarts.js").exists() else []


def health_check(server: ServerProcess) -> int:
    """Run the image's own HEALTHCHECK program against the twin."""
    program = json.loads(stages()[-1].arguments("HEALTHCHECK")[0].partition("CMD ")[2])
    told = {"PORT": str(server.port), "no_proxy": "*"}
    return subprocess.run([PYTHON, *program[1:]], env=told, capture_output=True, timeout=30, check=False).returncode


def test_the_copied_files_serve_read_only_as_an_ordinary_user(start_twin: StartTwin, folder: Path) -> None:
    server = start_twin()
    server.wait_ready()
    owner = Path(f"/proc/{server.process.pid}").stat().st_uid
    assert owner != 0
    before = contents(folder / "service")
    for path in ("/", "/docs", "/openapi.json", "/models", "/stats", "/health", *charts_address()):
        assert server.status_of(path) == 200, path
    request = urllib.request.Request(
        f"{server.url}/predict", json.dumps(CUSTOMER).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert 0 <= json.load(answer)["churn_probability"] <= 1
    assert health_check(server) == 0
    assert server.terminate() == 0, server.log_tail()
    assert contents(folder / "service") == before
    assert contents(folder / "home") == {}, "something besides the data folder was written to"
    assert server.database.stat().st_uid == owner
    assert health_check(server) != 0


def test_the_service_folder_cannot_be_written_by_that_user(folder: Path) -> None:
    service = folder / "service"
    make_service_folder(service)
    subprocess.run(["chmod", "-R", "a=rX", str(service)], check=True)
    attempt = subprocess.run([*as_ordinary_user(), "touch", str(service / "new")], capture_output=True, check=False)
    assert attempt.returncode != 0


def test_the_server_imports_with_nothing_but_the_lock() -> None:
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE)
    assert "fastapi" in locked
    result = subprocess.run(
        [PYTHON, "-c", ONLY_LOCKED, *locked], cwd=ROOT, text=True, capture_output=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    without_fastapi = [name for name in locked if name != "fastapi"]
    control = subprocess.run(
        [PYTHON, "-c", ONLY_LOCKED, *without_fastapi], cwd=ROOT, text=True, capture_output=True, timeout=60, check=False
    )
    assert "fastapi is not locked" in control.stderr


@pytest.mark.parametrize("missing", ["app", "models"])
def test_a_copy_line_too_few_is_noticed(start_twin: StartTwin, missing: str) -> None:
    server = start_twin(without=missing)
    with pytest.raises(ServerDiedError):
        server.wait_ready(timeout_seconds=6)


def test_pickles_bytecode_and_tests_are_not_copied(folder: Path) -> None:
    make_service_folder(folder / "service")
    copied = list(contents(folder / "service"))
    assert "backend.py" in copied
    assert "app/telecom/features.py" in copied
    assert not [path for path in copied if path.endswith((".pyc", ".joblib")) or "test" in Path(path).name.split("_")]
