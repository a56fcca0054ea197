"""Erase one user's lines from the files of the jobs over logs."""

import csv
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Row

from app.batch.erasure import JobFiles, Matches, cell_pattern
from app.web.csv_cells import neutralise, restore

USER_ID: Final = "user_id"
_BEGINS: Final = rb"(?:\A|(?<=[\s,;|\":]))"
_ENDS: Final = rb"(?:\.0+)?(?=[\s,;|\"}\]]|\Z)"


class LogFiles(JobFiles):
    """What the jobs over logs keep of the lines they were given: those that were rejected."""

    kind = "events"

    def id_column(self, job: Row[Any]) -> str | None:
        """Name the column or key that says whose an event is."""
        fields: Mapping[str, str] = json.loads(job.mapping)["fields"]
        return fields.get(USER_ID)

    def pattern(self, customer_id: str, codec: str) -> bytes:
        """Describe the id as a cell or as a JSON value, escaped or not."""
        escaped = json.dumps(customer_id)[1:-1]
        forms = {customer_id, neutralise(customer_id), escaped, escaped.replace("/", "\\/"), _plain(customer_id)}
        return cell_pattern({*forms, *(form.replace('"', '""') for form in forms)}, codec, _BEGINS, _ENDS)

    def matcher(self, job: Row[Any], customer_id: str, header: list[str]) -> Matches:
        """Recognise lines by their id, or by it anywhere in a line that cannot be read."""
        column, columns = str(self.id_column(job)), json.loads(job.mapping)["dialect"]["columns"]
        token = re.compile(self.pattern(customer_id, "utf-8"))

        def is_theirs(values: list[str]) -> bool:
            line = restore(values[0])
            found = _user_of(line, column, columns)
            return token.search(line.encode()) is not None if found is None else found == customer_id

        return is_theirs


def _plain(user_id: str) -> str:
    """Write an id as JSON does without escaping more than it must."""
    return json.dumps(user_id, ensure_ascii=False)[1:-1]


def _user_of(line: str, column: str, columns: list[str]) -> str | None:
    """Read whose a rejected line is; None when it cannot be read."""
    with suppress(ValueError, RecursionError):
        told = json.loads(line)
        return _as_id(told.get(column)) if isinstance(told, dict) else None
    with suppress(csv.Error, StopIteration):
        cells = next(csv.reader([line]))
        if len(cells) == len(columns) and column in columns:
            return _as_id(cells[columns.index(column)])
    return None


def _as_id(value: Any) -> str:
    """Write an id as it is stored: a whole number without its decimals."""
    return "" if value is None else re.sub(r"^(\d+)\.0+$", r"\1", str(value).strip())
