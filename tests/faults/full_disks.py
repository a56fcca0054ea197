"""Two ways to let a running server's disk be full, and to give it space again."""

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults.jobs import processes
from tests.server_process import ServerProcess

SMALL_MIB, LARGE_MIB = 64, 512
PAGE_BYTES = 4096
_NO_LIMIT = resource.RLIM_INFINITY


class CannotMount(Exception):
    """This user or this machine may not mount a file system."""


@dataclass(frozen=True)
class Disk:
    """A place for a data folder; its server's log lies on the same disk."""

    data_dir: Path
    fill: Callable[[ServerProcess], None]
    free: Callable[[ServerProcess], None]


@contextmanager
def small_file_system() -> Iterator[Disk]:
    """Mount a file system of 64 MiB in memory; raises CannotMount."""
    folder = Path(tempfile.mkdtemp(prefix="telelink-disk-"))
    try:
        _mount(folder, f"size={SMALL_MIB}m")
        try:
            yield Disk(folder / "data", _fill, lambda server: _mount(folder, f"remount,size={LARGE_MIB}m"))
        finally:
            # A worker of the killed server may still hold a file: the mount goes when it has let go.
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mount(folder: Path, options: str) -> None:
    try:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotMount(str(getattr(error, "stderr", error)).strip()) from error


def _fill(server: ServerProcess) -> None:
    _write_until_full(server.data_dir.with_name("ballast"))
    # The last page of the log has room for a few more lines, and the database's log for a few more commits.
    _write_until_full(server.log_path)


def _write_until_full(path: Path) -> None:
    with suppress(OSError), path.open("ab", buffering=0) as file:
        for size in (64 * 1024, 1):
            with suppress(OSError):
                while file.write(b"\n" * size):
                    pass


@contextmanager
def limited_files(data_dir: Path) -> Iterator[Disk]:
    """Forbid the server's processes to make a file longer than a page, as a quota does; needs no privilege."""

    def limit(server: ServerProcess, largest_bytes: int) -> None:
        for pid in processes(server.data_dir):
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest_bytes, _NO_LIMIT))

    def fill(server: ServerProcess) -> None:
        with server.log_path.open("ab") as log:
            log.write(b"\n" * PAGE_BYTES)
        limit(server, PAGE_BYTES)

    yield Disk(data_dir, fill, lambda server: limit(server, _NO_LIMIT))
