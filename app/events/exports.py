"""Write the ranking of users as CSV, page by page, so that a million take no more memory than one page."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from sqlalchemy import Engine

from app.db.engine import reading
from app.events.ranking import Position, Wanted, position, read_page, user_entry
from app.events.users import clock_of
from app.web.csv_cells import LINE_END, neutralise, write_lines

COLUMNS: Final = (
    "user_id",
    "churn_probability",
    "tier",
    "as_of",
    "standing",
    "last_event_at",
    "first_event_at",
    "events",
    "days_inactive",
    "is_current",
)
_PAGE: Final = 500


def read_lines(engine: Engine, wanted: Wanted) -> Iterator[bytes]:
    """Give the file of a list in parts: the header, then one part a page.

    The first page is read at once, so that a database that does not answer is an error and not a torn file. Each page
    is a look of its own at the database: who is scored anew meanwhile may appear at the new place, too or instead.
    """
    first = _read_page(engine, wanted, None)
    return chain((_as_bytes([COLUMNS]),), _pages(engine, wanted, first))


def _pages(engine: Engine, wanted: Wanted, page: tuple[list[list[str]], Position | None]) -> Iterator[bytes]:
    rows, after = page
    while rows:
        yield _as_bytes(rows)
        rows, after = _read_page(engine, wanted, after) if after else ([], None)


def _read_page(engine: Engine, wanted: Wanted, after: Position | None) -> tuple[list[list[str]], Position | None]:
    with reading(engine) as connection:
        clock = clock_of(connection, datetime.now(UTC))
        found = read_page(connection, wanted, after, _PAGE)
    rows = [_cells(user_entry(row, clock)) for row in found] if clock else []
    return rows, position(found[-1]) if len(found) == _PAGE else None


def _cells(entry: dict[str, Any]) -> list[str]:
    return ["" if entry[name] is None else neutralise(str(entry[name])) for name in COLUMNS]


def _as_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    return "".join(f"{line}{LINE_END}" for line in write_lines(rows)).encode()
