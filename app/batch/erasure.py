"""Erase one customer's rows from the files of the jobs over customers."""

import csv
import json
import mmap
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, Row

from app.batch import store
from app.batch.exports import ERROR_COLUMNS
from app.batch.intake import as_resolved
from app.batch.job_files import ERRORS, RESULTS, UPLOAD, drop_upload, is_full, sync_folder
from app.batch.progress import UNFINISHED
from app.batch.records import LONGEST_RECORD
from app.db.engine import reading
from app.errors import ErasureWaitsForJob, StorageFull
from app.telecom.features import CUSTOMER_ID
from app.web.csv_cells import neutralise, restore

_one_at_a_time: Final = threading.Lock()
_BEGINS: Final = rb'(?:\A|(?<=[\s,;|"]))'
_ENDS: Final = rb'(?=[\s,;|"]|\Z)'


Matches = Callable[[list[str]], bool]
"""Says of a record of a file of ours whether it is theirs who are erased."""


class JobFiles:
    """What the jobs over customers keep of the rows they were given."""

    kind = "customers"

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def erase_rows(self, customer_id: str) -> bool:
        """Take a customer's rows out of every results and errors file; safe to repeat.

        Rows of a file without a column for the customer id are nobody's in particular and stay.

        Returns
        -------
        bool
            Whether there were any.

        Raises
        ------
        ErasureWaitsForJob
            A job has yet to read a file that holds the customer; nothing was changed.
        StorageFull
            There is no room to write a file anew.
        """
        with reading(self._engine) as connection:
            every = [job for job in store.read_jobs(connection, None, None) if job.kind == self.kind]
        jobs = [job for job in every if self.id_column(job)]
        with _one_at_a_time:
            for job in jobs:
                codec = as_resolved(json.loads(job.mapping))[0].codec
                upload = self._folder / job.id / UPLOAD
                if job.state in UNFINISHED and _holds(upload, self.pattern(customer_id, codec)):
                    raise ErasureWaitsForJob
            # What an unfinished job has written so far cannot hold whom its upload does not.
            erased = [self._erase_from(job, customer_id) for job in jobs if job.state not in UNFINISHED]
        return any(erased)

    def id_column(self, job: Row[Any]) -> str | None:
        """Name the column that says whose a row is."""
        fields: Mapping[str, str] = json.loads(job.mapping)["fields"]
        return fields.get(CUSTOMER_ID)

    def pattern(self, customer_id: str, codec: str) -> bytes:
        """Describe the id as a whole cell of a file; nothing matches in an encoding that has no such character."""
        return cell_pattern({form.replace('"', '""') for form in (customer_id, neutralise(customer_id))}, codec)

    def matcher(self, job: Row[Any], customer_id: str, header: list[str]) -> Matches:
        """Recognise records by their id, or by it anywhere in the text of a row that could not be read."""
        place = [restore(name).strip() for name in header].index(str(self.id_column(job)))
        token = re.compile(rf"(?:^|[\s,;|\"]){re.escape(customer_id)}(?:$|[\s,;|\"])")

        def is_theirs(values: list[str]) -> bool:
            is_unread = not any(values[1 : -len(ERROR_COLUMNS)])
            return restore(values[place]).strip(" ") == customer_id or (is_unread and bool(token.search(values[0])))

        return is_theirs

    def _erase_from(self, job: Row[Any], customer_id: str) -> bool:
        folder = self._folder / job.id
        drop_upload(folder)  # a kill may have left it
        sought = self.pattern(customer_id, "utf-8")
        held = [path for path in (folder / RESULTS, folder / ERRORS) if _holds(path, sought)]
        try:
            return any([_rewrite(path, partial(self.matcher, job, customer_id)) for path in held])
        except OSError as error:
            raise (StorageFull() if is_full(error) else error) from error


def cell_pattern(forms: Iterable[str], codec: str, begins: bytes = _BEGINS, ends: bytes = _ENDS) -> bytes:
    """Describe a text that stands alone, in any of its forms."""
    try:
        sought = b"|".join(re.escape(form.encode(codec)) for form in forms)
    except UnicodeEncodeError:
        return b"(?!)"
    before, behind = (b"", b"") if codec.startswith("utf-16") else (begins, ends)
    return before + b"(?:" + sought + b")" + behind


def _holds(path: Path, pattern: bytes) -> bool:
    """Look at every byte of a file without reading it in."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return re.search(pattern, content) is not None
    except (FileNotFoundError, ValueError):  # an empty file cannot be mapped
        return False


def _rewrite(path: Path, matcher: Callable[[list[str]], Matches]) -> bool:
    """Write a file of ours anew without the records that match, by its header; all others stay as they stand."""
    beside = path.with_suffix(".part")
    erased = 0
    try:
        with (
            path.open(encoding="utf-8", newline="") as old,
            beside.open("w", encoding="utf-8", newline="") as new,
        ):
            records = _records(old)
            header, raw = next(records)
            is_theirs = matcher(header)
            new.write(raw)
            for values, raw in records:
                if is_theirs(values):
                    erased += 1
                else:
                    new.write(raw)
            new.flush()
            os.fsync(new.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return erased > 0


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
