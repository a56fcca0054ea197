"""The files of a job: the upload while it is needed, and the two files that grow with it."""

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Container
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.errors import FileTooLarge, StorageFull

UPLOAD: Final = "upload.csv"
RESULTS: Final = "results.csv"
ERRORS: Final = "errors.csv"
TALLY: Final = "tally.jsonl"
"""What a job over events counts again at its end; grows in the place of the results, and goes with the upload."""
STRAY_SECONDS: Final = 3600.0


def is_full(error: OSError) -> bool:
    """Say whether an error means that the disk, the quota or the file size limit is used up."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Upload:
    """A file that arrives in pieces: written beside its place, on the disk before it is put there.

    Raises
    ------
    FileTooLarge
        From ``write``, when there is more than ``largest_bytes``.
    StorageFull
        Also from ``write`` and ``keep``; ``discard`` then leaves nothing behind.
    """

    def __init__(self, folder: Path, largest_bytes: int) -> None:
        self._folder = folder
        self._largest_bytes = largest_bytes
        self._digest = hashlib.sha256()
        self.size = 0
        self.line_ends = 0
        self._returns = 0
        self._last = b""
        try:
            folder.mkdir(parents=True)
            self._file = (folder / f"{UPLOAD}.part").open("wb", buffering=0)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise _as_refusal(error) from error

    def write(self, piece: bytes) -> None:
        """Add a piece."""
        self.size += len(piece)
        if self.size > self._largest_bytes:
            raise FileTooLarge
        self._digest.update(piece)
        self.line_ends += piece.count(b"\n")
        self._returns += piece.count(b"\r")
        self._last = piece[-1:] or self._last
        try:
            _write_all(self._file, piece)
        except OSError as error:
            raise _as_refusal(error) from error

    def keep(self) -> str:
        """Put the complete file in its place; returns its SHA-256."""
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            (self._folder / f"{UPLOAD}.part").rename(self._folder / UPLOAD)
            sync_folder(self._folder)
            sync_folder(self._folder.parent)
        except OSError as error:
            raise _as_refusal(error) from error
        return self._digest.hexdigest()

    @property
    def lines(self) -> int:
        """Lines seen; files of old Macs end them with a carriage return only, and the last one may have no end."""
        return (self.line_ends or self._returns) + (self._last not in (b"", b"\n", b"\r", b"\0"))

    def discard(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Outputs:
    """The two files of a running job, cut back to the lengths its row in the database vouches for.

    Raises
    ------
    StorageFull
        The disk does not even take an empty file.
    """

    def __init__(self, folder: Path, names: tuple[str, str], lengths: tuple[int, int]) -> None:
        self.lengths = lengths
        self._files: list[FileIO] = []
        try:
            for name, length in zip(names, lengths, strict=True):
                self._files.append(_cut(folder / name, length))
        except OSError as error:
            self._close()
            raise _as_refusal(error) from error

    def append(self, results: bytes, errors: bytes) -> None:
        """Add to both files and put them on the disk; on failure neither is longer than before.

        Raises
        ------
        StorageFull
            The disk takes no more.
        """
        try:
            for file, content in zip(self._files, (results, errors), strict=True):
                if content:
                    _write_all(file, content)
                    os.fsync(file.fileno())
        except OSError as error:
            self._cut_back()
            raise _as_refusal(error) from error
        self.lengths = (self.lengths[0] + len(results), self.lengths[1] + len(errors))

    def _cut_back(self) -> None:
        for file, length in zip(self._files, self.lengths, strict=True):
            file.truncate(length)
            file.seek(length)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        for file in self._files:
            file.close()


def drop_upload(folder: Path) -> None:
    """Remove the upload of a job that has ended: its rows live on in the results, the errors and the database."""
    for name in (UPLOAD, TALLY):
        (folder / name).unlink(missing_ok=True)


def settle(folder: Path, results_bytes: int, errors_bytes: int) -> None:
    """Leave of a job that was ended from outside what its row vouches for."""
    drop_upload(folder)
    cut(folder / RESULTS, results_bytes)
    cut(folder / ERRORS, errors_bytes)


def cut(path: Path, length: int) -> bool:
    """Cut off what a process appended before it was killed and its job does not vouch for; false without a file."""
    try:
        if path.stat().st_size > length:
            os.truncate(path, length)
    except FileNotFoundError:
        return False
    return True


def drop_strays(root: Path, known: Container[str]) -> None:
    """Remove job folders that no job knows: uploads that were cut off, and not touched for an hour."""
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.is_dir() and folder.name not in known and time.time() - _touched(folder) > STRAY_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _touched(folder: Path) -> float:
    """Say when something was last written: a slow upload changes its file for hours, and not the folder."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return time.time()  # it changes right now


def _cut(path: Path, length: int) -> FileIO:
    path.touch()
    # Unbuffered: what did not fit on the disk must not be tried again when the file is closed.
    file = path.open("r+b", buffering=0)
    file.truncate(length)
    file.seek(length)
    return file


def _write_all(file: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _as_refusal(error: OSError) -> Exception:
    return StorageFull() if is_full(error) else error


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
