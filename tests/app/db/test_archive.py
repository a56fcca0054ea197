"""An archive appears whole or not at all, and one that was changed in any byte is refused."""

import io
import random
import tarfile
from pathlib import Path

import pytest

from app.db.archive import SUMS, ArchiveWriter, BackupRefused, extract

CONTENT = {"telelink.db": b"SQLite" * 1000, "batch/a/results.csv": b"id\r\nC-1\r\n", "manifest.json": b"{}"}


def write(path: Path) -> Path:
    with ArchiveWriter.into(path) as archive:
        for name, content in CONTENT.items():
            archive.add_bytes(name, content)
    return path


def unpacked(archive: Path, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    extract(archive, folder)
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def refusal(archive: Path, folder: Path) -> str:
    folder.mkdir()
    with pytest.raises(BackupRefused) as raised:
        extract(archive, folder)
    return str(raised.value)


def test_what_is_put_in_comes_out(tmp_path: Path) -> None:
    archive = write(tmp_path / "one.backup")
    found = unpacked(archive, tmp_path / "out")
    assert {name: content for name, content in found.items() if name != SUMS} == CONTENT
    assert archive.stat().st_mode & 0o077 == 0, "nobody else may read it"


def test_its_sums_are_those_of_sha256sum(tmp_path: Path) -> None:
    lines = unpacked(write(tmp_path / "one.backup"), tmp_path / "out")[SUMS].decode().splitlines()
    assert [line[64:] for line in lines] == [f"  {name}" for name in CONTENT]


def test_a_file_that_grows_is_taken_up_to_its_size(tmp_path: Path) -> None:
    with ArchiveWriter.into(tmp_path / "one.backup") as archive:
        archive.add("log", io.BytesIO(b"12345 and more"), 5)
    assert unpacked(tmp_path / "one.backup", tmp_path / "out")["log"] == b"12345"


def test_a_file_that_is_shorter_than_said_is_an_error_and_no_archive(tmp_path: Path) -> None:
    with pytest.raises(EOFError), ArchiveWriter.into(tmp_path / "one.backup") as archive:
        archive.add("log", io.BytesIO(b"123"), 5)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ArchiveWriter.into(tmp_path / "one.backup") as archive:
        archive.add_bytes("half", b"way")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_change_of_any_byte_that_matters_is_seen(tmp_path: Path) -> None:
    good = write(tmp_path / "good.backup").read_bytes()
    rng = random.Random(20_240_229)
    for number in range(200):
        damaged = bytearray(good)
        damaged[rng.randrange(len(good))] ^= 1 << rng.randrange(8)
        bad, folder = tmp_path / "bad.backup", tmp_path / f"out-{number}"
        bad.write_bytes(damaged)
        try:
            found = unpacked(bad, folder)
        except BackupRefused:
            continue
        # Padding between members, owners and dates carry nothing.
        assert {name: content for name, content in found.items() if name != SUMS} == CONTENT


@pytest.mark.parametrize("kept", [0, 1, 511, 512, 3000, 7000, 8000, 9000])
def test_one_that_is_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    whole = write(tmp_path / "one.backup")
    whole.write_bytes(whole.read_bytes()[:kept])
    assert refusal(whole, tmp_path / "out").startswith(("This is no whole backup", "The backup is cut short"))


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Sir or Madam, " * 1000)
    assert "no whole backup" in refusal(tmp_path / "letter", tmp_path / "out")
    assert "There is no file" in refusal(tmp_path / "nothing", tmp_path / "out-2")


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside"])
def test_a_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    with ArchiveWriter.into(tmp_path / "one.backup") as archive:
        archive.add_bytes(name, b"bad")
    assert "no backup of ours" in refusal(tmp_path / "one.backup", tmp_path / "out")
    assert not (tmp_path / "outside").exists()


def test_a_link_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "one.backup", "w") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert "no backup of ours" in refusal(tmp_path / "one.backup", tmp_path / "out")


def test_a_member_more_or_less_is_refused(tmp_path: Path) -> None:
    with tarfile.open(write(tmp_path / "one.backup")) as whole, tarfile.open(tmp_path / "less.backup", "w") as less:
        for member in whole.getmembers():
            if member.name != "manifest.json":
                less.addfile(member, whole.extractfile(member))
    assert "manifest.json does not match" in refusal(tmp_path / "less.backup", tmp_path / "out")
    with tarfile.open(tmp_path / "one.backup", "a") as more:
        more.addfile(tarfile.TarInfo("added"))
    assert "added does not match" in refusal(tmp_path / "one.backup", tmp_path / "out-2")
