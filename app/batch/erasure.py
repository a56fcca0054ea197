"""Erase one customer's rows from the files of the jobs."""

import csv
import json
import mmap
import os
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, Row

from app.batch import store
from app.batch.intake import as_resolved
from app.batch.job_files import ERRORS, RESULTS, UPLOAD
from app.batch.mapping import CUSTOMER_ID
from app.batch.progress import UNFINISHED
from app.batch.records import LONGEST_RECORD
from app.errors import ErasureWaitsForJob
from app.web.csv_cells import neutralise, restore

_one_at_a_time: Final = threading.Lock()
_BEGINS: Final = rb'(?:\A|(?<=[\s,;|"]))'
_ENDS: Final = rb'(?=[\s,;|"]|\Z)'


class JobFiles:
    """What the jobs keep of the rows they were given."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def erase_rows(self, customer_id: str) -> None:
        """Take a customer's rows out of every results and errors file; safe to repeat.

        Rows of a file without a column for the customer id are nobody's in particular and stay.

        Raises
        ------
        ErasureWaitsForJob
            A job has yet to read a file that holds the customer; nothing was changed.
        """
        with self._engine.connect().execution_options(read_only=True) as connection:
            jobs = [job for job in store.read_jobs(connection, None, None) if _id_column(job) is not None]
        with _one_at_a_time:
            for job in jobs:
                codec = as_resolved(json.loads(job.mapping))[0].codec
                if job.state in UNFINISHED and _holds(self._folder / job.id / UPLOAD, customer_id, codec):
                    raise ErasureWaitsForJob
            for job in jobs:
                for name in (RESULTS, ERRORS):
                    path = self._folder / job.id / name
                    if _holds(path, customer_id, "utf-8"):
                        _rewrite(path, customer_id, str(_id_column(job)))


def _id_column(job: Row[Any]) -> str | None:
    fields: Mapping[str, str] = json.loads(job.mapping)["fields"]
    return fields.get(CUSTOMER_ID)


def _holds(path: Path, customer_id: str, codec: str) -> bool:
    """Say whether a file may hold the id as a whole cell; a look at every byte, without reading it in."""
    written = {form.replace('"', '""') for form in (customer_id, neutralise(customer_id))}
    try:
        sought = [re.escape(form.encode(codec)) for form in written]
    except UnicodeEncodeError:
        return False  # the file's encoding has no such character
    before, behind = (b"", b"") if codec.startswith("utf-16") else (_BEGINS, _ENDS)
    pattern = re.compile(before + b"(?:" + b"|".join(sought) + b")" + behind)
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return pattern.search(content) is not None
    except (FileNotFoundError, ValueError):  # an empty file cannot be mapped
        return False


def _rewrite(path: Path, customer_id: str, column: str) -> None:
    """Write a file of ours anew without the customer's records; all others stay as they stand."""
    beside = path.with_suffix(".part")
    with (
        path.open(encoding="utf-8", newline="") as old,
        beside.open("w", encoding="utf-8", newline="") as new,
    ):
        records = _records(old)
        header, raw = next(records)
        place = [restore(name).strip() for name in header].index(column)
        new.write(raw)
        new.writelines(raw for values, raw in records if restore(values[place]).strip(" ") != customer_id)
        new.flush()
        os.fsync(new.fileno())
    beside.replace(path)


def _records(lines: Iterator[str]) -> Iterator[tuple[list[str], str]]:
    """Give each record's values and the text it was written as."""
    csv.field_size_limit(2 * LONGEST_RECORD)
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    for values in csv.reader(feed()):
        yield values, "".join(taken)
        taken.clear()
