"""`python backend.py` starts from an empty folder, says where it is, answers, and leaves without a complaint."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.factories import a_customer
from tests.server_process import LOOPBACK, ROOT, SERVICE_COMMAND, ServerProcess, start

ADDRESS = re.compile(r"TeleLink is ready at (http://127\.0\.0\.1:([0-9]+))\n")
QUIET = {"PORT": "0", "LOG_LEVEL": "warning"}
FROM_ELSEWHERE = (
    sys.executable, "-c",
    f"import os, runpy; os.chdir('/'); runpy.run_path({str(ROOT / 'backend.py')!r}, run_name='__main__')",
)  # fmt: skip


def address_of(server: ServerProcess) -> str:
    """Wait until the service has said where it is: the only thing it says."""
    while server.process.poll() is None:
        if said := ADDRESS.fullmatch(server.log_path.read_text()):
            server.port = int(said[2])
            return said[1]
        time.sleep(0.02)
    raise AssertionError(server.log_tail())


def predict(address: str, **changes: object) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{address}/predict", json.dumps(a_customer(**changes)).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer))


def test_it_starts_answers_stops_and_finds_its_history_again(tmp_path: Path) -> None:
    data_dir = tmp_path / "not" / "made" / "yet"
    stored = []
    for command, farewell in ((SERVICE_COMMAND, signal.SIGTERM), (FROM_ELSEWHERE, signal.SIGINT)):
        with start(data_dir, command, env=QUIET) as server:
            address = address_of(server)
            assert server.port not in (0, 8000)
            assert server.status_of("/readyz") == 200, "it said it was ready and was not"
            with urllib.request.urlopen(address, timeout=10) as page:
                assert "TeleLink" in page.read().decode()
            stored.append(predict(address, customerId="C-1")["prediction_id"])
            server.process.send_signal(farewell)
            assert server.process.wait(timeout=25) == 0
            assert ADDRESS.fullmatch(server.log_path.read_text()), server.log_tail()
            server.log_path.unlink()
    with closing(sqlite3.connect(data_dir / "telelink.db")) as connection:
        assert [row[0] for row in connection.execute("SELECT id FROM predictions ORDER BY id")] == stored


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        environment = {**os.environ, "PORT": str(other.getsockname()[1]), "DATA_DIR": str(tmp_path), "HOST": LOOPBACK}
        done = subprocess.run(SERVICE_COMMAND, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("HOST, PORT: this address cannot be listened on (Address already in use")
    assert done.stderr.count("\n") == 1
