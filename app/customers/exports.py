"""Write a list of customers as CSV, page by page, so that a million take no more memory than one page."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, Final

from sqlalchemy import Engine

from app.customers import lists, store
from app.customers.lists import Filters, Order, Position
from app.db.engine import reading
from app.telecom.answers import ANSWER_COLUMNS, CUSTOMER_COLUMNS, full_answer
from app.telecom.features import CUSTOMER_ID, FIELDS
from app.web.csv_cells import LINE_END, neutralise, write_lines

COLUMNS: Final = (
    CUSTOMER_ID,
    *(field.alias for field in FIELDS),
    *ANSWER_COLUMNS,
    *CUSTOMER_COLUMNS,
)
BETWEEN_WARNINGS: Final = " "
_PAGE: Final = 500
Page = tuple[list[list[str]], Position | None]
"""Rows of cells, and where they end."""


def read_lines(engine: Engine, filters: Filters, order: Order, personas: Sequence[str] = ()) -> Iterator[bytes]:
    """Give the file of a list in parts: the header, then one part a page.

    The first page is read at once, so that a database that does not answer is an error and not a torn file. Each page
    is a look of its own at the database: a slow reader holds nothing up. A customer who is scored anew meanwhile may
    appear at the new place, too or instead.
    """
    read = partial(_read_page, engine, filters, order, personas)
    first = read(None)
    return chain((_as_bytes([COLUMNS]),), _pages(read, first))


def _pages(read: Callable[[Position | None], Page], page: Page) -> Iterator[bytes]:
    rows, after = page
    while rows:
        yield _as_bytes(rows)
        rows, after = read(after) if after else ([], None)


def _read_page(engine: Engine, filters: Filters, order: Order, personas: Sequence[str], after: Position | None) -> Page:
    """Read the next customers as cells, and where they end; no place when they are the last."""
    with reading(engine) as connection:
        found = lists.read_page(connection, filters, order, after, _PAGE)
        latest = store.read_latest(connection, [row["prediction_id"] for row in found])
    cells = [_cells(row, latest[row["prediction_id"]], personas) for row in found]
    return cells, lists.position(found[-1], order) if len(found) == _PAGE else None


def _cells(customer: Mapping[str, Any], prediction: Mapping[str, Any], personas: Sequence[str]) -> list[str]:
    profile, answer = json.loads(prediction["profile"]), full_answer(prediction, personas)
    segment = answer["segment"] or {}
    told = {
        **answer,
        "probability_low": answer["probability_interval"][0],
        "probability_high": answer["probability_interval"][1],
        "clv_low": answer["clv_interval"][0],
        "clv_high": answer["clv_interval"][1],
        "model": f"{answer['model']['name']}/{answer['model']['version']}",
        "warnings": BETWEEN_WARNINGS.join(warning["message"] for warning in answer["warnings"]),
        "segment": segment.get("id"),
        "persona": segment.get("persona"),
    }
    values = [
        customer["id"],
        *(profile.get(field.alias) for field in FIELDS),
        *(told[name] for name in ANSWER_COLUMNS),
        *(customer[name] for name in ("first_seen_at", "last_seen_at", "outcome", "outcome_on")),
    ]
    return ["" if value is None else neutralise(str(value)) for value in values]


def _as_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    return "".join(f"{line}{LINE_END}" for line in write_lines(rows)).encode()
