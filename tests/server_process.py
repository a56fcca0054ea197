"""Start a real server process, wait for it, watch it, end it: what fault, browser and benchmark runs drive."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[1]
SERVICE_COMMAND = (sys.executable, str(ROOT / "backend.py"))
LOOPBACK = "127.0.0.1"


class ServerDiedError(RuntimeError):
    """The process ended, or never became ready; the message carries the end of its log."""


@dataclass
class ServerProcess:
    """A running server.

    Use it in a ``with`` block: leaving the block kills the process if it is still there.
    """

    process: subprocess.Popen[bytes]
    port: int
    data_dir: Path
    log_path: Path
    started_at: float

    @property
    def url(self) -> str:
        """Base address, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def database(self) -> Path:
        """The SQLite file the server keeps its history in."""
        return self.data_dir / "telelink.db"

    def wait_ready(self, timeout_seconds: float = 30.0, path: str = "/readyz") -> float:
        """Poll until the path answers 200 and return the seconds since the process was started."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServerDiedError(f"exited with {self.process.returncode} before it was ready\n{self.log_tail()}")
            if self.status_of(path) == 200:
                return time.monotonic() - self.started_at
            time.sleep(0.01)
        raise ServerDiedError(f"not ready within {timeout_seconds:g} s\n{self.log_tail()}")

    def status_of(self, path: str, timeout_seconds: float = 5.0) -> int | None:
        """Ask one path on a new connection: its status, or None when nothing answers."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=timeout_seconds)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def kill(self) -> None:
        """End the process as a power cut would: SIGKILL, nothing flushed."""
        self.process.kill()
        self.process.wait(timeout=10)

    def terminate(self, timeout_seconds: float = 25.0) -> int:
        """Ask the process to stop (SIGTERM) and return its exit code; TimeoutExpired when it does not."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=timeout_seconds)

    def cpu_seconds(self) -> float:
        """Give the processor time the server has used, its own and the kernel's for it."""
        user, system = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self, measure: str = "VmRSS") -> float:
        """Read the kernel's figure for the process: ``VmRSS`` is resident now, ``VmHWM`` its peak."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{measure}:"):
                return int(line.split()[1]) / 1024
        raise LookupError(measure)

    def reset_peak_memory(self) -> None:
        """Make ``VmHWM`` start again from what is resident now."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def log_tail(self, lines: int = 30) -> str:
        """Give the end of what the process wrote."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()


def start(
    data_dir: Path,
    command: Sequence[str] = SERVICE_COMMAND,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
    cpu: int | None = None,
) -> ServerProcess:
    """Spawn a server on loopback that keeps its data in ``data_dir``, and return without waiting for it.

    ``command`` may be any program that reads HOST, PORT and DATA_DIR; ``env`` adds to this process's environment;
    ``cpu`` pins the server to one core. Output is appended to ``<data_dir>.log``, so restarts keep one story.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    log_path = data_dir.with_name(f"{data_dir.name}.log")
    port = port or free_port()
    settings = {"HOST": LOOPBACK, "PORT": str(port), "DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)}
    with log_path.open("ab") as log:
        started_at = time.monotonic()
        process = subprocess.Popen(
            list(command), cwd=ROOT, env={**os.environ, **settings, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    if cpu is not None:
        # Threads inherit the mask of the thread that makes them, and none exists this early.
        os.sched_setaffinity(process.pid, {cpu})
    return ServerProcess(process, port, data_dir, log_path, started_at)


def free_port() -> int:
    """Pick a loopback port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
