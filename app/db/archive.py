"""One file that holds a backup: a tar with its members' SHA-256 sums, written beside its name and moved there whole."""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, Self

SUMS: Final = "SHA256SUMS"
_PART: Final = 1 << 20


class BackupRefused(Exception):
    """A sentence for the operator: why no backup was written, or why one was not restored."""


class ArchiveWriter:
    """A tar that is being written; members are added in order."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._sums: list[str] = []

    @classmethod
    @contextmanager
    def into(cls, path: Path) -> Iterator[Self]:
        """Write an archive that appears under its name only when it is whole and on the disk."""
        part = path.with_name(f".{path.name}.part")
        try:
            # What customers told the company is in it: nobody else may read it.
            with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                    writer = cls(tar)
                    yield writer
                    writer.add_bytes(SUMS, "".join(writer._sums).encode())
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a small member."""
        self.add(name, io.BytesIO(content), len(content))

    def add(self, name: str, stream: BinaryIO, size: int) -> None:
        """Add the first ``size`` bytes of a stream, which may grow meanwhile; raises EOFError when it has fewer."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        counted = _Counted(stream)
        try:
            self._tar.addfile(member, counted)
        except OSError as error:
            if counted.ended:
                raise EOFError(name) from error
            raise
        self._sums.append(f"{counted.digest.hexdigest()}  {name}\n")


class _Counted(io.RawIOBase):
    """A stream that is hashed while it is read, and knows whether it ended."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.ended = False

    def read(self, size: int = -1) -> bytes:
        part = self._stream.read(size)
        self.digest.update(part)
        self.ended = len(part) < size
        return part


def extract(archive: Path, folder: Path) -> None:
    """Unpack an archive into an empty folder and hold every member against its sum.

    Raises
    ------
    BackupRefused
        It is no archive of ours, is cut short, or a member is changed, missing or not listed.
    """
    sums: dict[str, str] = {}
    try:
        with tarfile.open(archive, mode="r:") as tar:
            for member in tar:
                sums[member.name] = _extract_one(tar, member, folder)
    except FileNotFoundError:
        raise BackupRefused(f"There is no file {archive}.") from None
    except (tarfile.TarError, EOFError) as error:
        raise BackupRefused(f"This is no whole backup ({error}).") from None
    if sums.pop(SUMS, None) is None:
        raise BackupRefused("The backup is cut short: its list of sums is missing.")
    lines = [line.partition("  ") for line in (folder / SUMS).read_text().splitlines()]
    listed = {name: digest for digest, _, name in lines}
    damaged = sorted(name for name in sums.keys() | listed.keys() if sums.get(name) != listed.get(name))
    if damaged:
        raise BackupRefused(f"The backup is damaged: {damaged[0]} does not match its sum.")


def _extract_one(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> str:
    """Write one member to the disk; only plain files below the folder are taken."""
    name = PurePosixPath(member.name)
    source = tar.extractfile(member) if member.isfile() else None
    if source is None or name.is_absolute() or ".." in name.parts:
        raise BackupRefused(f"This is no backup of ours: it holds {member.name!r}.")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source, path.open("xb") as file:
        while part := source.read(_PART):
            digest.update(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk, where the file system lets one."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
