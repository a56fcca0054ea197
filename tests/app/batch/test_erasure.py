import errno
import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.batch import erasure, store
from app.batch.erasure import JobFiles
from app.batch.intake import resolve
from app.batch.job_files import ERRORS, RESULTS, UPLOAD
from app.errors import ErasureWaitsForJob, StorageFull
from tests.factories import a_customer

HEADER = ["customerId", *a_customer()]
NOW = "2026-11-21T00:00:00.000000Z"


def csv_line(*cells: object) -> str:
    return ",".join(map(str, cells)) + "\r\n"


def a_row(customer_id: str) -> str:
    return csv_line(customer_id, *a_customer().values())


def add_job(engine: Engine, folder: Path, state: str, upload: bytes, has_ids: bool = True) -> Path:
    """Store a job and give the folder of its files."""
    told = resolve(upload, None)
    if not has_ids:
        told["fields"].pop("customerId")
    job = store.a_new_job(
        id=f"job-{state}", created_at=NOW, file_name="a.csv", file_bytes=len(upload), mapping=json.dumps(told),
        models="[]", rows_known=1,
    )  # fmt: skip
    with engine.begin() as connection:
        store.insert_job(connection, [{"job": {**job, "state": state}, "key_row": None}])
    files = folder / job["id"]
    files.mkdir(parents=True)
    return files


def an_upload(*ids: str) -> bytes:
    return (csv_line(*HEADER) + "".join(map(a_row, ids))).encode()


@pytest.mark.parametrize(
    ("written", "customer_id"),
    [("C-1", "C-1"), ("'=C-1", "=C-1"), ('"a,b"', "a,b"), ('"a""b"', 'a"b'), ("Žofie", "Žofie")],
)
def test_a_customers_rows_leave_every_file_of_ours(
    engine: Engine, tmp_path: Path, written: str, customer_id: str
) -> None:
    files = add_job(engine, tmp_path, "done", an_upload("C-0"))
    kept = [csv_line(*HEADER), a_row("C-10"), a_row('"C-1, but quoted"'), csv_line('"two\r\nlines"', "x")]
    (files / RESULTS).write_bytes("".join([*kept[:2], a_row(written), *kept[2:]]).encode())
    (files / ERRORS).write_bytes("".join([kept[0], a_row(written)]).encode())

    JobFiles(engine, tmp_path).erase_rows(customer_id)

    assert (files / RESULTS).read_bytes() == "".join(kept).encode()
    assert (files / ERRORS).read_bytes() == kept[0].encode()
    assert sorted(path.name for path in files.iterdir()) == [ERRORS, RESULTS]


def test_nothing_is_written_when_no_file_holds_the_customer(engine: Engine, tmp_path: Path) -> None:
    files = add_job(engine, tmp_path, "done", an_upload("C-0"))
    (files / RESULTS).write_bytes(an_upload("C-10", "XC-1"))
    before = (files / RESULTS).stat().st_ino

    JobFiles(engine, tmp_path).erase_rows("C-1")

    assert (files / RESULTS).stat().st_ino == before


@pytest.mark.parametrize("state", ["queued", "running", "interrupted"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "cp1252"])
def test_erasure_waits_for_a_job_that_has_yet_to_read_the_customer(
    engine: Engine, tmp_path: Path, state: str, codec: str
) -> None:
    upload = an_upload("Zoé", "C-10").decode().encode(codec)
    files = add_job(engine, tmp_path, state, upload)
    (files / UPLOAD).write_bytes(upload)
    (files / RESULTS).write_bytes(an_upload("Zoé"))

    with pytest.raises(ErasureWaitsForJob):
        JobFiles(engine, tmp_path).erase_rows("Zoé")
    assert "Zoé" in (files / RESULTS).read_text()
    JobFiles(engine, tmp_path).erase_rows("C-100")


def test_what_a_running_job_writes_is_not_touched_for_whom_its_file_does_not_hold(
    engine: Engine, tmp_path: Path
) -> None:
    files = add_job(engine, tmp_path, "running", an_upload("C-0"))
    (files / UPLOAD).write_bytes(an_upload("C-0"))
    # The id of somebody else is the line number of a reported row.
    (files / ERRORS).write_text(csv_line(*HEADER, "telelink_line", "telelink_reason") + csv_line("x", 104_233, "No"))
    before = (files / ERRORS).stat().st_ino
    assert not JobFiles(engine, tmp_path).erase_rows("104233")
    assert (files / ERRORS).stat().st_ino == before


def test_a_row_that_could_not_be_read_goes_too(engine: Engine, tmp_path: Path) -> None:
    files = add_job(engine, tmp_path, "done", an_upload("C-0"))
    header = csv_line(*HEADER, "telelink_line", "telelink_reason")
    empty = [""] * (len(HEADER) - 1)
    theirs = csv_line('"C-7,KS,extra"', *empty, 2, "The row has more than 16 values")
    kept = csv_line('"C-70,KS,extra"', *empty, 3, "The row has more than 16 values") + a_row("C-8")
    (files / ERRORS).write_bytes((header + theirs + kept).encode())
    assert JobFiles(engine, tmp_path).erase_rows("C-7")
    assert (files / ERRORS).read_bytes() == (header + kept).encode()
    assert not JobFiles(engine, tmp_path).erase_rows("C-7")


def test_an_upload_that_a_kill_left_goes(engine: Engine, tmp_path: Path) -> None:
    files = add_job(engine, tmp_path, "done", an_upload("C-0"))
    (files / UPLOAD).write_bytes(an_upload("C-1"))
    JobFiles(engine, tmp_path).erase_rows("C-1")
    assert not (files / UPLOAD).exists()


def test_a_full_disk_leaves_the_file_as_it_was(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = add_job(engine, tmp_path, "done", an_upload("C-0"))
    (files / RESULTS).write_bytes(an_upload("C-1"))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(erasure.os, "fsync", full)
    with pytest.raises(StorageFull):
        JobFiles(engine, tmp_path).erase_rows("C-1")
    assert [path.name for path in files.iterdir()] == [RESULTS]
    assert (files / RESULTS).read_bytes() == an_upload("C-1")


def test_rows_of_a_file_without_customer_ids_stay(engine: Engine, tmp_path: Path) -> None:
    files = add_job(engine, tmp_path, "done", an_upload("C-0"), has_ids=False)
    (files / RESULTS).write_bytes(an_upload("C-1"))
    JobFiles(engine, tmp_path).erase_rows("C-1")
    assert (files / RESULTS).read_bytes() == an_upload("C-1")
