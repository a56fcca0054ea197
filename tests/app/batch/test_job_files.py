"""The files of a job: whole or not there, never longer than what the database vouches for."""

import errno
import hashlib
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.batch import job_files
from app.batch.job_files import ERRORS, RESULTS, UPLOAD, Outputs, Upload, cut, drop_strays, drop_upload, settle
from app.errors import FileTooLarge, StorageFull


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_an_upload_appears_when_it_is_complete(tmp_path: Path) -> None:
    upload = Upload(tmp_path / "batch" / "job", 100)
    for piece in (b"a,b\n", b"1,", b"", b"2\n"):
        upload.write(piece)
        assert not (tmp_path / "batch" / "job" / UPLOAD).exists()
    assert upload.keep() == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert [path.name for path in (tmp_path / "batch" / "job").iterdir()] == [UPLOAD]
    assert (tmp_path / "batch" / "job" / UPLOAD).read_bytes() == b"a,b\n1,2\n"
    assert upload.size == 8


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b""], 0),
        ([b"a\n"], 1),
        ([b"a\nb"], 2),
        ([b"a\r\nb\r\n"], 2),
        ([b"a\r", b"\nb"], 2),
        ([b"a\rb\r"], 2),
        ([b"a\rb"], 2),
        ([b"a\n", b""], 1),
        (["a\nb\n".encode("utf-16-le")], 2),
        (["a\nb".encode("utf-16-be")], 2),
    ],
)
def test_lines_are_counted_on_the_way(tmp_path: Path, pieces: list[bytes], lines: int) -> None:
    upload = Upload(tmp_path / "job", 100)
    for piece in pieces:
        upload.write(piece)
    assert upload.lines == lines
    upload.discard()


def test_an_upload_is_bounded(tmp_path: Path) -> None:
    upload = Upload(tmp_path / "job", 10)
    upload.write(b"x" * 10)
    with pytest.raises(FileTooLarge):
        upload.write(b"y")
    upload.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_nothing_stays_behind(tmp_path: Path) -> None:
    upload = Upload(tmp_path / "job", 10_000)
    with largest_file(1_000):
        upload.write(b"x" * 900)
        with pytest.raises(StorageFull):
            upload.write(b"y" * 900)
    upload.discard()
    assert list(tmp_path.iterdir()) == []


def refusing(number: int) -> Any:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EFBIG, StorageFull), (errno.EIO, OSError)],
)
@pytest.mark.parametrize("step", ["mkdir", "keep"])
def test_only_a_full_disk_is_called_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, told: type[Exception]
) -> None:
    if step == "mkdir":
        monkeypatch.setattr(Path, "mkdir", refusing(number))
        with pytest.raises(told):
            Upload(tmp_path / "job", 100)
        return
    upload = Upload(tmp_path / "job", 100)
    monkeypatch.setattr(job_files.os, "fsync", refusing(number))
    with pytest.raises(told):
        upload.keep()
    upload.discard()
    assert list(tmp_path.iterdir()) == []


def lengths(folder: Path) -> list[int]:
    return [(folder / name).stat().st_size for name in (RESULTS, ERRORS)]


def test_outputs_grow_and_are_cut_back_to_what_is_vouched_for(tmp_path: Path) -> None:
    with Outputs(tmp_path, (RESULTS, ERRORS), (0, 0)) as outputs:
        outputs.append(b"header\r\n", b"errors\r\n")
        outputs.append(b"row 1\r\n", b"")
        assert outputs.lengths == (15, 8)
        outputs.append(b"row 2\r\n", b"why\r\n")
    with Outputs(tmp_path, (RESULTS, ERRORS), (15, 8)) as outputs:
        assert lengths(tmp_path) == [15, 8]
        outputs.append(b"row two\r\n", b"")
    assert (tmp_path / RESULTS).read_bytes() == b"header\r\nrow 1\r\nrow two\r\n"
    assert (tmp_path / ERRORS).read_bytes() == b"errors\r\n"


@pytest.mark.parametrize(("results", "errors"), [(b"x" * 2_000, b"why"), (b"row", b"x" * 2_000)])
def test_an_append_that_does_not_fit_leaves_both_files_as_they_were(
    tmp_path: Path, results: bytes, errors: bytes
) -> None:
    with Outputs(tmp_path, (RESULTS, ERRORS), (0, 0)) as outputs:
        outputs.append(b"header", b"errors")
        with largest_file(1_000), pytest.raises(StorageFull):
            outputs.append(results, errors)
        assert lengths(tmp_path) == [6, 6]
        assert outputs.lengths == (6, 6)
        outputs.append(b", row", b", why")
    assert (tmp_path / RESULTS).read_bytes() == b"header, row"
    assert (tmp_path / ERRORS).read_bytes() == b"errors, why"


def test_what_is_appended_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(job_files.os, "fsync", synced.append)
    with Outputs(tmp_path, (RESULTS, ERRORS), (0, 0)) as outputs:
        outputs.append(b"rows", b"why")
        assert len(set(synced)) == 2
        outputs.append(b"rows", b"")
        assert len(synced) == 3


@pytest.mark.parametrize(
    ("there", "length", "found", "left"), [(10, 4, True, 4), (4, 4, True, 4), (2, 4, True, 2), (None, 4, False, None)]
)
def test_a_file_is_cut_and_never_filled_up(
    tmp_path: Path, there: int | None, length: int, found: bool, left: int | None
) -> None:
    path = tmp_path / RESULTS
    if there is not None:
        path.write_bytes(b"x" * there)
    assert cut(path, length) == found
    assert (path.stat().st_size if path.exists() else None) == left


def test_a_job_that_was_ended_keeps_what_its_row_vouches_for(tmp_path: Path) -> None:
    for name in (UPLOAD, RESULTS, ERRORS):
        (tmp_path / name).write_bytes(b"0123456789")
    settle(tmp_path, 7, 3)
    assert lengths(tmp_path) == [7, 3]
    assert not (tmp_path / UPLOAD).exists()
    settle(tmp_path / "never made", 1, 1)
    drop_upload(tmp_path)


def test_strays_are_what_no_job_knows_and_nobody_touched_for_long(tmp_path: Path) -> None:
    long_ago = time.time() - 2 * job_files.STRAY_SECONDS
    for name in ("known", "stray", "empty", "young", "slow"):
        (tmp_path / name).mkdir()
    for name in ("known", "stray", "young", "slow"):
        (tmp_path / name / f"{UPLOAD}.part").write_bytes(b"half a fi")
    (tmp_path / "queue.db").write_bytes(b"")
    for path in (*tmp_path.glob("known/*"), *tmp_path.glob("stray/*"), *tmp_path.glob("*")):
        if path.name != "young":
            os.utime(path, (long_ago, long_ago))
    drop_strays(tmp_path, {"known"})
    assert {path.name for path in tmp_path.iterdir()} == {"known", "young", "slow", "queue.db"}
    drop_strays(tmp_path / "not made yet", set())
